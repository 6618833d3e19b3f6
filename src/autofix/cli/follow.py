"""An incident told as it happens: from the sealed record and the run's events, wherever it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autofix.cli.output import silence
from autofix.cli.sources import Source
from autofix.cli.tasks import MARKS, task_lines
from autofix.core.audit import AuditEntry
from autofix.core.incidents import ENDED, WITH_A_PERSON, Incident, State
from autofix.core.inert import inert, shown
from autofix.core.runs import Run, RunEvent, RunState

#: A person has to do something first: there is nothing more to follow now.
RESTING = ENDED | {State.ESCALATED, State.ACKNOWLEDGED, State.AWAITING_APPROVAL}
#: How long to wait for pages and what is owed once the incident rests, in seconds.
PATIENCE = 45.0

COLOURS = {
    "healed": "bold green",
    "done": "green",
    "recovered": "green",
    "escalated": "bold red",
    "held": "yellow",
    "awaiting_approval": "yellow",
    "not_healed": "yellow",
    "rolled_back": "yellow",
}


class Story:
    """Lines on the terminal: coloured for people, plain when piped, a progress line at the end."""

    def __init__(self, *, quiet: bool = False, brief: bool = False) -> None:
        self._quiet, self.brief = quiet, brief
        self._console: Any = None
        self._status: Any = None
        if not quiet and sys.stdout.isatty():
            from rich.console import Console

            self._console = Console(highlight=False)

    def say(self, line: str, style: str = "") -> None:
        if self._quiet:
            return
        if self._console is None:
            self._print(line)
            return
        from rich.text import Text

        self._console.print(Text(line, style=style))

    def _print(self, line: str) -> None:
        try:
            print(line, flush=True)
        except OSError:
            # Nobody reads any more (`| head`), or the disk is full: the work itself goes on.
            self._quiet = True
            silence(sys.stdout)

    def progress(self, text: str) -> None:
        """A line that moves, at the bottom of a terminal only."""
        if self._console is None:
            return
        if self._status is None:
            self._status = self._console.status("", spinner="dots")
            self._status.start()
        from rich.text import Text

        self._status.update(Text(inert(text, 120)))

    def rest(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


class Follower:
    """Remembers how far it has told an incident's story, and tells what is new."""

    def __init__(self, source: Source, incident: int, story: Story, since: int = 0) -> None:
        """`since`: tell what the record says after this entry, and the output of those runs."""
        self._source, self._incident, self._story = source, incident, story
        self._audit = since
        self._told: set[int | None] = set()
        self._events: dict[int, int] = {}
        self._read: set[int] = set()  # runs that are over, and whose output was told
        self._task = ""

    def advance(self) -> tuple[Incident, bool]:
        """Tell what happened since; the incident, and whether everything has come to rest."""
        seen = self._source.look(self._incident, self._audit)
        incident, runs = seen.incident, sorted(seen.runs, key=lambda run: run.id)
        self._told |= {entry.event.run for entry in seen.entries}
        output = [(run, self._new(run)) for run in runs if run.id in self._told - self._read]
        self._tell(seen.entries, output)
        self._show_progress(incident, runs)
        self._stay_with(runs)
        busy = any(run.live or (run.due_at is not None and not run.finished_at) for run in runs)
        return incident, _rests(incident) and not busy and not seen.waiting

    def _new(self, run: Run) -> list[RunEvent]:
        """`run` is as it was before its output was read: over means that all of it was there."""
        seen = self._events.get(run.id, 0)
        found = self._source.events(run.id, seen)
        if found:
            self._events[run.id] = found[-1][0]
        elif run.finished_at is not None:
            self._read.add(run.id)
        return [event for _, event in found]

    def _stay_with(self, runs: Sequence[Run]) -> None:
        """The output of what runs now, as it comes, where the source has it so."""
        for run in runs:
            if run.state is RunState.STARTED and run.id in self._told:
                for number, event in self._source.live(run.id, self._events.get(run.id, 0)):
                    self._events[run.id] = number
                    self._print([event])

    def _tell(
        self, entries: Sequence[AuditEntry], output: list[tuple[Run, list[RunEvent]]]
    ) -> None:
        pending = {run.id: events for run, events in output}
        for entry in entries:
            self._audit = entry.seq
            if entry.event.action == "run.finished" and entry.event.run in pending:
                self._print(pending.pop(entry.event.run))
            self._tell_one(entry)
        for events in pending.values():
            self._print(events)

    def _tell_one(self, entry: AuditEntry) -> None:
        line = narrate(entry)
        if line:
            self._story.say(line, COLOURS.get(entry.event.action.partition(".")[2], ""))
        for line in reported(entry.event.payload.get("report") or {}):
            self._story.say(line, "dim")

    def _print(self, events: list[RunEvent]) -> None:
        for event in events:
            if event.kind == "task":
                self._task = event.task
            if self._story.brief and event.kind == "ok":
                continue
            style = MARKS[event.kind][1] if event.kind in MARKS else "dim"
            for line in task_lines(event):
                self._story.say("  " + line, style)

    def _show_progress(self, incident: Incident, runs: list[Run]) -> None:
        running = [run for run in runs if run.state is RunState.STARTED]
        if running:
            self._story.progress(f"{running[0].playbook} on {running[0].host}: {self._task} …")
        elif incident.state is State.VERIFYING and incident.looks:
            self._story.progress(f"verifying: {incident.looks.last or 'looking'} …")
        elif incident.state is State.HELD:
            self._story.progress(f"held: {incident.reason} …")
        else:
            self._story.rest()


