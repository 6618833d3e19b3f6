"""`autofix pause`, `resume`, `status`: stop at once, and see how things stand."""

from __future__ import annotations

import click

from autofix.app.site import Site
from autofix.cli.output import ago, json_option, print_json, table
from autofix.cli.session import actor, known_host, site
from autofix.core.audit import AuditEntry
from autofix.core.incidents import LIVE, WORKING, State
from autofix.core.inert import inert
from autofix.core.runs import RunState
from autofix.errors import StoreError, UsageError
from autofix.flow import stopping
from autofix.options import suggest
from autofix.ports import Reads


@click.command()
@click.option("--runbook", default="", help="Only this runbook.")
@click.option("--host", default="", help="Only this host.")
@click.option("--reason", default="", help="Shown to whoever asks why nothing runs.")
@click.option("--cancel-running", is_flag=True, help="End what runs now, too.")
def pause(runbook: str, host: str, reason: str, cancel_running: bool) -> None:
    """Nothing new starts, from now on: everywhere, or for one runbook or host.

    Without --runbook and --host a file in the state folder is set first, so it works even when the
    database is down.
    """
    here = site()
    everything = not runbook and not host
    _known(here, runbook, host)
    if everything:
        here.killswitch.set(actor(), reason)
        print("paused: nothing new starts")
    try:
        ended = stopping.pause(
            here.context(actor()),
            actor(),
            runbook=runbook,
            host=host,
            reason=reason,
            cancel_running=cancel_running,
        )
    except StoreError as error:
        if not everything:
            raise
        raise StoreError(
            f"paused by the file, but not on the record: {error}", hint="the pause is in force"
        ) from error
    if not everything:
        print(f"paused: nothing new starts for {' on '.join(x for x in (runbook, host) if x)}")
    if ended:
        print(f"asked to end: run {', '.join(map(str, ended))}")


def _known(here: Site, runbook: str, host: str) -> None:
    """A pause of something that is not there would pause nothing, silently."""
    known = sorted({each.name for each in here.project().files}) if runbook else []
    if runbook and runbook not in known:
        hint = suggest(runbook, known) or "names are compared exactly"
        raise UsageError(f"there is no runbook {inert(runbook)!r}", hint=hint)
    if host:
        known_host(here.inventory, host)


@click.command()
@click.option("--runbook", default="", help="Only this runbook.")
@click.option("--host", default="", help="Only this host.")
def resume(runbook: str, host: str) -> None:
    """Lift the pause of exactly this scope, and say what waits for it."""
    here = site()
    lifted = stopping.resume(here.context(actor()), actor(), runbook=runbook, host=host)
    if not runbook and not host:
        lifted = here.killswitch.lift() or lifted
    if not lifted:
        print("there was no such pause (see `autofix status`)")
        return
    with here.store.reading() as reads:
        held = reads.incidents(states=[State.HELD])
        others = reads.pauses()
    print("resumed")
    for each in held:
        print(f"  incident {each.id} {each.runbook} on {each.target} is looked at again now")
    for other in others:
        print(f"  still paused: {other.scope} by {inert(other.by)}")


def _rejected(reads: Reads) -> AuditEntry | None:
    """The latest changed files that the server did not take, unless good ones followed."""
    latest = [
        entry
        for action in ("settings.rejected", "settings.loaded", "server.started")
        for entry in reads.audit(action=action, newest_first=True, limit=1)
    ]
    newest = max(latest, key=lambda entry: entry.seq, default=None)
    return newest if newest and newest.event.action == "settings.rejected" else None


def _files(here: Site, rejected: AuditEntry | None, now: float) -> None:
    """What is wrong with the project's files, as far as it matters for what is in force."""
    if rejected is not None:
        problems = [inert(str(each), 400) for each in rejected.event.payload.get("problems", [])]
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        print(
            f"REJECTED: the files changed {ago(rejected.event.at, now)} are not in force, the last "
            f"good ones are: {problems[0] if problems else ''}{more} (see: autofix check)"
        )
    elif here.settings.errors:
        count = len(here.settings.errors)
        print(f"settings: {inert(str(here.settings.errors[0]), 400)} ({count}, see: autofix check)")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """What runs, what is held, what waits for a person, what is paused."""
    here = site()
    with here.store.reading() as reads:
        live = reads.incidents(states=LIVE, limit=1000)
        running = reads.runs(states=[RunState.CLAIMED, RunState.STARTED])
        owed = [run for run in reads.runs(states=[RunState.PLANNED]) if run.due_at is not None]
        pauses = reads.pauses()
        queued = [page for page in reads.pages(limit=1000) if page.due_at is not None]
        size, _ = reads.audit_head()
        rejected = _rejected(reads)
    server, halted = here.store.leader(), here.killswitch.reason()
    if as_json:
        print_json(
            {
                "server": server,
                "halted": halted,
                "settings": [str(each) for each in here.settings.errors],
                "rejected": rejected,
                "pauses": pauses,
                "incidents": live,
                "running": running,
                "owed": owed,
                "pages_waiting": queued,
                "audit_size": size,
            }
        )
        return
    now = here.clock.now()
    print(f"server: {inert(server) if server else 'none runs (start one: autofix serve)'}")
    _files(here, rejected if server else None, now)
    if halted:
        print(f"PAUSED: everything, {inert(halted)} (lift it: autofix resume)")
    for each in pauses:
        print(
            f"paused: {each.scope} by {inert(each.by)}, {ago(each.at, now)}: {inert(each.reason)}"
        )
    working = sum(each.state in WORKING for each in live)
    print(
        f"open incidents: {len(live)}, of which {working} are being worked on; "
        f"running: {len(running)}; owed: {len(owed)}; pages on their way: {len(queued)}; "
        f"record: {size} events"
    )
    rows = [(e.id, e.severity, e.state, e.runbook, e.target, e.reason) for e in live]
    table(("id", "sev", "state", "runbook", "host", "why"), rows, "nothing is open")
