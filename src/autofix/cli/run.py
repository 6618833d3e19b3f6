"""`autofix run`: a person runs a runbook, by the same guards and on the same record."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import click

from autofix.app.local import engine_unless_served
from autofix.app.site import Site, owner_name
from autofix.cli.follow import Story, follow
from autofix.cli.output import json_option, print_json
from autofix.cli.reach import desk, from_afar, server_name
from autofix.cli.session import known_host, site
from autofix.cli.starting import AtServer, AtStore, Started
from autofix.core.incidents import Incident, State
from autofix.core.inert import inert
from autofix.core.inputs import check_inputs
from autofix.core.runbooks import AlertTrigger, Runbook
from autofix.core.signals import SignalState
from autofix.errors import Interrupted, StoreError, UsageError

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
    asked = Asked(runbook, hosts, subject, _pairs(given), check, yes)
    story = Story(quiet=as_json)
    ended = _from_afar(asked, story) if from_afar() else _here(asked, story)
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


@dataclass(frozen=True)
class Asked:
    """What was said on the command line."""

    runbook: str
    hosts: tuple[str, ...]
    subject: str
    inputs: Mapping[str, str]
    check: bool
    yes: bool


def _from_afar(asked: Asked, story: Story) -> list[Ended]:
    """On a server's files, by its guards."""
    card = desk().runbook(asked.runbook)
    targets = _agreed(asked, card.name, asked.hosts or card.hosts)
    return _each(AtServer(asked), targets, story, asked, card.in_batches)


def _here(asked: Asked, story: Story) -> list[Ended]:
    """With a server on this machine or without one, by the same guards."""
    here = site()
    book = here.runbook(asked.runbook)
    values, wrong = check_inputs(book.inputs, asked.inputs, from_text=True)
    if wrong:
        raise UsageError("; ".join(wrong))
    targets = _agreed(asked, book.name, _targets(here, book, asked.hosts))
    ctx = here.context_for(owner_name("run"), book)
    with engine_unless_served(here, ctx) as served:
        where = AtServer(asked, ctx) if served else AtStore(asked, ctx, values)
        return _each(where, targets, story, asked, bool(book.guards.batches))


def _each(
    where: AtServer | AtStore, targets: Sequence[str], story: Story, asked: Asked, batches: bool
) -> list[Ended]:
    """One host after the other; in batches all of them at once, and the guard gives the turns."""
    if not (batches and len(targets) > 1 and not asked.check):
        return [_end(where, where.start([host])[0], story) for host in targets]
    return [_end(where, each, story) for each in where.start(targets)]


def worst(codes: Iterable[int]) -> int:
    """The exit code of a run on several hosts."""
    return min(codes, key=WORST_FIRST.index)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
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
    return pairs


def _targets(here: Site, book: Runbook, hosts: tuple[str, ...]) -> list[str]:
    inventory = here.inventory
    if hosts:
        return [known_host(inventory, host) for host in hosts]
    named = [t.hosts for t in book.triggers if not isinstance(t, AlertTrigger)]
    return [host for each in named for host in inventory.hosts(each)]


def _agreed(asked: Asked, name: str, hosts: Iterable[str]) -> list[str]:
    """The hosts to work on. An empty set is nothing to do, never everything."""
    found = list(dict.fromkeys(hosts))
    if not found:
        raise UsageError(f"{inert(name)} names no host to run on", hint="give one: --host HOST")
    if len(found) > 1 and not (asked.hosts or asked.yes or asked.check):
        _ask(name, found)
    return found


def _ask(name: str, found: list[str]) -> None:
    words = f"run {inert(name)} on {len(found)} hosts: {', '.join(map(inert, found))}"
    if not sys.stdin.isatty():
        raise UsageError(f"this would {words}", hint="say --host HOST, or --yes for all of them")
    click.confirm(f"{words}?", abort=True)


def _end(where: AtServer | AtStore, started: Started, story: Story) -> Ended:
    handled = started.signal
    if handled.state is SignalState.IGNORED:
        story.say(f"not started: {inert(handled.reason, 500)}", "yellow")
        return Ended(handled.host, 3, None, handled.reason)
    assert handled.incident is not None
    see = f"see `autofix incidents show {handled.incident}`"
    try:
        incident = follow(where.source, handled.incident, story, started.since)
    except KeyboardInterrupt:
        # Served, the work goes on; without a server it is brought to rest before we end.
        goes_on = f"the server{server_name()} goes on with it" if where.served else "interrupted"
        to_end = "to end its run: `autofix runs cancel`" if where.served else ""
        raise Interrupted(f"{goes_on}: {see}", hint=to_end) from None
    except StoreError as error:
        if not from_afar():
            raise
        raise StoreError(f"{error}; what was started goes on there", hint=see) from None
    return Ended(handled.host, _code(incident), incident, incident.reason)


def _code(incident: Incident) -> int:
    if incident.state in (State.HEALED, State.RECOVERED):
        return 0
    if incident.state in (State.AWAITING_APPROVAL, State.HELD):
        return 3
    rehearsal_failed = incident.check and not incident.reason.startswith("would run")
    return 0 if incident.state is State.DONE and not rehearsal_failed else 1
