"""How a run is shut in so that nothing of it outlives it: a PID namespace, or a subreaper.

By bubblewrap the kernel ends everything when the namespace's first process ends. Where it cannot
be used, the executor adopts orphans and ends them itself. Bubblewrap forbids gaining privileges,
so `become` on *local* connections of a service that is not root needs `isolation: subreaper`.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

from autofix.ansible.environment import PATH
from autofix.ansible.options import Isolation
from autofix.errors import RunnerError


def executor_command(isolated: bool, folder: Path) -> list[str]:
    """The command line that starts the executor of the run in this folder."""
    executor = [sys.executable, "-I", "-m", "autofix.ansible.executor", str(folder)]
    return [*_bwrap(), *executor] if isolated else executor


def decide(isolation: Isolation) -> bool:
    """True: by bubblewrap. RunnerError if it is demanded and does not work."""
    if isolation == "subreaper":
        return False
    fault = bwrap_fault()
    if fault and isolation == "bwrap":
        raise RunnerError(
            f"isolation by bubblewrap does not work here: {fault}",
            hint="install bubblewrap, or set ansible.isolation to auto or subreaper",
        )
    return not fault


@functools.cache
def bwrap_fault() -> str:
    """Why bubblewrap can't be used here; empty when it can. Tried once."""
    if shutil.which("bwrap", path=PATH) is None:
        return "bwrap is not installed"
    # In a user namespace ssh may refuse its own configuration, whose owner it can't see.
    ssh = shutil.which("ssh", path=PATH)
    trial = [ssh, "-G", "localhost"] if ssh else ["true"]
    try:
        tried = subprocess.run(
            [*_bwrap(), *trial],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=10,
            env={"PATH": PATH},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if tried.returncode == 0:
        return ""
    said = tried.stderr.decode(errors="replace").strip()
    return said.splitlines()[-1] if said else f"it ended with {tried.returncode}"


def _bwrap() -> list[str]:
    program = shutil.which("bwrap", path=PATH) or "bwrap"
    shut_in = ["--unshare-pid", "--proc", "/proc", "--die-with-parent"]
    return [program, "--dev-bind", "/", "/", *shut_in, "--"]
