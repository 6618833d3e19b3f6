"""Who was told, by which channel, and when somebody answered: lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autofix.cli.output import when
from autofix.core.audit import AuditEntry
from autofix.core.durations import human
from autofix.core.incidents import ASKING, Incident, State
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind, PageState


def became(page: Page, now: float) -> str:
    """`by mail at 03:12`, `tried 4 times: mail: no answer within 12 s; next in 40s`."""
    if page.state is PageState.SENT:
        return f"by {inert(page.sent_by, 60)} at {when(page.sent_at)}"
    if page.state is PageState.DROPPED:
        return "not needed any more"
    if page.gathers:
        return f"gathers calls; leaves in {human(max((page.due_at or now) - now, 0))}"
    left = (page.due_at or now) - now
    later = f"next try in {human(left)}" if left > 0 else "on its way"
    if not page.tried:
        return later
    return f"tried {page.tried} times: {inert(page.last_error, 300)}; {later}"


def page_lines(pages: Sequence[Page], digests: Sequence[Page], now: float) -> Iterator[str]:
    """Each page about an incident, those that it shares with others too."""
    shared = {page.id for page in digests}
    for page in sorted([*pages, *digests], key=lambda each: each.id):
        kind = "" if page.kind is PageKind.CALL else f" {page.kind}"
        many = f" of {page.count}" if page.id in shared else ""
        level = f" level {page.level + 1}" if page.level else ""
        yield f"page {page.id}{kind}{many}{level}  {page.state} {became(page, now)}"


def call_lines(incident: Incident, record: Sequence[AuditEntry], now: float) -> Iterator[str]:
    """How often somebody was called, when again, and who answered when."""
    if incident.calls and incident.state in ASKING and incident.acknowledged_at is None:
        next_at = incident.call_at
        again = f"; again in {human(max(next_at - now, 0))}" if next_at else "; no more calls"
        times = "once" if incident.calls == 1 else f"{incident.calls} times"
        yield f"called {times}, and nobody answered yet{again}"
    for entry in record:
        if entry.event.action == "incident.acknowledged":
            link = " by the link of a page" if entry.event.payload.get("via") == "link" else ""
            yield f"acknowledged by {inert(entry.event.actor, 60)} at {when(entry.event.at)}{link}"
    if incident.state is State.ACKNOWLEDGED and incident.call_at and incident.call_at > now:
        yield f"not resolved by then, somebody is called again in {human(incident.call_at - now)}"


def attempts(record: Sequence[AuditEntry], page: Page) -> Iterator[str]:
    """What became of each try to send a page, oldest first."""
    for entry in sorted(record, key=lambda each: each.seq):
        event, told = entry.event, entry.event.payload
        if not event.action.startswith("page.") or told.get("page") != page.id:
            continue
        words = (told.get(key) for key in ("error", "answer", "by"))
        said = next((str(word) for word in words if word), "")
        channel = f" {inert(str(told['channel']), 60)}" if told.get("channel") else ""
        verb = event.action.removeprefix("page.")
        yield f"{when(event.at)}  {verb}{channel}" + (f"  {inert(said, 300)}" if said else "")
