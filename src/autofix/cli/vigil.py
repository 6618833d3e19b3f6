"""What keeps autofix from falling silent, as `status` shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.cli.output import ago
from autofix.core.inert import inert
from autofix.core.stories import Status


def lines(found: Status, now: float) -> Iterator[str]:
    """One line for each that is in use; what is wrong in capitals."""
    watched, tick = found.watched, found.tick
    if found.server and tick and now - tick["at"] > watched.get("after", now):
        yield f"HANGS: the server has not ticked since {ago(tick['at'], now)} (pid {tick['pid']})"
    if watched.get("sentinel"):
        yield f"sentinel: {inert(found.sentinel) or 'NONE watches (autofix serve starts one)'}"
    if watched.get("heartbeat"):
        yield f"heartbeat: {_heartbeat(found.heartbeat, now)}"
    if watched.get("synthetic"):
        yield f"synthetic: {_synthetic(found.synthetic, now)}"
    if found.doctor:
        yield _doctor(found.doctor, now)


def _heartbeat(mark: Mapping[str, Any] | None, now: float) -> str:
    if mark is None:
        return "none given yet"
    heard = ago(mark["heard_at"], now) if mark.get("heard_at") else "never"
    if mark.get("trouble"):
        return f"WITHHELD: {inert(str(mark['trouble']), 300)}; last heard {heard}"
    if mark.get("error"):
        return f"NOT HEARD: {inert(str(mark['error']), 300)}; last heard {heard}"
    return f"heard {heard}"


def _synthetic(mark: Mapping[str, Any] | None, now: float) -> str:
    if mark is None:
        return "not tried yet"
    good = ago(mark["good_at"], now) if mark.get("good_at") else "never"
    if mark.get("error"):
        return f"FAILED: {inert(str(mark['error']), 300)}; last succeeded {good}"
    return f"succeeded {good}"


def _doctor(mark: Mapping[str, Any], now: float) -> str:
    faults = mark.get("faults") or []
    counts = f"{mark.get('fail', 0)} faults, {mark.get('warn', 0)} warnings"
    first = f": {inert(str(faults[0]), 200)}" if faults else ""
    return f"doctor, {ago(mark['at'], now)}: {counts}{first}"
