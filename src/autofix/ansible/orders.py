"""What may be run at all: a run's order checked, before anything is started."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from autofix.ansible.options import AnsibleOptions
from autofix.core.runs import RunOrder
from autofix.errors import RunnerError

_HOST = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
#: Names that Ansible reads as groups. (`localhost` is a host like any other: see the callback.)
_GROUPS = {"all", "ungrouped"}


def checked_host(host: str) -> str:
    """The host as a limit that can mean nothing but this host. RunnerError otherwise."""
    if not _HOST.fullmatch(host):
        raise RunnerError(
            f"{host!r} is no host name: letters, digits, '_', '.' and '-' only, and not empty"
        )
    if host in _GROUPS:
        raise RunnerError(f"{host!r} is a group of every inventory, not a host")
    return host


def checked_playbook(options: AnsibleOptions, playbook: str) -> Path:
    """The playbook's real path, which lies inside the playbooks folder. RunnerError otherwise."""
    root = options.playbooks.resolve()
    try:
        path = (root / playbook).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise RunnerError(
            f"playbook {playbook!r} is not in {options.playbooks}",
            hint="`autofix check` names each runbook whose playbook is missing",
        ) from None
    if not path.is_relative_to(root) or not path.is_file():
        raise RunnerError(f"playbook {playbook!r} is no file inside {options.playbooks}")
    return path


def checked_timeout(timeout: float) -> float:
    if not (math.isfinite(timeout) and timeout > 0):
        raise RunnerError(f"a run needs a timeout of more than 0 s, not {timeout!r}")
    return timeout


def leaf(order: RunOrder) -> dict[str, Any]:
    """All variables as one string that Ansible never looks into.

    By any other way, nested ones too, a value like `{{ lookup('pipe', …) }}` would be run here.
    """
    try:
        text = json.dumps(dict(order.variables))
    except (TypeError, ValueError, RecursionError) as error:
        raise RunnerError(f"the variables of run {order.run_id} are no JSON: {error}") from error
    return {"event_json": {"__ansible_unsafe": text}}
