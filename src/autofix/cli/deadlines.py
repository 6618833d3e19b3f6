"""How the deadlines of incidents are shown: the next one and what is left, missed ones in red."""

from __future__ import annotations

import click

from autofix.cli.output import when
from autofix.core.deadlines import Deadline, DeadlineState, deadlines_of, next_deadline
from autofix.core.incidents import Incident

RED = {DeadlineState.MISSED: "red", DeadlineState.NEAR: "yellow"}


def next_words(incident: Incident, now: float) -> str:
    """`answer due in 12m`, `solution missed 2h ago`; `-` when nothing is open."""
    found = next_deadline(incident, now) if incident.live else None
    return found.words(now) if found else "-"


def lines(incident: Incident, now: float) -> list[str]:
    """Every deadline in a line, for the story of one incident."""
    return [_line(each, now) for each in deadlines_of(incident, now)]


def _line(deadline: Deadline, now: float) -> str:
    words = click.style(deadline.words(now), fg=RED.get(deadline.state))
    return f"  deadline {when(deadline.due_at)}  {words}"
