"""A run's events as lines: tasks with each host's result, failures with their message."""

from __future__ import annotations

from autofix.core.inert import inert
from autofix.core.runs import RunEvent

#: kind → mark and style; kinds that are not here print nothing.
MARKS = {
    "ok": ("✓", "green"),
    "changed": ("✓", "yellow"),
    "failed": ("✗", "bold red"),
    "unreachable": ("✗", "bold red"),
    "ignored": ("!", "yellow"),
    "skipped": ("-", "dim"),
    "notice": ("!", "yellow"),
}


def task_line(event: RunEvent) -> list[str]:
    """Plain lines for an event, all of its text inert."""
    if event.kind == "task":
        return [f"  {inert(event.task, 150)}"]
    if event.kind in ("output", "notice"):
        return [f"      {inert(line, 500)}" for line in event.text.splitlines()]
    if event.kind not in MARKS:
        return []
    mark, _ = MARKS[event.kind]
    lines = [f"    {mark} {inert(event.host, 80)}  {event.kind}"]
    if event.kind in ("failed", "unreachable", "ignored"):
        lines += [f"      {inert(line, 500)}" for line in event.text.splitlines()[:20]]
    return lines
