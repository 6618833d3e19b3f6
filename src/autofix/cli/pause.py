"""`autofix pause` and `resume`: stop at once, whatever is broken; and go on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import click

from autofix.app.site import Site
from autofix.cli.output import ago, json_option, print_json
from autofix.cli.reach import desk, from_afar, now, served, server_name
from autofix.cli.session import actor, known_host, site
from autofix.cli.status import owed_lines
from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.core.pauses import Pause, scope_of
from autofix.core.runs import Run, RunState
from autofix.core.stories import Resumed
from autofix.errors import ConfigError, StoreError, UsageError
from autofix.flow import stopping
from autofix.flow.context import Context
from autofix.options import suggest
from autofix.ports import Reads

#: Seconds that the store has to take the record of a pause that is in force already, and the
#: inventory to say whether there is such a host.
PATIENCE, CHECKING = 10.0, 5.0
#: Seconds that running playbooks have to end when asked.
ENDING = 5.0
Value = TypeVar("Value")

scope_options = (
    click.option("--runbook", default="", help="Only this runbook."),
    click.option("--host", default="", help="Only this host."),
)


@click.command()
@scope_options[0]
@scope_options[1]
@click.option("--reason", default="", help="Shown to whoever asks why nothing runs.")
@click.option("--cancel-running", is_flag=True, help="End what runs now, too.")
@json_option
def pause(runbook: str, host: str, reason: str, cancel_running: bool, as_json: bool) -> None:
    """Nothing new starts, from now on: everywhere, or for one runbook or host.

    A file in the state folder is set first, so it works even when the database is down. What is
    put back after a run (rollbacks, afterwards) waits, too, and stays owed.
    """
    if from_afar():
        _from_afar(runbook, host, reason, cancel_running, as_json)
        return
    here, by = site(), actor()
    wish = Pause(here.clock.now(), by, reason, runbook, host, cancel_running)
    done = here.killswitch.set(wish)
    _known(here, done)
    if not as_json:
        _paused(done)
    try:
        _within(PATIENCE, lambda: stopping.record(here.context(by), done))
    except StoreError as error:
        raise StoreError(
            f"paused by the file, but not on the record: {error}",
            hint="the pause is in force; the server writes it down when it can",
        ) from error
    _tell(here.context(by), done, as_json)


def _from_afar(runbook: str, host: str, reason: str, cancel_running: bool, as_json: bool) -> None:
    """By the server: its own file first, then its record."""
    found = desk().pause(runbook=runbook, host=host, reason=reason, cancel_running=cancel_running)
    if not as_json:
        _paused(found.pause)
    runs = _ending(found.asked)
    ended = [run for run in runs if not run.live]
    _outcome(found.pause, ended, [run for run in runs if run.live], found.owed, as_json)


def _ending(asked: Sequence[int]) -> list[Run]:
    """The runs that were asked to end, once they had their time to do so."""
    deadline = time.monotonic() + ENDING
    while True:
        runs = [desk().run(number) for number in asked]
        if not any(run.live for run in runs) or time.monotonic() >= deadline:
            return runs
        time.sleep(0.3)


def _paused(done: Pause) -> None:
    where = "" if done.scope == "everything" else f" for {inert(done.scope)}"
    print(f"paused: nothing new starts{where}{server_name()}", flush=True)


def _within(seconds: float, work: Callable[[], Value]) -> Value:
    """What `work` gives; StoreError when it takes too long."""
    found: list[Value] = []
    failed: list[Exception] = []

    def task() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 - raised again below
            failed.append(error)

    thread = threading.Thread(target=task, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise StoreError(f"no answer within {seconds:.0f} s")
    return found[0]


def _known(here: Site, done: Pause) -> None:
    """A pause of something that is not there would pause nothing, silently. It is in force while
    this is looked at, and stays so when it can't be told."""

    def check() -> bool:
        if done.runbook:
            _known_runbook(here, done.runbook)
        if done.host:
            known_host(here.inventory, done.host)
        return True

    try:
        _within(CHECKING, check)
    except UsageError:
        here.killswitch.lift([done.id])
        with suppress(StoreError):
            _within(PATIENCE, lambda: stopping.withdraw(here.context(done.by), done))
        raise
    except (ConfigError, StoreError) as error:
        why = error.problems[0] if isinstance(error, ConfigError) else error
        print(f"its name could not be checked: {why}", file=sys.stderr)


