"""`autofix incidents`: what is open, what became of it, and what a person does about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

from autofix.cli import calls, deadlines
from autofix.cli.output import (
    NUMBER,
    ago,
    json_option,
    listing_options,
    print_json,
    table,
    when,
)
from autofix.cli.reach import desk, now, served
from autofix.cli.session import actor, site
from autofix.core.audit import AuditEntry
from autofix.core.incidents import ENDED, LIVE, Incident, State
from autofix.core.inert import inert, shown
from autofix.core.runs import Run
from autofix.errors import UsageError
from autofix.flow import taking


@click.group(invoke_without_command=True)
@click.pass_context
def incidents(ctx: click.Context) -> None:
    """Incidents: list, show, ack, triage, workaround, approve, reject, retry, rollback and more."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@incidents.command("list")
@click.option("--all", "everything", is_flag=True, help="Ended ones too.")
@listing_options
def list_(
    everything: bool = False,
    runbook: str = "",
    host: str = "",
    before: int | None = None,
    limit: int = 50,
    as_json: bool = False,
) -> None:
    """What is open now, newest first."""
    states = LIVE | ENDED if everything else LIVE
    found = desk().incidents(states=states, runbook=runbook, host=host, before=before, limit=limit)
    if as_json:
        print_json(found)
        return
    at = now()
    rows = [
        (
            each.id,
            each.severity,
            each.state,
            each.runbook,
            each.target,
            ago(each.opened_at, at),
            deadlines.next_words(each, at),
            each.reason,
        )
        for each in found
    ]
    ended = "no open incidents (ended ones: autofix incidents list --all)"
    empty = "no incidents" if everything else ended
    columns = ("id", "sev", "state", "runbook", "host", "opened", "deadline", "why")
    table(columns, rows, empty)


@incidents.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """The whole story of one incident."""
    story = desk().incident(number)
    if as_json:
        print_json(story)
        return
    at, incident, record = now(), story.incident, story.record
    called = calls.call_lines(incident, record, at)
    told_of = [*called, *calls.page_lines(story.pages, story.digests, at)]
    _show(incident, story.runs, told_of, record, at)


def _show(
    incident: Incident,
    runs: Sequence[Run],
    told_of: Sequence[str],
    record: Sequence[AuditEntry],
    at: float,
) -> None:
    print(f"incident {incident.id}  {incident.runbook} on {incident.target}")
    print(f"  {incident.severity}  {incident.state}: {inert(incident.reason, 500)}")
    print(
        f"  opened {when(incident.opened_at)} by {inert(incident.requested_by or incident.origin)}"
    )
    if incident.labels:
        labels = ", ".join(f"{name}={value}" for name, value in incident.labels.items())
        print(f"  labels: {inert(labels, 500)}")
    for line in deadlines.lines(incident, at):
        click.echo(line)  # without its colours when piped
    _facts(incident, record)
    for run in runs:
        ended = run.outcome or run.state
        print(
            f"  run {run.id}  step {run.step + 1} {run.kind} {run.playbook}: {ended} "
            f"{inert(run.reason, 300)}"
        )
    for line in told_of:
        print(f"  {line}")
    print("  record:")
    for entry in record:
        event = entry.event
        told = (
            event.payload.get(key)
            for key in ("saw", "note", "reason", "error", "title", "playbook")
        )
        reason = inert(str(next((words for words in told if words), "")), 300)
        print(f"    {when(event.at)}  {inert(event.actor, 40)}  {event.action}  {reason}")


def _facts(incident: Incident, record: Sequence[AuditEntry]) -> None:
    """The facts that the story speaks of, before and now; all of them: --json."""
    told = {
        word
        for entry in record
        for key in ("reason", "saw")
        for word in re.findall(r"\w+", str(entry.event.payload.get(key, "")))
    }
    for name in sorted(told & {*incident.facts_before, *incident.facts}):
        old, new = incident.facts_before.get(name), incident.facts.get(name)
        if old is not None or new is not None:
            print(f"  {inert(name)}: {shown(old)} before, {shown(new)} now")


