"""The files that the server and its sentinel meet in. Python's own library only: it stays small."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from autofix.core.watching import Known, Open, Tick

TICK, KNOWN, MEMORY = "tick", "known.json", "sentinel.json"
LOCK, SENT, LOG = "sentinel.lock", "sentinel.sent", "sentinel.log"
#: A file of ours is small; what is larger is not ours.
MAX_BYTES = 1024 * 1024


def replace_text(path: Path, text: str) -> None:
    """The whole file at once, for its owner only. Not forced to the disk: what is in it lives for
    seconds."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def read_object(path: Path) -> Mapping[str, Any] | None:
    """The JSON object in a file; None when there is none that can be read."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_tick(state: Path) -> Tick | None:
    """The last sign of life; None when there is no such file. A file that can't be understood is a
    sign all the same."""
    path = state / TICK
    try:
        found = path.stat()
    except OSError:
        return None
    value = read_object(path) or {}
    stamp = f"{found.st_mtime_ns}.{found.st_ino}"
    return Tick(**{"at": found.st_mtime, **_fitting(Tick, value, set()), "stamp": stamp})


def read_known(state: Path) -> Known | None:
    value = read_object(state / KNOWN)
    return None if value is None else known_of(value)


def known_of(value: Mapping[str, Any]) -> Known:
    """`Known` from its JSON form."""
    listed = value.get("open")
    incidents = tuple(
        Open(**_fitting(Open, each, set()))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
        and {"id", "severity", "runbook", "target", "state", "told"} <= set(each)
    )
    runs = value.get("runs")
    words = tuple(str(each) for each in runs) if isinstance(runs, list) else ()
    return Known(open=incidents, runs=words, **_fitting(Known, value, {"open", "runs"}))


def known_text(known: Known) -> str:
    return json.dumps(asdict(known), separators=(",", ":"))


_KINDS: Mapping[str, tuple[type, ...]] = {
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
}


def _fitting(kind: Any, value: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    """The fields of a dataclass that are there with the right type; others keep their defaults."""
    return {
        each.name: value[each.name]
        for each in fields(kind)
        if each.name not in without
        and each.name in value
        and isinstance(value[each.name], _KINDS[str(each.type)])
    }


def boot_id() -> str:
    """Which start of the machine this is; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_state(pid: int) -> tuple[int, str]:
    """(when it began in the kernel's count, its state's letter); (0, "") when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0, ""
    rest = text.rpartition(")")[2].split()
    return (int(rest[19]), rest[0]) if len(rest) > 19 else (0, "")
