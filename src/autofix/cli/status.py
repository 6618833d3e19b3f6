"""`autofix status`: how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from autofix.app.listening import listening
from autofix.cli import sealed, vigil
from autofix.cli.output import ago, json_option, print_json, table
from autofix.cli.reach import desk, now, server_name
from autofix.cli.session import server_given, site
from autofix.core.durations import human
from autofix.core.incidents import WORKING
from autofix.core.inert import inert
from autofix.core.pauses import Pause, covering
from autofix.core.runs import Run
from autofix.core.stories import Status
from autofix.errors import StoreError


def _files(found: Status, at: float) -> None:
    """What is wrong with the project's files, as far as it matters for what is in force."""
    rejected = found.rejected if found.server else None
    if rejected is not None:
        problems = [inert(str(each), 400) for each in rejected.event.payload.get("problems", [])]
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        print(
            f"REJECTED: the files changed {ago(rejected.event.at, at)} are not in force, the last "
            f"good ones are: {problems[0] if problems else ''}{more} (see: autofix check)"
        )
    elif found.settings:
        count = len(found.settings)
        print(f"settings: {inert(found.settings[0], 400)} ({count}, see: autofix check)")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """What runs, what is held, what waits for a person, what is paused."""
    files = [] if server_given() else site().killswitch.pauses()
    try:
        found = desk().status()
    except StoreError as error:
        # With the store down this much is known, and in force.
        if as_json:
            print_json({"error": str(error), "pauses": files})
        else:
            _pauses(files, now())
        raise
    if as_json:
        print_json(found)
    else:
        _show(found, now())


def _show(found: Status, at: float) -> None:
    live, server = found.incidents, inert(found.server)
    print(f"server: {server or 'none runs (start one: autofix serve)'}{server_name()}")
    if found.server and not server_given() and (urls := listening(site().settings.state)):
        print(f"web: {', '.join(inert(url) for url in urls)}")
    _files(found, at)
    _pauses(found.pauses, at)
    for each in found.silences:
        left = human(each.until - at)
        by = f"by {inert(each.by)}: {inert(each.reason, 300)}"
        print(f"silence {each.id}: {inert(each.scope)} for another {left}, {by}")
    for line in owed_lines(found.owed, found.pauses):
        print(line)
    for line in [*vigil.lines(found, at), *sealed.lines(found, at)]:
        print(line)
    late = found.deadlines
    if any(late.values()):
        print(f"deadlines: {late['missed']} missed, {late['near']} near (autofix incidents list)")
    working = sum(each.state in WORKING for each in live)
    print(
        f"open incidents: {len(live)}, of which {working} are being worked on; "
        f"running: {len(found.running)}; owed: {len(found.owed)}; "
        f"pages on their way: {len(found.pages_waiting)}; record: {found.audit_size} events"
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
