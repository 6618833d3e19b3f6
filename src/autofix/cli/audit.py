"""`autofix audit`: the sealed record, for reading, verifying and handing on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from autofix.cli.output import NUMBER, json_option, print_json, table, when
from autofix.cli.session import site
from autofix.core.inert import inert, shown
from autofix.errors import AuditError, UsageError


@click.group(invoke_without_command=True)
@click.pass_context
def audit(ctx: click.Context) -> None:
    """The sealed record: list, show, verify, export."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@audit.command("list")
@click.option("--actor", default="", help="Only by this actor.")
@click.option("--action", default="", help="Only this action, such as run.started.")
@click.option("--runbook", default="", help="Only about this runbook.")
@click.option("--host", default="", help="Only about this host.")
@click.option("--incident", type=NUMBER, default=None, help="Only about this incident.")
@click.option("--before", type=NUMBER, default=None, help="Only numbers below this: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def list_(
    actor: str = "",
    action: str = "",
    runbook: str = "",
    host: str = "",
    incident: int | None = None,
    before: int | None = None,
    limit: int = 50,
    as_json: bool = False,
) -> None:
    """The latest events of the record, newest first."""
    with site().store.reading() as reads:
        entries = reads.audit(
            actor=actor,
            action=action,
            runbook=runbook,
            host=host,
            incident=incident,
            before=before,
            limit=limit,
            newest_first=True,
        )
    if as_json:
        print_json(entries)
        return
    rows = [
        (
            entry.seq,
            when(entry.event.at),
            entry.event.actor,
            entry.event.action,
            entry.event.runbook,
            entry.event.host,
            entry.event.incident or "",
            entry.event.payload.get("reason", ""),
        )
        for entry in entries
    ]
    columns = ("seq", "when", "actor", "action", "runbook", "host", "incident", "reason")
    table(columns, rows, "the record has no such events")


@audit.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """One event of the record with everything that was sealed."""
    with site().store.reading() as reads:
        found = reads.audit(after=number - 1, limit=1)
    if not found or found[0].seq != number:
        raise UsageError(f"the record has no event {number}", hint="see `autofix audit list`")
    entry = found[0]
    if as_json:
        print_json(entry)
        return
    event = entry.event
    print(f"{entry.seq}  {when(event.at)}  {inert(event.actor)}  {event.action}")
    print(
        f"  runbook {event.runbook or '-'}  host {event.host or '-'}  "
        f"incident {event.incident or '-'}  run {event.run or '-'}"
    )
    for name, value in event.payload.items():
        print(f"  {inert(name)}: {shown(value, 1000)}")
    print(f"  hash {entry.hash}\n  prev {entry.prev}")


@audit.command()
@click.option(
    "--witness",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A file with copies of the head line, kept where this store's writer can't write.",
)
@click.option(
    "--export",
    "exported",
    type=click.File("r"),
    default=None,
    metavar="FILE",
    help="Verify an exported JSONL instead of the store; no project is needed.",
)
@json_option
def verify(witness: Path | None, exported: Any, as_json: bool) -> None:
    """Compute the whole chain again. Exit code 1 names each place where it does not hold."""
    if exported is not None:
        from autofix.store.export import verify_export

        report = verify_export(exported)
    else:
        report = site().verify_audit(witness=witness, progress=_progress())
    if as_json:
        print_json(report)
    else:
        for note in report.notes:
            print(f"note: {note}")
        for each in report.breaks:
            print(f"BROKEN at {each.seq}: {inert(each.what, 400)}")
        if report.holds:
            print(f"the record holds: {report.size} events, head {report.head}")
    if not report.holds:
        raise AuditError(
            f"the record does not hold: {len(report.breaks)} breaks, the first at "
            f"{report.breaks[0].seq}",
            hint="keep the store as it is and tell your auditor",
        )


def _progress() -> Callable[[int, int], None]:
    """A moving count on a terminal, nothing when piped."""
    if not sys.stderr.isatty():
        return lambda _done, _size: None

    def show_it(done: int, size: int) -> None:
        end = "\n" if done >= size else ""
        print(f"\rverified {done:,} of {size:,}", end=end, file=sys.stderr, flush=True)

    return show_it


@audit.command()
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSONL can be verified offline; CSV is for reading.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A file, instead of standard output.",
)
def export(fmt: str, output: Path | None) -> None:
    """Write the whole record out."""
    from autofix.store.export import export as write

    here = site()
    if output is None:
        write(here.store, fmt, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as out:
            count = write(here.store, fmt, out)
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}") from error
    print(f"{count} events written to {output}", file=sys.stderr)
