"""`autofix audit`: the sealed record, for reading, verifying and handing on."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from autofix.cli.output import LIMIT, NUMBER, json_option, print_json, table, when
from autofix.cli.reach import desk, from_afar, now, server_name, timezone
from autofix.cli.session import actor as who
from autofix.cli.session import site
from autofix.core import moments
from autofix.core.inert import inert, shown
from autofix.errors import AuditError, UsageError

if TYPE_CHECKING:
    from autofix.core.audit import AuditEntry
    from autofix.store.verify import Report

#: How the lines of an export begin that are no events.
SEALS = ('{"archive":', '{"checkpoint":')


@click.group(invoke_without_command=True)
@click.pass_context
def audit(ctx: click.Context) -> None:
    """The sealed record: list, show, verify, export, key."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@audit.command("list")
@click.option("--actor", default="", help="Only by this actor.")
@click.option("--action", default="", help="Only this action, such as run.started.")
@click.option("--runbook", default="", help="Only about this runbook.")
@click.option("--host", default="", help="Only about this host.")
@click.option("--incident", type=NUMBER, default=None, help="Only about this incident.")
@click.option("--since", default="", metavar="TIME", help="From then on: 18:00, 2026-12-24 18:00.")
@click.option("--until", default="", metavar="TIME", help="Before then; of a date: to its end.")
@click.option("--before", type=NUMBER, default=None, help="Only numbers below this: the next page.")
@click.option("--limit", type=LIMIT, default=50, show_default=True)
@json_option
def list_(
    actor: str = "",
    action: str = "",
    runbook: str = "",
    host: str = "",
    incident: int | None = None,
    since: str = "",
    until: str = "",
    before: int | None = None,
    limit: int = 50,
    as_json: bool = False,
) -> None:
    """The latest events of the record, newest first."""
    entries = desk().audit(
        actor=actor,
        action=action,
        runbook=runbook,
        host=host,
        incident=incident,
        since=_moment(since),
        until=_moment(until, end=True),
        before=before,
        limit=limit,
    )
    if as_json:
        print_json(entries)
        return
    columns = ("seq", "when", "actor", "action", "runbook", "host", "incident", "reason")
    table(columns, [_row(each) for each in entries], "the record has no such events")


def _row(entry: AuditEntry) -> tuple[object, ...]:
    event = entry.event
    return (
        entry.seq,
        when(event.at),
        event.actor,
        event.action,
        event.runbook,
        event.host,
        event.incident or "",
        event.payload.get("reason", ""),
    )


def _moment(text: str, *, end: bool = False) -> float | None:
    """A time of the day is the last one that has passed."""
    if not text:
        return None
    try:
        return moments.meant(text, timezone(), now(), end=end, past=True)
    except ValueError as error:
        raise UsageError(str(error)) from None


@audit.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """One event of the record with everything that was sealed."""
    entry = desk().audit_entry(number)
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
    help="A file with copies of checkpoints, kept where this store's writer can't write.",
)
@click.option(
    "--export",
    "exported",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Verify an export or an archive instead of the store; no project is needed.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Trust only this public half (of `autofix audit key`).",
)
@json_option
def verify(witness: Path | None, exported: Path | None, key: Path | None, as_json: bool) -> None:
    """Compute the whole chain again, and check its seals. Exit code 1 names each place where it
    does not hold."""
    with _progress() as progress:
        if exported is not None:
            from autofix.app.record import verify_exported

            report = verify_exported(exported, key, witness, progress)
        elif from_afar():
            report = _verified_there(witness or key)
        else:
            report = site().verify_audit(witness=witness, key=key, progress=progress)
    if as_json:
        print_json({**vars(report), "holds": report.holds})
    else:
        _say(report)
    if not report.holds:
        raise AuditError(
            f"the record does not hold: {len(report.breaks)} breaks, the first at "
            f"{report.breaks[0].seq}",
            hint="keep the store as it is and tell your auditor",
        )


def _verified_there(compared: Path | None) -> Report:
    """The server judges its own record: against what only we have, an export is to be verified."""
    if compared is not None:
        raise UsageError(
            f"{compared} is here, and the record is not",
            hint="fetch it first: `autofix audit export -o FILE`, then verify --export FILE",
        )
    from autofix.remote.codec import decode
    from autofix.store.verify import Report

    try:
        return decode(Report, dict(desk().verify_audit()))
    except ValueError as error:
        raise AuditError(f"the report{server_name()} is not understood: {error}") from None


def _say(report: Report) -> None:
    for note in report.notes:
        print(f"note: {inert(note, 1000)}")
    for each in report.breaks:
        print(f"BROKEN at {each.seq}: {inert(each.what, 400)}")
    if report.holds:
        sealed = f", sealed to {report.sealed}" if report.checkpoints else ""
        print(f"the record holds: {report.size} events{sealed}, head {report.head}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing when piped."""
    if not sys.stderr.isatty():
        yield lambda _done, _size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size or None)


@audit.command()
@click.option("--new", is_flag=True, help="Put another key in the place of this one.")
@json_option
def key(new: bool, as_json: bool) -> None:
    """Print the public half of the audit key: keep a copy elsewhere, to verify with."""
    from autofix.app import audit_keys, record

    here = site()
    if new:
        old, fresh = record.new_key(here, who())
        print(f"key {fresh} follows {old or 'none'}, which is on the record", file=sys.stderr)
    name, public = audit_keys.public_half(here.settings)
    if as_json:
        print_json({"key": name, "public": public})
        return
    print(public, end="")
    print(f"fingerprint {name}", file=sys.stderr)


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
    if output is None:
        _written(fmt, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as out:
            count = _written(fmt, out)
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}") from error
    print(f"{count} events written to {output}", file=sys.stderr)


def _written(fmt: str, out: TextIO) -> int:
    """How many events were written."""
    if not from_afar():
        from autofix.store.export import export as write

        return write(site().store, fmt, out)
    copied = _copied(fmt, out)
    if fmt == "csv":
        return sum(1 for _ in csv.reader(copied)) - 1  # the names of its columns
    return sum(not line.startswith(SEALS) for line in copied)


def _copied(fmt: str, out: TextIO) -> Iterator[str]:
    for line in desk().export_audit(fmt):
        out.write(line)
        yield line
