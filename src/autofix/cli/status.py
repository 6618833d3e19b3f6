"""`autofix status`: how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from autofix.app.site import Site
from autofix.app.witnessing import witness_names
from autofix.cli import deadlines, sealed, vigil
from autofix.cli.output import ago, json_option, print_json, table
from autofix.cli.session import site
from autofix.core.audit import AuditEntry
from autofix.core.durations import human
from autofix.core.incidents import LIVE, WORKING
from autofix.core.inert import inert
from autofix.core.pauses import Pause, covering, merged
from autofix.core.runs import Run, RunState
from autofix.errors import StoreError
from autofix.flow import stopping
from autofix.ports import Reads


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
    files = here.killswitch.pauses()
    try:
        found = _gathered(here, files)
    except StoreError as error:
        # With the store down this much is known, and in force.
        if as_json:
            print_json({"error": str(error), "pauses": files})
        else:
            _pauses(files, here.clock.now())
        raise
    if as_json:
        print_json(found)
    else:
        _show(here, found)


def _gathered(here: Site, files: list[Pause]) -> dict[str, Any]:
    with here.store.reading() as reads:
        owed, live = stopping.owed(reads), reads.incidents(states=LIVE, limit=1000)
        found = {
            "halted": next((each.words for each in files if each.scope == "everything"), ""),
            "settings": [str(each) for each in here.settings.errors],
            "rejected": _rejected(reads),
            "pauses": merged(files, reads.pauses()),
            "silences": reads.silences(active_at=here.clock.now()),
            "incidents": live,
            "deadlines": deadlines.counted(live, here.clock.now()),
            "running": reads.runs(states=[RunState.CLAIMED, RunState.STARTED]),
            "owed": [run for run in owed if run.due_at is not None],
            "pages_waiting": [page for page in reads.pages(limit=1000) if page.due_at is not None],
            "audit_size": reads.audit_head()[0],
            **vigil.gathered(here, reads),
            **sealed.gathered(reads, witness_names(here)),
        }
    return {"server": here.store.leader(), **found}


def _show(here: Site, found: dict[str, Any]) -> None:
    now, server, live = here.clock.now(), found["server"], found["incidents"]
    print(f"server: {inert(server) if server else 'none runs (start one: autofix serve)'}")
    _files(here, found["rejected"] if server else None, now)
    _pauses(found["pauses"], now)
    for each in found["silences"]:
        left = human(each.until - now)
        by = f"by {inert(each.by)}: {inert(each.reason, 300)}"
        print(f"silence {each.id}: {inert(each.scope)} for another {left}, {by}")
    for line in owed_lines(found["owed"], found["pauses"]):
        print(line)
    for line in [*vigil.lines(here, found, now), *sealed.lines(found, now)]:
        print(line)
    late = found["deadlines"]
    if any(late.values()):
        print(f"deadlines: {late['missed']} missed, {late['near']} near (autofix incidents list)")
    working = sum(each.state in WORKING for each in live)
    print(
        f"open incidents: {len(live)}, of which {working} are being worked on; "
        f"running: {len(found['running'])}; owed: {len(found['owed'])}; "
        f"pages on their way: {len(found['pages_waiting'])}; record: {found['audit_size']} events"
    )
    rows = [(e.id, e.severity, e.state, e.runbook, e.target, e.reason) for e in live]
    table(("id", "sev", "state", "runbook", "host", "why"), rows, "nothing is open")


def _pauses(pauses: Iterable[Pause], now: float) -> None:
    for each in pauses:
        words = inert(each.words, 500)
        everything = each.scope == "everything"
        more = " (lift it: autofix resume)" if everything else ""
        print(f"{'PAUSED' if everything else 'paused'}: {words}, {ago(each.at, now)}{more}")


def owed_lines(owed: Iterable[Run], pauses: Sequence[Pause]) -> list[str]:
    """What is still to be put back, and when it starts."""
    return [
        f"owed: run {run.id} {run.kind} {run.playbook} on {run.host} - {_starts(run, pauses)}"
        for run in owed
    ]


def _starts(run: Run, pauses: Sequence[Pause]) -> str:
    held = covering(pauses, run.runbook, run.host)
    if run.due_at is None:
        return "starts when its step is judged" + (" and it is resumed" if held else "")
    return "starts when resumed" if held else inert(run.reason) or "starts now"
