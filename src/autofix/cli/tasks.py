"""A run's events as lines: one per task and host, failures with their message."""

from __future__ import annotations

from autofix.core.inert import inert
from autofix.core.runs import RunEvent

#: kind → mark and style; kinds that are not here print nothing.
MARKS = {
    "ok": ("✓", "dim"),
    "changed": ("✓", "yellow"),
    "failed": ("✗", "bold red"),
    "unreachable": ("✗", "bold red"),
    "ignored": ("!", "yellow"),
    "notice": ("!", "yellow"),
    "output": (" ", "dim"),
}
HIDDEN = "(hidden by no_log)"


def task_lines(event: RunEvent, *, full: bool = False) -> list[str]:
    """Plain lines for an event, all of its text inert. `full`: skipped tasks and all output too."""
    if event.kind == "skipped" and full:
        return [f"  - {_name(event)}  skipped"]
    if event.kind not in MARKS:
        return []
    if event.kind in ("output", "notice"):
        return _text(event, 1000) if full or event.kind == "notice" else []
    line = f"  {MARKS[event.kind][0]} {_name(event)}"
    if event.kind != "ok":
        line += f"  {event.kind}"
    loud = event.kind in ("failed", "unreachable", "ignored")
    return [line, *(_text(event, 1000 if full else 12) if loud else [])]


def _name(event: RunEvent) -> str:
    return f"{inert(event.task, 150)}  [{inert(event.host, 80)}]"


def _text(event: RunEvent, limit: int) -> list[str]:
    lines = [line for line in event.text.splitlines() if line.strip() != HIDDEN]
    more = ["      …"] if len(lines) > limit else []
    return [f"      {inert(line, 500)}" for line in lines[:limit]] + more
