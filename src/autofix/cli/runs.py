"""`autofix runs`: every execution of a playbook, its output, and cancelling one."""

from __future__ import annotations

import click

from autofix.cli.output import NUMBER, ago, json_option, listing_options, print_json, table, when
from autofix.cli.reach import desk, now
from autofix.cli.tasks import task_lines
from autofix.core.durations import human
from autofix.core.inert import inert, shown
from autofix.core.runs import Outcome, Run, RunEvent


@click.group(invoke_without_command=True)
@click.pass_context
def runs(ctx: click.Context) -> None:
    """Runs: list, show, log, cancel."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@runs.command("list")
@click.option("--incident", type=NUMBER, default=None, help="Only of this incident.")
@click.option(
    "--outcome", "outcomes", type=click.Choice(list(Outcome)), multiple=True,
    help="Only that ended so; may stand repeatedly.",
)  # fmt: skip
@listing_options
def list_(
    incident: int | None = None,
    outcomes: tuple[str, ...] = (),
    runbook: str = "",
    host: str = "",
    before: int | None = None,
    limit: int = 50,
    as_json: bool = False,
) -> None:
    """The latest runs, newest first."""
    found = desk().runs(
        incident=incident,
        outcomes=[Outcome(each) for each in outcomes] or None,
        runbook=runbook,
        host=host,
        before=before,
        limit=limit,
    )
    if as_json:
        print_json(found)
        return
    at = now()
    columns = ("id", "incident", "playbook", "host", "kind", "outcome", "started", "took", "why")
    table(columns, [_row(each, at) for each in found], "no runs yet")


def _row(run: Run, at: float) -> tuple[object, ...]:
    return (
        run.id,
        run.incident,
        run.playbook,
        run.host,
        run.kind,
        run.outcome or run.state,
        ago(run.started_at, at),
        _took(run),
        run.reason,
    )


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None:
        return "-"
    return human(run.finished_at - run.started_at)


@runs.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """One run: what it was asked, how it ended, what it reported."""
    run = desk().run(number)
    if as_json:
        print_json(run)
        return
    print(
        f"run {run.id}  {run.playbook} on {run.host}  ({run.kind}, step {run.step + 1} of "
        f"{run.runbook}, incident {run.incident})"
    )
    print(f"  {run.outcome or run.state}: {inert(run.reason, 500)}")
    print(f"  started {when(run.started_at)}, took {_took(run)}, by {inert(run.owner) or '-'}")
    for name, value in run.variables.items():
        print(f"  {inert(name)} = {shown(value, 200)}")
    for name, value in dict(run.result.get("report", {})).items():
        print(f"  reported {inert(str(name))}: {shown(value, 400)}")
    if run.result.get("truncated"):
        print("  its output was cut at the limit")


@runs.command()
@click.argument("number", type=NUMBER)
@json_option
def log(number: int, as_json: bool) -> None:
    """The kept output of one run, per task and host."""
    events = _events(number)
    if as_json:
        print_json(events)
        return
    for event in events:
        for line in task_lines(event, full=True):
            print(line)


def _events(number: int) -> list[RunEvent]:
    found: list[RunEvent] = []
    after = 0
    while batch := desk().run_events(number, after):
        found += [event for _, event in batch]
        after = batch[-1][0]
    return found


@runs.command()
@click.argument("number", type=NUMBER)
@click.option("--reason", default="", help="A line for the record.")
def cancel(number: int, reason: str) -> None:
    """End a run that is under way; its incident goes to a person."""
    desk().cancel(number, reason)
    print(f"run {number} was asked to end; see `autofix runs show {number}`")
