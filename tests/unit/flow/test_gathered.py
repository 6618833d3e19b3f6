"""What a digest gathers is told in the end, whatever becomes of its incidents meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import State
from autofix.core.pages import PageKind
from autofix.flow import escalate, nearing, people
from autofix.flow.record import of_incident
from unit.flow.alarms import Alarms
from unit.flow.world import BOOK


class Gathering(Alarms):
    """The first page of these minutes has left; what comes now is gathered."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm("r1")
        self.settle()
        self.clock.advance(10)

    def put(self, number: int, state: State) -> None:
        """It is in this state, whatever led there, and a deadline is near."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            incident = tx.incident(number)
            assert incident is not None
            near = {"workaround": [now - 1, now + 600]}
            put = replace(
                incident, state=state, deadlines=near, deadline_at=now, call_at=None, calls=0
            )
            tx.save_incident(put, of_incident(put, str(state), now))

    def tell(self, number: int, why: str) -> None:
        with self.store.transaction() as tx:
            incident = tx.incident(number)
            assert incident is not None
            escalate.page_text(self.ctx, tx, incident, BOOK, why, self.clock.now())

    def said(self) -> str:
        return "\n".join(page.title + "\n" + page.text for page in self.bell.rung)


@pytest.mark.parametrize("state", [State.VERIFYING, State.ACKNOWLEDGED])
def test_a_near_deadline_is_told_whatever_the_incident_is_at(state: State) -> None:
    world = Gathering()
    number = world.alarm("r2", "no help")
    world.put(number, state)
    nearing.tell_due(world.ctx)
    world.pass_time(301, step=300)
    assert "workaround due in" in world.said()


def test_what_is_found_after_the_end_is_told_though_the_incident_was_gathered() -> None:
    world = Gathering()
    number = world.alarm("r2", "no help")
    people.resolve(world.ctx, number, "ann")
    world.tell(number, "restore.yml was owed afterwards and ended failed")
    world.pass_time(301, step=300)
    assert "restore.yml was owed afterwards" in world.said()


def test_the_second_reason_is_told_with_the_first() -> None:
    world = Gathering()
    number = world.alarm("r2", "held for too long")
    world.alarm("r3", "other")
    world.tell(number, "now the fix failed too")
    world.pass_time(301, step=300)
    digest = world.bell.rung[1]
    assert (digest.kind, digest.count) == (PageKind.DIGEST, 2)
    assert "incident 2 on r2: now the fix failed too" in digest.text
    assert "held for too long" in digest.text


def test_one_alone_says_the_second_reason_too() -> None:
    world = Gathering()
    number = world.alarm("r2", "held for too long")
    world.tell(number, "now the fix failed too")
    world.pass_time(301, step=300)
    assert "now the fix failed too" in world.bell.rung[1].title