def _act(as_json: bool, incident: Incident, done: str = "") -> None:
    """Say what an act of a person did. `done`: what is so now, for acts that may leave the
    incident's state as it was."""
    if as_json:
        print_json(incident)
        return
    _now(incident, done)
    if incident.due_at is not None and not served():
        print("no server runs: it goes on with the next `autofix serve`")


def _now(incident: Incident, done: str) -> None:
    changed = not done or (done == TAKEN and incident.state == State.ACKNOWLEDGED)
    said = "is" if changed else f"{done}; it is"
    print(f"incident {incident.id} {said} {incident.state}: {inert(incident.reason, 500)}")
    if done and incident.state == State.AWAITING_APPROVAL:
        print(f"next: autofix incidents approve {incident.id} (or: reject)")


TAKEN = "is yours, the calls stop"
number_argument = click.argument("number", type=NUMBER)
note_option = click.option("--note", default="", help="A line for the record.")


@incidents.command()
@click.argument("number", type=NUMBER, required=False)
@click.option("--page", type=NUMBER, default=None, help="All that this page is about.")
@click.option("--code", default="", help="What the code or the link in a page is for; - reads it.")
@json_option
def ack(number: int | None, page: int | None, code: str, as_json: bool) -> None:
    """Say that you have it: the calls stop."""
    if [bool(number), bool(page), bool(code)].count(True) != 1:
        raise UsageError("say what you have: its number, --page or --code", hint="one of the three")
    if number is not None:
        _act(as_json, desk().acknowledge(number), TAKEN)
        return
    taken = desk().acknowledge_page(page) if page is not None else _by_code(code)
    if as_json:
        print_json(taken)
        return
    for incident in taken:
        _now(incident, TAKEN)
    if not taken:
        print("nothing of it waits for anybody any more")


def _by_code(code: str) -> list[Incident]:
    """Where the store is: from afar the link in the page does the same."""
    ctx = site().context(actor())
    return taking.by_code(ctx, sys.stdin.readline() if code == "-" else code, actor())


@incidents.command()
@number_argument
@note_option
@json_option
def triage(number: int, note: str, as_json: bool) -> None:
    """Say that you know what it is."""
    _act(as_json, desk().triage(number, note), "is triaged")


@incidents.command()
@number_argument
@note_option
@json_option
def workaround(number: int, note: str, as_json: bool) -> None:
    """Say that users are served again, though it is not solved."""
    _act(as_json, desk().workaround(number, note), "is worked around")


@incidents.command()
@number_argument
@json_option
def approve(number: int, as_json: bool) -> None:
    """Say yes to the step that waits."""
    _act(as_json, desk().approve(number))


@incidents.command()
@number_argument
@note_option
@json_option
def reject(number: int, note: str, as_json: bool) -> None:
    """Say no to the step that waits."""
    _act(as_json, desk().reject(number, note))


@incidents.command()
@number_argument
@click.option("--step", type=NUMBER, default=1, show_default=True, help="Begin at this step.")
@click.option("--yes", "accept", is_flag=True, help="Accept a cooldown, a freeze, many runs.")
@json_option
def retry(number: int, step: int, accept: bool, as_json: bool) -> None:
    """Start the fix again on an incident that a person has."""
    _act(as_json, desk().retry(number, step, accept=accept), "starts again")


@incidents.command()
@number_argument
@click.option("--step", type=NUMBER, required=True, help="The step that is to be undone.")
@json_option
def rollback(number: int, step: int, as_json: bool) -> None:
    """Undo what a step did, by its rollback."""
    _act(as_json, desk().roll_back(number, step))


@incidents.command()
@number_argument
@note_option
@json_option
def resolve(number: int, note: str, as_json: bool) -> None:
    """Say that you mended it."""
    _act(as_json, desk().resolve(number, note))


@incidents.command()
@number_argument
@note_option
@json_option
def close(number: int, note: str, as_json: bool) -> None:
    """Accept and file an ended incident."""
    _act(as_json, desk().close(number, note))
