"""Incidents that are escalated out of hand, for what follows: calls, digests, closing pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from autofix.core.escalation import Level, Policy
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page
from autofix.core.runbooks import Runbook
from autofix.flow import escalate
from autofix.flow.context import Context
from autofix.flow.record import of_incident
from unit.flow.world import BOOK, Bell, World

#: The first level rings the bell, ten minutes later the second rings the phone.
TWO_LEVELS = Policy(
    "default",
    (Level(("bell", "second"), 600), Level(("phone",), 900)),
    repeat=1800,
    ack_lasts=14400,
)


class Alarms(World):
    """A world with a policy of two levels; `phone` is the second level's channel."""

    def __init__(self, policy: Policy = TWO_LEVELS, **book: Any) -> None:
        super().__init__()
        self.phone = Bell("phone")
        channels = {**self.ctx.book.channels, "phone": self.phone}
        policies = {"default": policy}
        self.ctx.book = replace(self.ctx.book, channels=channels, policies=policies, **book)

    def alarm(self, host: str = "r1", why: str = "nothing helps") -> int:
        return alarm(self.ctx, host, why)

    def pages(self) -> list[Page]:
        with self.store.reading() as reads:
            return sorted(reads.pages(limit=10_000), key=lambda page: page.id)


def alarm(ctx: Context, host: str, why: str = "nothing helps", runbook: Runbook = BOOK) -> int:
    """A new incident on this host, escalated at once; its number."""
    now = ctx.clock.now()
    draft = Incident(
        0, runbook.name, host, "", State.OPEN, Origin.PROBE, "P1", now, now, reason="seen"
    )
    with ctx.store.transaction() as tx:
        made = tx.add_incident(draft, of_incident(draft, "opened", now))
        return escalate.escalate(ctx, tx, runbook, made, why, now).id


def end(ctx: Context, incident_id: int, state: State = State.HEALED) -> None:
    """It ends by itself, whatever led there."""
    now = ctx.clock.now()
    with ctx.store.transaction() as tx:
        incident = tx.incident(incident_id)
        assert incident is not None
        over = replace(incident.with_(state=State.FIXING), state=State.VERIFYING)
        ended = over.with_(state=state, ended_at=now, updated_at=now, due_at=None)
        tx.save_incident(ended, of_incident(ended, str(state), now))


def named(pages: Iterable[Page]) -> set[int]:
    """The incidents that these pages name or count."""
    return {
        number
        for page in pages
        for number in (page.incident, *page.data.get("incidents", ()))
        if number is not None
    }