def _known_runbook(here: Site, runbook: str) -> None:
    known = sorted({each.name for each in here.project().files})
    if runbook not in known:
        hint = suggest(runbook, known) or "names are compared exactly"
        raise UsageError(f"there is no runbook {inert(runbook)!r}", hint=hint)


def _tell(ctx: Context, done: Pause, as_json: bool) -> None:
    running = _wait(ctx, done) if done.cancel_running else []
    with ctx.store.reading() as reads:
        ended = _ended(reads, done)
        owed = [run for run in stopping.owed(reads) if done.covers(run.runbook, run.host)]
    _outcome(done, ended, running, owed, as_json)


def _outcome(
    done: Pause, ended: Sequence[Run], running: Sequence[Run], owed: Sequence[Run], as_json: bool
) -> None:
    if as_json:
        print_json({"pause": done, "ended": ended, "running": running, "owed": owed})
        return
    for run in ended:
        print(f"ended: run {run.id} {run.playbook} on {run.host}: {run.outcome or run.state}")
    for run in running:
        print(f"still running: run {run.id} {run.playbook} on {run.host} (asked to end)")
    for line in owed_lines(owed, [done]):
        print(line)


def _ended(reads: Reads, done: Pause) -> list[Run]:
    """What this pause ended; by its file some did so before it was on the record."""
    latest = reads.runs(states=[RunState.FINISHED], limit=1000) if done.cancel_running else []
    return [
        run
        for run in latest
        if done.covers(run.runbook, run.host)
        and run.cancel_requested == done.wish
        and (run.finished_at or 0.0) >= done.at
    ]


def _wait(ctx: Context, done: Pause) -> list[Run]:
    """What still runs in this scope once it had its time to end."""
    deadline = ctx.clock.now() + ENDING
    while True:
        with ctx.store.reading() as reads:
            live = reads.runs(states=[RunState.CLAIMED, RunState.STARTED], limit=10_000)
        running = [run for run in live if done.covers(run.runbook, run.host)]
        if not running or ctx.clock.now() >= deadline:
            return running
        ctx.clock.sleep(0.1)


@click.command()
@scope_options[0]
@scope_options[1]
@json_option
def resume(runbook: str, host: str, as_json: bool) -> None:
    """Lift the pause of exactly this scope, and say what waited for it and what happens now."""
    resumed = desk().resume(runbook=runbook, host=host)
    if as_json:
        print_json({"resumed": resumed, "server": served()})
        return
    for line in resumed_lines(resumed, scope_of(runbook, host), now()):
        print(line)
    if (resumed.held or resumed.owed) and not served():
        print("no server runs: all this goes on with the next `autofix serve`")


def resumed_lines(resumed: Resumed, scope: str, now: float) -> list[str]:
    """What a resume did, in words."""
    if not resumed.lifted:
        said = f"there was no such pause: {inert(scope)} is not paused"
        lines = [said if resumed.still else f"{said}, nothing is"]
    else:
        lines = [f"resumed: {inert(p.words, 500)}, {ago(p.at, now)}" for p in resumed.lifted]
    lines += [
        f"  incident {each.id} {each.runbook} on {each.target}: "
        f"held {human(now - (each.held_since or now))}, is decided now"
        for each in resumed.held
    ]
    lines += [
        f"  run {run.id} {run.kind} {run.playbook} on {run.host} was owed: starts now"
        for run in resumed.owed
    ]
    lines += [
        f"  incident {each.incident.id} {each.incident.runbook} on {each.incident.target}: "
        f"stays held, {inert(each.pause.words, 500)}"
        for each in resumed.blocked
    ]
    lines += [
        f"  still paused: {inert(p.words, 500)}, {ago(p.at, now)} (lift it: {_how(p)})"
        for p in resumed.still
    ]
    return lines


def _how(pause: Pause) -> str:
    options = (("--runbook", pause.runbook), ("--host", pause.host))
    return " ".join(["autofix resume", *(f"{name} {inert(of)}" for name, of in options if of)])