def reported(report: Mapping[str, Any], width: int = 100) -> list[str]:
    """What a playbook reported, several values to a line."""
    lines: list[str] = []
    for name, value in report.items():
        word = f"{inert(str(name), 60)} {shown(value, 160)}"
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f", {word}"
        else:
            lines.append(f"           {word}")
    return lines


def _rests(incident: Incident) -> bool:
    """Nothing more comes without a person; a fix that a person started again is still due."""
    started_again = incident.state in WITH_A_PERSON and incident.due_at is not None
    return incident.state in RESTING and not started_again


def narrate(entry: AuditEntry) -> str:
    """One line for an audit event about an incident; empty when it is no news for a person."""
    event, payload = entry.event, entry.event.payload
    reason = inert(str(payload.get("reason", "")), 400)
    teller: dict[str, Callable[[], str]] = {
        "incident.opened": lambda: f"seen       {event.host}: {reason}",
        "incident.retried": lambda: f"again      {reason}",
        "incident.acting": lambda: f"decided    {reason}",
        "incident.held": lambda: f"held       {reason}",
        "incident.awaiting_approval": lambda: (
            f"waits      {reason}; autofix incidents approve {event.incident}"
        ),
        "incident.approved": lambda: f"approved   {reason}",
        "incident.looked": lambda: f"looked     {inert(str(payload.get('saw', '')), 400)}",
        "incident.not_healed": lambda: f"not enough {reason.partition(': ')[0]}",
        "incident.rolling_back": lambda: f"undo       {reason}",
        "incident.healed": lambda: f"HEALED     {reason}",
        "incident.done": lambda: f"done       {reason}",
        "incident.recovered": lambda: f"recovered  {reason}",
        "incident.escalated": lambda: f"ESCALATED  {reason}",
        "run.started": lambda: (
            f"run {event.run}      {payload.get('playbook')} on {event.host} "
            f"({payload.get('kind')})"
        ),
        "run.finished": lambda: f"run {event.run} ended {payload.get('outcome')}: {reason}",
        "run.lost": lambda: f"run {event.run} was lost",
        "run.waiting": lambda: f"waits      {reason}",
        "page.sent": lambda: (
            f"paged      by {payload.get('channel')}: {inert(str(payload.get('title')))}"
        ),
        "page.failed": lambda: (
            f"page       {payload.get('channel')} failed: {inert(str(payload.get('error')))}"
        ),
        "page.unroutable": lambda: (
            "page       nobody could be paged: no escalation policy (policies: in autofix.yaml)"
        ),
    }
    found = teller.get(event.action)
    return found() if found else ""


def follow(source: Source, incident_id: int, story: Story, since: int = 0) -> Incident:
    """Tell the story until it rests; then wait a while for pages and what is owed."""
    follower = Follower(source, incident_id, story, since)
    rested_at: float | None = None
    try:
        while True:
            incident, rests = follower.advance()
            if rests:
                return incident
            if _rests(incident):
                rested_at = rested_at or time.monotonic()
                if time.monotonic() - rested_at > PATIENCE:
                    story.say("not finished yet: see `autofix status`", "yellow")
                    return incident
            time.sleep(source.poll)
    finally:
        story.rest()
