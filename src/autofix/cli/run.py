"""`autofix run`: a person runs a runbook, by the same guards and on the same record."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import click

from autofix.app.local import engine_unless_served, withdraw
from autofix.app.site import Site, owner_name
from autofix.cli.follow import Story, follow
from autofix.cli.output import json_option, print_json
from autofix.cli.session import actor, known_host, site
from autofix.core.incidents import Incident, Origin, State
from autofix.core.inert import inert
from autofix.core.inputs import check_inputs
from autofix.core.runbooks import AlertTrigger, Runbook
from autofix.core.signals import Signal, SignalState
from autofix.errors import Interrupted, UsageError
from autofix.flow import intake
from autofix.flow.context import Context

#: The guards that --yes accepts.
ACCEPTED = ("cooldown", "freeze", "runs_per_hour")
#: Of several hosts the worst counts, in this order.
WORST_FIRST = (4, 2, 1, 3, 0)


@click.command()
@click.argument("runbook")
@click.option("--host", "hosts", multiple=True, help="A host; may be given several times.")
@click.option(
    "--subject", default="", help="Which one, where a host has several (a port, a mount)."
)
@click.option("-e", "given", multiple=True, metavar="KEY=VALUE", help="An input of the runbook.")
@click.option("--check", is_flag=True, help="Rehearse in Ansible's check mode; nothing changes.")
@click.option(
    "--yes",
    is_flag=True,
    help="Don't ask; accepts a cooldown, a freeze and too many runs an hour, on the record.",
)
@json_option
def run(
    runbook: str,
    hosts: tuple[str, ...],
    subject: str,
    given: tuple[str, ...],
    check: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Run RUNBOOK now. Exit code 0 only if the symptom is proven gone (or, with --check, it would
    run); 1 when it ran and did not heal; 3 when a guard holds it."""
    here = site()
    book = here.runbook(runbook)
    inputs = _inputs(book, given)
    targets = _targets(here, book, hosts, yes or check)
    ctx = here.context_for(owner_name("run"), book)
    together = bool(book.guards.batches) and len(targets) > 1 and not check
    accepted = [*(ACCEPTED if yes else []), *(["batches"] if together else [])]
    signals = [
        Signal(
            0,
            Origin.PERSON,
            ctx.clock.now(),
            host,
            book.name,
            subject,
            inputs=inputs,
            by=actor(),
            accepted=tuple(accepted),
            check=check,
            reason=f"{actor()} runs it by hand",
        )
        for host in targets
    ]
    with engine_unless_served(here, ctx) as served:
        ended = _each(ctx, signals, Story(quiet=as_json), served, together)
    if as_json:
        print_json([vars(each) for each in ended])
    sys.exit(worst(each.exit for each in ended))


@dataclass(frozen=True)
class Ended:
    """What became of one host."""

    host: str
    exit: int
    incident: Incident | None
    said: str


def _each(
    ctx: Context, signals: list[Signal], story: Story, served: bool, together: bool
) -> list[Ended]:
    """One host after the other; in batches all of them at once, and the guard gives the turns."""
    if not together:
        return [_end(ctx, _start(ctx, each, served), story, served) for each in signals]
    started = [_start(ctx, each, served) for each in signals]
    return [_end(ctx, each, story, served) for each in started]


def worst(codes: Iterable[int]) -> int:
    """The exit code of a run on several hosts."""
    return min(codes, key=WORST_FIRST.index)


def _inputs(book: Runbook, given: tuple[str, ...]) -> dict[str, object]:
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"-e {inert(text)!r} is not KEY=VALUE", hint="write for example -e a=1"
            )
        if name in pairs:
            raise UsageError(f"the input {inert(name)!r} is given twice")
        pairs[name] = value
    values, wrong = check_inputs(book.inputs, pairs, from_text=True)
    if wrong:
        raise UsageError("; ".join(wrong))
    return dict(values)


def _targets(here: Site, book: Runbook, hosts: tuple[str, ...], agreed: bool) -> list[str]:
    """The hosts to work on. An empty set is nothing to do, never everything."""
    inventory = here.inventory
    if hosts:
        return list(dict.fromkeys(known_host(inventory, host) for host in hosts))
    named = [t.hosts for t in book.triggers if not isinstance(t, AlertTrigger)]
    found = list(dict.fromkeys(host for each in named for host in inventory.hosts(each)))
    if not found:
        raise UsageError(f"{book.name} names no host to run on", hint="give one: --host HOST")
    if len(found) > 1 and not agreed:
        _ask(book, found)
    return found


def _ask(book: Runbook, found: list[str]) -> None:
    words = f"run {book.name} on {len(found)} hosts: {', '.join(found)}"
    if not sys.stdin.isatty():
        raise UsageError(f"this would {words}", hint="say --host HOST, or --yes for all of them")
    click.confirm(f"{words}?", abort=True)


def _start(ctx: Context, signal: Signal, served: bool) -> tuple[Signal, int]:
    """The signal once it is handled, and how far the record went before it."""
    with ctx.store.reading() as reads:
        since, _ = reads.audit_head()
    received = intake.receive(ctx, signal)
    try:
        return _handled(ctx, received, served), since
    except KeyboardInterrupt:
        withdraw(ctx, received)
        raise


def _end(ctx: Context, started: tuple[Signal, int], story: Story, served: bool) -> Ended:
    handled, since = started
    if handled.state is SignalState.IGNORED:
        story.say(f"not started: {handled.reason}", "yellow")
        return Ended(handled.host, 3, None, handled.reason)
    assert handled.incident is not None
    try:
        incident = follow(ctx, handled.incident, story, since)
    except KeyboardInterrupt:
        # Served, the work goes on; without a server it is brought to rest before we end.
        goes_on = "the server goes on with it" if served else "interrupted"
        to_end = "to end its run: `autofix runs cancel`" if served else ""
        see = f"see `autofix incidents show {handled.incident}`"
        raise Interrupted(f"{goes_on}: {see}", hint=to_end) from None
    return Ended(handled.host, _code(incident), incident, incident.reason)


def _handled(ctx: Context, signal: Signal, served: bool) -> Signal:
    if not served:
        return intake.handle(ctx, signal)
    while True:
        with ctx.store.reading() as reads:
            current = reads.signal(signal.id)
        if current is not None and current.state is not SignalState.RECEIVED:
            return current
        ctx.clock.sleep(0.1)


def _code(incident: Incident) -> int:
    if incident.state in (State.HEALED, State.RECOVERED):
        return 0
    if incident.state in (State.AWAITING_APPROVAL, State.HELD):
        return 3
    rehearsal_failed = incident.check and not incident.reason.startswith("would run")
    return 0 if incident.state is State.DONE and not rehearsal_failed else 1
