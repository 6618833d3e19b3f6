"""`autofix alerts`: what monitoring posted, what each alert meant, and what one would mean."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autofix.cli.output import LIMIT, NUMBER, ago, json_option, print_json, table, when
from autofix.cli.reach import desk, now, served
from autofix.core.alerts import Delivery, DeliveryState, Judged, Verdict
from autofix.core.door import MAX_BYTES
from autofix.core.inert import inert
from autofix.core.signals import SignalState
from autofix.errors import NotFound, UsageError

if TYPE_CHECKING:
    from autofix.ports import Desk

#: So many of a post's alerts are told one by one, and of their signals what became of them.
TOLD, FOLLOWED = 200, 20
#: So much of a body is shown; `--json` has all of it.
BODY = 4000
NOTHING = 3


@click.group(invoke_without_command=True)
@click.pass_context
def alerts(ctx: click.Context) -> None:
    """Alerts that came in: list, show, replay, test."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@alerts.command("list")
@click.option("--source", default="", help="Only from this source.")
@click.option("--before", type=NUMBER, default=None, help="Only numbers below this: the next page.")
@click.option("--limit", type=LIMIT, default=50, show_default=True)
@json_option
def list_(
    source: str = "", before: int | None = None, limit: int = 50, as_json: bool = False
) -> None:
    """What was posted, let in or not, newest first."""
    found = desk().alerts(source=source, before=before, limit=limit)
    if as_json:
        print_json(found)
        return
    moment = now()
    rows = [(row.id, row.source, ago(row.at, moment), _stands(row), summary(row)) for row in found]
    table(("id", "source", "came", "state", "what"), rows, "no alerts yet")


@alerts.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """One post: who sent it, what each of its alerts meant and why, and its body."""
    here = desk()
    row = here.alert(number)
    if as_json:
        print_json(row)
        return
    for line in [*head(row), *meant(row), *_became(here, row.judged)]:
        print(line)
    print("\n  what was posted:")
    for name, value in row.headers.items():
        print(f"    {inert(name, 80)}: {inert(value, 300)}")
    for line in inert(row.body, BODY, lines=True).splitlines():
        print(f"    {line}".rstrip())


@alerts.command()
@click.argument("number", type=NUMBER)
@json_option
def replay(number: int, as_json: bool) -> None:
    """Judge a post anew, as if it had come now, under your name. What fires, runs."""
    row = desk().replay_alert(number)
    if as_json:
        print_json(row)
    else:
        for line in [*head(row), *meant(row)]:
            print(line)
        if fires(row) and not served():
            print("no server runs: what fires is handled when one does")
    _end(row)


@alerts.command("test")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--source",
    default="",
    help="As if this source had sent it; may be left out if there is only one.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="A header of the post, such as ce-type:alert; may be given several times.",
)
@json_option
def test_(file: Path, source: str, headers: tuple[str, ...], as_json: bool) -> None:
    """Say which runbook a body would fire, on which host, and why or why not. Nothing is written,
    and nothing fires. FILE may be -."""
    row = desk().test_alert(source, _read(file), dict(map(_header, headers)))
    if as_json:
        print_json(row)
    elif row.state is DeliveryState.REFUSED:
        print(f"{inert(row.source, 80)} would refuse it ({row.status}): {inert(row.why, 500)}")
    else:
        for line in meanings(row.judged, would=True):
            print(line)
        print(f"→ {_verdict(row)}")
    _end(row)


def _end(row: Delivery) -> None:
    """0: it fires, or is open already; 2: it is no body of this sender's; 3: nothing follows."""
    if row.state is DeliveryState.REFUSED:
        raise SystemExit(2)
    if not any(each.verdict is not Verdict.IGNORED for each in row.judged):
        raise SystemExit(NOTHING)


def _read(file: Path) -> str:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{file} can't be read: {error.strerror}", hint="FILE is a body, as JSON"
        ) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no UTF-8 text (byte {error.start + 1})") from None


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"{inert(text, 80)!r} is no header", hint="write NAME:VALUE")
    return name.strip().lower(), value.strip()


# -- words ------------------------------------------------------------------------------------


def fires(row: Delivery) -> list[Judged]:
    return [each for each in row.judged if each.verdict is Verdict.FIRES]


