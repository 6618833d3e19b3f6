"""Asking Ansible in a child: started with a run's environment, answered in JSON, ended in time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autofix.ansible.complaints import complaints
from autofix.ansible.environment import prepare_folder, run_environment
from autofix.ansible.options import AnsibleOptions
from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.errors import ConfigError, Problem

_CHILD = (sys.executable, "-I", "-m", "autofix.ansible.inventory_child")
#: A file that Ansible can't read is an error here, where a run would only warn and lack its hosts.
_STRICT = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_STDOUT_CALLBACK": "default",
}


def ask(
    options: AnsibleOptions, request: Mapping[str, Any], *, timeout: float, file: str
) -> dict[str, Any]:
    """The child's answer. ConfigError, with `file` where Ansible names none, if there is none."""
    code, out, err = run_child(options, _CHILD, json.dumps(request), timeout=timeout, file=file)
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError:
        why = inert(err.strip().splitlines()[-1] if err.strip() else f"exit code {code}", 300)
        raise ConfigError([Problem(file, 0, f"Ansible gave no answer: {why}")]) from None
    if "error" in answer:
        place = answer.get("place") or [file, 0]
        raise ConfigError(_why(str(answer["error"]), err, file, place))
    return answer


def _why(error: str, warnings: str, file: str, place: Sequence[Any]) -> list[Problem]:
    # "Completely failed to parse" names the file; the reasons were given as warnings before it.
    if "Completely failed to parse" in error or "No inventory was parsed" in error:
        named = error.rpartition(" ")[2]
        return complaints(warnings, file=named if named.startswith("/") else file)
    (problem, *_) = complaints(error, file=place[0])
    return [problem if problem.line else replace(problem, line=place[1])]


def run_child(
    options: AnsibleOptions, command: Sequence[str], text: str, *, timeout: float, file: str
) -> tuple[int, str, str]:
    """Exit code, output and errors of a child in its own process group and private folder."""
    with tempfile.TemporaryDirectory(prefix="autofix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        prepare_folder(folder)
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=run_environment(options, folder) | _STRICT,
            cwd=folder,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )
        try:
            out, err = child.communicate(text, timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(child)
            message = f"Ansible did not answer within {human(timeout)}"
            hint = "does an inventory program or a lookup hang?"
            raise ConfigError([Problem(file, 0, message, hint)]) from None
        except BaseException:
            _end(child)
            raise
        return child.returncode, out, err


def _end(child: subprocess.Popen[str]) -> None:
    """The whole group, programs of the inventory included."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.communicate()
