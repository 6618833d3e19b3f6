"""`autofix silences`: leave something alone for a time, with an end and a reason."""

from __future__ import annotations

import click

from autofix.cli.output import NUMBER, json_option, print_json, table, when
from autofix.cli.reach import desk, now, served, timezone
from autofix.core import durations, moments
from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.core.silences import Silence
from autofix.errors import UsageError
from autofix.flow.silences import drafted

#: What is listed at most.
MOST = 100_000


@click.group(invoke_without_command=True)
@click.pass_context
def silences(ctx: click.Context) -> None:
    """Silences: list, add, end."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@silences.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@json_option
def list_(everything: bool = False, as_json: bool = False) -> None:
    """What is silent now and what will be, newest first."""
    found = desk().silences(everything=everything, limit=MOST)
    at = now()
    if as_json:
        print_json(found)
        return
    rows = [(e.id, stands(e, at), e.scope, when(e.until), e.by, e.reason) for e in found]
    over = "nothing is silent (what is over: autofix silences list --all)"
    empty = "no silences" if everything else over
    table(("id", "state", "what", "until", "by", "why"), rows, empty)


@silences.command()
@click.option("--runbook", default="", help="This runbook.")
@click.option("--host", default="", help="This host.")
@click.option("--group", default="", help="The hosts of this group.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="What an alert with this label opened; may be given several times.",
)
@click.option("--for", "length", default="", metavar="DURATION", help="How long: 30m, 2h, 1d.")
@click.option(
    "--until", default="", metavar="TIME", help="Its end: 18:00, 2026-12-24 18:00, or a date."
)
@click.option("--from", "start", default="", metavar="TIME", help="Its beginning, if not now.")
@click.option("--reason", default="", help="Shown to whoever asks why nothing runs.")
@json_option
def add(
    runbook: str,
    host: str,
    group: str,
    labels: tuple[str, ...],
    length: str,
    until: str,
    start: str,
    reason: str,
    as_json: bool,
) -> None:
    """Leave alone what fits all that is named. Incidents open and wait, nobody is paged for them,
    and `autofix run` is held; what waited is decided anew when the silence is over."""
    at = now()
    begin = _moment(start, at) if start else None
    ending = _end(at if begin is None else begin, length, until, at)
    fits = {"runbook": runbook, "host": host, "group": group}
    named = _labels(labels)
    # What is wrong in itself is said in the words of the command line, before anybody is asked.
    drafted(at, "", until=ending, reason=reason, starts_at=begin, labels=named, **fits)
    made = desk().add_silence(until=ending, reason=reason, starts_at=begin, labels=named, **fits)
    if as_json:
        print_json(made)
        return
    span = f"{when(made.starts_at)} to {when(made.until)} ({stands(made, now())})"
    print(f"silence {made.id}: {inert(made.scope)}, {span}")


@silences.command()
@click.argument("number", type=NUMBER)
@json_option
def end(number: int, as_json: bool) -> None:
    """End a silence now: what it held is decided anew at once."""
    woken = desk().end_silence(number)
    if as_json:
        print_json({"silence": number, "decided_anew": woken})
        return
    print(f"silence {number} is ended: {_anew(woken)}")
    if woken and not served():
        print("no server runs: they go on with the next `autofix serve`")


def _anew(woken: int) -> str:
    if not woken:
        return "it held no incident"
    one = woken == 1
    return (
        f"{woken} incident{'' if one else 's'} that it held {'is' if one else 'are'} decided anew"
    )


def stands(silence: Silence, now: float) -> str:
    """How it stands, in words."""
    if silence.ended_at is not None:
        return f"ended by {silence.ended_by}"
    if silence.until <= now:
        return "over"
    if silence.starts_at > now + 1:  # one that begins at once was written a moment after `now`
        return f"in {human(silence.starts_at - now)}"
    return f"for another {human(silence.until - now)}"


def _end(begin: float, length: str, until: str, at: float) -> float:
    if bool(length) == bool(until):
        raise UsageError("a silence needs one end", hint="say --for 2h, or --until TIME")
    if until:
        return _moment(until, at, end=True)
    try:
        return begin + durations.parse(length)
    except ValueError as error:
        raise UsageError(f"--for: {error}") from None


def _moment(text: str, at: float, *, end: bool = False) -> float:
    try:
        return moments.meant(text, timezone(), at, end=end)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or name in labels:
            fault = "is given twice" if name in labels else "is not KEY=VALUE"
            raise UsageError(f"--label {inert(text)!r} {fault}", hint="write --label team=cache")
        labels[name] = value
    return labels