def summary(row: Delivery) -> str:
    """A post in one line: `fires redis-memory-high on r1; 2 repeat; 1 ignored: no runbook …`."""
    if row.state is DeliveryState.REFUSED:
        return row.why
    parts = [f"fires {_target(each)}" for each in fires(row)[:3]]
    more = len(fires(row)) - len(parts)
    parts += [f"and {more} more"] if more > 0 else []
    counts = Counter(each.verdict for each in row.judged)
    for verdict, word in ((Verdict.REPEATS, "repeat"), (Verdict.CLEARS, "over")):
        parts += [f"{counts[verdict]} {word}"] if counts[verdict] else []
    ignored = [each for each in row.judged if each.verdict is Verdict.IGNORED]
    parts += [f"{len(ignored)} ignored: {ignored[0].why}"] if ignored else []
    return "; ".join(parts) or "no alerts in it"


def _stands(row: Delivery) -> str:
    replayed = f", replays {row.replay_of}" if row.replay_of else ""
    return f"{row.state} {row.status}{replayed}"


def head(row: Delivery) -> Iterator[str]:
    sender = f" ({inert(row.sender, 120)})" if row.sender else ""
    address = f" from {inert(row.address, 64)}" if row.address else ""
    yield f"alert {row.id}  {inert(row.source, 80)}{sender}{address}  {when(row.at)}"
    if row.replay_of:
        yield f"  a replay of alert {row.replay_of} by {inert(row.by, 120)}"
    why = f": {inert(row.why, 500)}" if row.why else ""
    yield f"  {row.state}, its sender was told {row.status}{why}; {row.size} bytes"


def meant(row: Delivery) -> Iterator[str]:
    """Nothing of one that was refused: its body was not judged."""
    refused = row.state is DeliveryState.REFUSED and not row.judged
    return iter(()) if refused else meanings(row.judged)


def meanings(judged: Sequence[Judged], *, would: bool = False) -> Iterator[str]:
    """What each alert meant, a line each."""
    if not judged:
        yield "  no alerts in it"
    for each in judged[:TOLD]:
        yield f"  {inert(each.alert, 120) or '(no name)'}: {_meaning(each, would)}"
    if len(judged) > TOLD:
        yield f"  … and {len(judged) - TOLD} more (--json shows all)"


def _meaning(each: Judged, would: bool) -> str:
    target, why = _target(each), inert(each.why, 500)
    if each.verdict is Verdict.FIRES:
        number = f" (signal {each.signal})" if each.signal else ""
        return f"{'would fire' if would else 'fires'} {target}{number}"
    if each.verdict is Verdict.REPEATS:
        return f"nothing new for {target}: {why}"
    if each.verdict is Verdict.CLEARS:
        return f"over for {target}: {why}"
    runbook = f"{inert(each.runbook, 80)}: " if each.runbook else ""
    return f"{'would fire' if would else 'fires'} nothing: {runbook}{why}"


def _target(each: Judged) -> str:
    subject = f" ({inert(each.subject, 80)})" if each.subject else ""
    return f"{inert(each.runbook, 80)} on {inert(each.host, 120)}{subject}"


def _became(here: Desk, judged: Sequence[Judged]) -> Iterator[str]:
    """What became of the signals that it fired."""
    numbers = [each.signal for each in judged if each.verdict is Verdict.FIRES and each.signal]
    for number in numbers[:FOLLOWED]:
        try:
            signal = here.signal(number)
        except NotFound:  # it aged out of the store
            continue
        if signal.incident:
            said = f"incident {signal.incident} (autofix incidents show {signal.incident})"
        elif signal.state is SignalState.RECEIVED:
            said = "not handled yet"
        else:
            said = f"{signal.state}: {inert(signal.reason, 300)}"
        yield f"  signal {number}: {said}"


def _verdict(row: Delivery) -> str:
    firing = fires(row)
    if firing:
        return f"it would fire {', '.join(_target(each) for each in firing[:10])}"
    if any(each.verdict is Verdict.REPEATS for each in row.judged):
        return "it would fire nothing new: it is open already"
    if any(each.verdict is Verdict.CLEARS for each in row.judged):
        return "it says that it is over: the symptom would be looked at"
    return "it would fire nothing"
