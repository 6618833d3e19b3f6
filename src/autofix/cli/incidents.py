"""`autofix incidents`: what is open, what became of it, and what a person does about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import click

from autofix.cli import calls, deadlines
from autofix.cli.output import (
    NUMBER,
    ago,
    json_option,
    listing_options,
    plain,
    print_json,
    table,
    when,
)
from autofix.cli.session import actor, groups_of_actor, site
from autofix.core.audit import AuditEntry
from autofix.core.deadlines import deadlines_of
from autofix.core.incidents import ENDED, LIVE, Incident, State
from autofix.core.inert import inert, shown
from autofix.core.runs import Run
from autofix.errors import UsageError
from autofix.flow import approvals, people, progress, taking
from autofix.flow.context import Context


@click.group(invoke_without_command=True)
@click.pass_context
def incidents(ctx: click.Context) -> None:
    """Incidents: list, show, ack, triage, workaround, approve, reject, resolve, close."""
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
    here = site()
    states = LIVE | ENDED if everything else LIVE
    with here.store.reading() as reads:
        found = reads.incidents(
            states=states, runbook=runbook, host=host, before=before, limit=limit
        )
    if as_json:
        print_json(found)
        return
    now = here.clock.now()
    rows = [
        (
            each.id,
            each.severity,
            each.state,
            each.runbook,
            each.target,
            ago(each.opened_at, now),
            deadlines.next_words(each, now),
            each.reason,
        )
        for each in found
    ]
    empty = "no incidents" if everything else "no open incidents (--all shows ended ones)"
    columns = ("id", "sev", "state", "runbook", "host", "opened", "deadline", "why")
    table(columns, rows, empty)


@incidents.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """The whole story of one incident."""
    here = site()
    with here.store.reading() as reads:
        incident = reads.incident(number)
        if incident is None:
            raise UsageError(f"there is no incident {number}", hint="see `autofix incidents list`")
        runs = sorted(reads.runs(incident=number), key=lambda run: run.id)
        pages = sorted(reads.pages(incident=number), key=lambda page: page.id)
        digests = reads.digests(number)
        record = reads.audit(incident=number)
    if as_json:
        due = deadlines_of(incident, here.clock.now())
        told = {"pages": pages, "digests": digests}
        found = {"incident": incident, "runs": runs, **told, "record": record}
        print_json({**found, "deadlines": due})
        return
    now = here.clock.now()
    told_of = [*calls.call_lines(incident, record, now), *calls.page_lines(pages, digests, now)]
    _show(incident, runs, told_of, record, now)


def _show(
    incident: Incident, runs: list[Run], told_of: list[str], record: list[AuditEntry], now: float
) -> None:
    print(f"incident {incident.id}  {incident.runbook} on {incident.target}")
    print(f"  {incident.severity}  {incident.state}: {inert(incident.reason, 500)}")
    print(
        f"  opened {when(incident.opened_at)} by {inert(incident.requested_by or incident.origin)}"
    )
    if incident.labels:
        labels = ", ".join(f"{name}={value}" for name, value in incident.labels.items())
        print(f"  labels: {inert(labels, 500)}")
    for line in deadlines.lines(incident, now):
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


def _facts(incident: Incident, record: list[AuditEntry]) -> None:
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


def _act(
    as_json: bool,
    act: Callable[[Context, str], Incident],
    *,
    full: bool = False,
    done: str = "",
) -> None:
    """One act of a person, whether a server runs or not: the store is the meeting point.

    `done`: what is so now, for acts that may leave the incident's state as it was.
    """
    here = site()
    incident = act(here.context_of_good(actor()) if full else here.context(actor()), actor())
    if as_json:
        print_json(plain(incident))
        return
    _now(incident, done)
    if incident.due_at is not None and not here.store.leader():
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
        _act(as_json, lambda ctx, by: people.acknowledge(ctx, number, by), done=TAKEN)
        return
    ctx, by = site().context(actor()), actor()
    given = sys.stdin.readline() if code == "-" else code
    taken = taking.by_code(ctx, given, by) if page is None else taking.all_of(ctx, page, by)
    if as_json:
        print_json(taken)
        return
    for incident in taken:
        _now(incident, TAKEN)
    if not taken:
        print("nothing of it waits for anybody any more")


@incidents.command()
@number_argument
@note_option
@json_option
def triage(number: int, note: str, as_json: bool) -> None:
    """Say that you know what it is."""
    _act(as_json, lambda ctx, by: progress.triage(ctx, number, by, note), done="is triaged")


@incidents.command()
@number_argument
@note_option
@json_option
def workaround(number: int, note: str, as_json: bool) -> None:
    """Say that users are served again, though it is not solved."""
    done = "is worked around"
    _act(as_json, lambda ctx, by: progress.work_around(ctx, number, by, note), done=done)


@incidents.command()
@number_argument
@json_option
def approve(number: int, as_json: bool) -> None:
    """Say yes to the step that waits."""
    groups = groups_of_actor()
    _act(as_json, lambda ctx, by: approvals.approve(ctx, number, by, groups), full=True)


@incidents.command()
@number_argument
@note_option
@json_option
def reject(number: int, note: str, as_json: bool) -> None:
    """Say no to the step that waits."""
    _act(as_json, lambda ctx, by: approvals.reject(ctx, number, by, note), full=True)


@incidents.command()
@number_argument
@note_option
@json_option
def resolve(number: int, note: str, as_json: bool) -> None:
    """Say that you mended it."""
    _act(as_json, lambda ctx, by: people.resolve(ctx, number, by, note))


@incidents.command()
@number_argument
@note_option
@json_option
def close(number: int, note: str, as_json: bool) -> None:
    """Accept and file an ended incident."""
    _act(as_json, lambda ctx, by: people.close(ctx, number, by, note))
