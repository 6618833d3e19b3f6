"""Finding and ending processes by /proc: all descendants of one, or all with a run's marker.

Standard library only and quick to import: each run's executor starts with it.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable, Iterable

#: In the environment of every process of a run: `<which state folder>:<run id>`.
MARKER = "AUTOFIX_RUN"
#: Seconds that a run's processes get to end after SIGTERM, and at most until all are dead after
#: SIGKILL.
GRACE, LIMIT = 0.4, 5.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans() -> None:
    """Descendants whose parent died become children of this process, not of init."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: int, parent: int) -> bool:
    """Get this signal when the thread that started us ends. False: `parent` is gone already."""
    _prctl(_PR_SET_PDEATHSIG, number)
    return os.getppid() == parent


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants(root: int) -> list[int]:
    """Live (not zombie) processes below `root`, as its process namespace sees them."""
    children: dict[int, list[int]] = {}
    dead = set()
    for pid in _pids():
        state, parent = _state(pid)
        children.setdefault(parent, []).append(pid)
        if state in "ZX":
            dead.add(pid)
    found, open_ = [], [root]
    while open_:
        below = children.get(open_.pop(), [])
        found += below
        open_ += below
    return [pid for pid in found if pid not in dead]


def marked(runs: Iterable[str]) -> dict[int, str]:
    """Live processes that carry one of these markers, pid → marker."""
    wanted = {f"{MARKER}={run}".encode(): run for run in runs}
    pattern = re.compile(rb"(?:^|\0)(" + MARKER.encode() + rb"=[^\0]*)")
    found = {}
    for pid in _pids():
        match = pattern.search(_read(f"/proc/{pid}/environ"))
        if match and match.group(1) in wanted and _state(pid)[0] not in "ZX":
            found[pid] = wanted[match.group(1)]
    return found


def end_all(look: Callable[[], Iterable[int]], *, grace: float, limit: float) -> set[int]:
    """SIGTERM, `grace` seconds, then SIGKILL until `look` finds none or `limit` has passed.

    Looking again each time catches what was started meanwhile. Gives all that were seen.
    """
    seen: set[int] = set()
    now = time.monotonic()
    gentle, end = now + grace, now + grace + limit
    while alive := set(look()):
        if (now := time.monotonic()) >= end:
            break
        if now >= gentle:
            send(alive, signal.SIGKILL)
        else:
            send(alive - seen, signal.SIGTERM)
        seen |= alive
        time.sleep(0.01)
    return seen


def send(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue  # gone meanwhile; or another user's by now, which `look` will show again


def reap(spare: int) -> None:
    """Collect dead adopted children, except `spare`, whose exit code its starter waits for."""
    for pid in _children():
        if pid != spare:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _children() -> list[int]:
    mine = os.getpid()
    return [pid for pid in _pids() if _state(pid)[1] == mine]


def _pids() -> list[int]:
    return [
        int(name)
        for name in os.listdir("/proc")  # noqa: PTH208 - twice as quick
        if name.isdigit()
    ]


def _state(pid: int) -> tuple[str, int]:
    """(state letter, parent); what stands in brackets is the process's own text."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (fields[0].decode(), int(fields[1])) if len(fields) > 1 else ("X", 0)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""  # the process has gone, or is another user's
