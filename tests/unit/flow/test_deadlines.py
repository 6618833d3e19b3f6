"""Deadlines in the flow: a person hears of each twice at most, and the record keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autofix.core.deadlines import deadlines_of
from autofix.core.incidents import Incident, Origin, State
from autofix.core.severities import Severities, Terms
from autofix.flow import approvals, deadlines, people, progress
from autofix.flow.record import of_incident
from autofix.flow.recover import recover
from autofix.testing.inventory import FakeInventory
from unit.flow.world import BOOK, World, swap, with_steps

MINUTE = 60.0
#: P1 is answered in ten minutes, worked around in an hour and solved in two.
PROMISES = Severities({"P1": Terms(answer=600, workaround=3600, solution=7200, near=0.5)})


class Promising(World):
    def __init__(self, severities: Severities = PROMISES, **more: Any) -> None:
        super().__init__(**more)
        self.ctx.book = replace(self.ctx.book, severities=severities)
        self.hands.does["raise.yml"] = lambda _: None

    def told(self, number: int = 1) -> list[str]:
        """What the record says of its deadlines, as `near answer`, `missed answer`."""
        with self.store.reading() as reads:
            entries = reads.audit(incident=number, limit=10_000)
        return [
            f"{entry.event.action.removeprefix('incident.deadline_')} {entry.event.payload['kind']}"
            for entry in entries
            if entry.event.action.startswith("incident.deadline_")
        ]

    def last(self, action: str) -> Any:
        with self.store.reading() as reads:
            return reads.audit(action=action, newest_first=True, limit=1)[0].event


def test_it_opens_with_its_deadlines_and_the_record_says_them() -> None:
    world = Promising()
    world.ill()
    opened = world.incident().opened_at
    assert world.incident().deadlines["answer"] == [opened + 300, opened + 600]
    due = {"answer": opened + 600, "workaround": opened + 3600, "solution": opened + 7200}
    assert world.last("incident.opened").payload["due"] == due
    with world.store.reading() as reads:
        assert reads.next_due() is not None


def test_each_deadline_is_told_when_near_and_when_missed_and_then_no_more() -> None:
    world = Promising()
    world.ill()
    world.pass_time(3 * 3600, step=30)
    assert world.told() == [
        "near answer",
        "missed answer",
        "near workaround",
        "missed workaround",  # both at the hour: it is due then, and half of the two hours
        "near solution",
        "missed solution",
    ]
    assert world.incident().deadline_at is None


def test_a_person_is_called_while_autofix_is_still_at_work_and_its_work_goes_on() -> None:
    slow = with_steps(*BOOK.fix, verify=replace(BOOK.verify, within=1200))
    world = Promising(book=slow)
    world.ill()
    world.pass_time(310, step=10)
    assert world.incident().state is State.VERIFYING
    assert world.told() == ["near answer"]
    (page,) = world.bell.rung
    assert "answer due in" in page.title
    assert "deadlines: answer due in 5m, workaround due in 55m" in page.text
    people.acknowledge(world.ctx, 1, "ann")
    people.acknowledge(world.ctx, 1, "ann")  # twice is harmless
    assert world.actions(1).count("incident.acknowledged") == 1
    assert world.incident().state is State.VERIFYING  # autofix goes on
    assert world.last("incident.acknowledged").payload["met"].keys() == {"answer"}
    world.patient.state["r1"] = {"ratio": 0.5}
    world.pass_time(60)
    assert world.incident().state is State.HEALED


def test_an_incident_that_heals_in_time_has_met_them_all_without_a_person() -> None:
    world = Promising()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(60)
    assert world.incident().state is State.HEALED
    healed = world.last("incident.healed")
    assert sorted(healed.payload["met"]) == ["answer", "solution", "workaround"]
    world.pass_time(3 * 3600, step=60)
    assert world.told() == []
    assert world.bell.rung == []


def test_who_acknowledges_has_answered_and_the_others_run_on() -> None:
    world = Promising()
    world.ill()
    world.pass_time(200, step=10)
    assert world.incident().state is State.ESCALATED
    people.acknowledge(world.ctx, 1, "ann")
    event = world.last("incident.acknowledged")
    assert event.payload["met"] == {"answer": world.incident().opened_at + 600}
    assert world.incident().answered_at == event.at
    world.pass_time(1800, step=10)
    assert world.told() == ["near workaround"]


def test_a_workaround_leaves_only_the_solution_to_be_promised() -> None:
    world = Promising()
    world.ill()
    world.pass_time(200, step=10)
    progress.work_around(world.ctx, 1, "ann", "traffic goes to r2")
    progress.work_around(world.ctx, 1, "ann", "twice is harmless")
    event = world.last("incident.worked_around")
    assert (event.payload["note"], event.actor) == ("traffic goes to r2", "ann")
    assert sorted(event.payload["met"]) == ["answer", "workaround"]
    assert world.actions(1).count("incident.worked_around") == 1
    world.pass_time(3600, step=30)
    assert world.told() == ["near solution"]
    assert world.incident().state is State.ESCALATED  # its state stays as it is


def test_a_triage_is_recorded_with_what_it_is() -> None:
    world = Promising(Severities({"P1": Terms(triage=600, solution=7200)}))
    world.ill()
    progress.triage(world.ctx, 1, "ann", "a leaking client")
    assert world.last("incident.triaged").payload["met"] == {
        "triage": world.incident().opened_at + 600
    }
    assert [str(each.state) for each in deadlines_of(world.incident(), 1e10)] == ["met", "missed"]


def test_who_approves_a_step_has_answered() -> None:
    asking = with_steps(replace(BOOK.fix[0], approval="always"))
    world = Promising(book=asking)
    world.ill()
    approvals.approve(world.ctx, 1, "ann")
    assert world.incident().answered_at == world.clock.now()


def test_who_starts_the_fix_again_has_answered() -> None:
    world = Promising()
    world.ill()
    world.pass_time(200, step=10)
    world.run_by("ann")
    assert world.incident().answered_at == world.clock.now()


def test_a_rehearsal_promises_nothing() -> None:
    world = Promising()
    world.patient.state["r1"] = {"ratio": 0.95}
    world.run_by("ann", check=True)
    assert world.incident().deadlines == {}
    assert world.incident().deadline_at is None


def test_an_incident_of_before_the_upgrade_is_given_its_deadlines_at_the_start() -> None:
    world = Promising(Severities())
    world.ill()
    world.pass_time(900, step=10)
    assert world.incident().deadlines == {}
    world.ctx.book = replace(world.ctx.book, severities=PROMISES)
    recover(world.ctx)
    assert world.incident().deadline_at == world.clock.now()
    assert "incident.deadlines_changed" in world.actions(1)
    world.settle()
    assert world.told() == ["missed answer"]


def test_changed_settings_move_the_deadlines_of_open_incidents_and_tell_nothing_twice() -> None:
    world = Promising()
    world.ill()
    world.pass_time(700, step=10)
    assert world.told() == ["near answer", "missed answer"]
    longer = Severities({"P1": Terms(answer=3600, near=0.9)})
    world.ctx.book = replace(world.ctx.book, severities=longer)
    assert deadlines.reset(world.ctx) == 1
    assert deadlines.reset(world.ctx) == 0
    assert list(world.incident().deadlines) == ["answer"]
    world.pass_time(2 * 3600, step=30)
    assert world.told() == ["near answer", "missed answer"]


def test_a_runbook_that_is_gone_keeps_what_was_promised() -> None:
    holes = with_steps(*BOOK.fix, deadlines="vulnerability")
    special = Severities({"P1": Terms(answer=60)}, {"vulnerability": {"P1": Terms(solution=999)}})
    world = Promising(special, book=holes)
    world.ill()
    assert list(world.incident().deadlines) == ["solution"]
    world.ctx.book = replace(world.ctx.book, runbooks={})
    deadlines.reset(world.ctx)
    assert list(world.incident().deadlines) == ["solution"]


def test_a_defect_in_one_incident_does_not_silence_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Trap(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "other":
                raise RuntimeError("a defect")
            return super().get(name, default)

    other = replace(BOOK, name="other")
    world = Promising(book=other)
    world.ill("r1")
    swap(world, BOOK, other)
    world.book = BOOK
    world.ill("r2")
    world.pass_time(250, step=10)
    world.ctx.book = replace(world.ctx.book, runbooks=Trap(world.ctx.book.runbooks))
    world.pass_time(60, step=10)
    assert world.told(1) == []
    assert world.told(2) == ["near answer"]
    assert world.incident(1).deadline_at > world.clock.now()
    assert "could not be told of" in caplog.text


def test_many_deadlines_of_one_runbook_at_once_are_one_page() -> None:
    world = Promising()
    hosts = [f"h{number}" for number in range(150)]
    swap(world, world.book, inventory=FakeInventory({"redis": {host: {} for host in hosts}}))
    with world.store.transaction() as tx:
        now = world.clock.now()
        for host in hosts:
            fresh = Incident(
                0, BOOK.name, host, "", State.HELD, Origin.PROBE, "P1", now, now, due_at=now + 1e6
            )
            fresh = deadlines.timed(world.ctx.book, fresh, now)
            tx.add_incident(fresh, of_incident(fresh, "opened", now))
    world.clock.advance(310)
    world.engine.tick()
    with world.store.reading() as reads:
        pages = reads.pages()
    assert sum(page.count for page in pages) == 150
    assert len(pages) <= 2
    assert world.actions().count("incident.deadline_near") == 150
