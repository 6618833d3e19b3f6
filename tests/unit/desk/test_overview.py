"""What matters now: bounded, worst first, and what waits for the very person who asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.incidents import State
from autofix.core.marks import FILES, Mark
from autofix.core.roles import Role
from autofix.core.runs import Outcome, RunState
from autofix.core.triggers import Watch
from storekit import event, incident, page, run
from unit.desk.kit import desk, person
from unit.flow.world import BOOK, World


@pytest.fixture
def world() -> World:
    return World()


def put(world: World, host: str, **more: object) -> int:
    with world.store.transaction() as tx:
        new = incident(host, **{"runbook": BOOK.name, "opened_at": world.clock.now(), **more})
        return tx.add_incident(new, event("incident.opened", incident=0)).id


def test_nothing_happens_and_all_is_empty(world: World) -> None:
    found = desk(world).overview()
    assert (found.open, found.worst, found.yours, found.running, found.held) == (0, (), (), (), ())
    assert (found.severities, found.late, found.files) == ({}, 0.0, None)


def test_the_worst_come_first_and_all_are_counted(world: World) -> None:
    late = put(world, "a", severity="P1", deadlines={"answer": [1.0, 9e9]})
    soon = put(world, "b", severity="P1", deadlines={"answer": [1.0, 8e9]})
    worst = put(world, "c", severity="P0", state=State.HELD, reason="paused")
    found = desk(world).overview()
    assert [each.id for each in found.worst] == [worst, soon, late]
    assert found.severities == {"P0": 1, "P1": 2}
    assert (found.of_state("held"), found.of_state("open"), found.of_state("fixing")) == (1, 2, 0)
    assert [each.id for each in desk(world).overview(limit=1).worst] == [worst]
    assert desk(world).overview(limit=1).open == 3


def test_an_approval_waits_for_who_may_give_it(world: World) -> None:
    waits = put(world, "a", state=State.AWAITING_APPROVAL, requested_by="ann")
    for who, seen in (
        (person("ben", Role.APPROVER), (waits,)),
        (person("ann", Role.APPROVER), ()),  # she asked for it herself
        (person("carl", Role.OPERATOR), ()),
        (replace(person("dora", Role.APPROVER), runbooks=frozenset({"another"})), ()),
    ):
        found = desk(world, who).overview()
        assert tuple(each.id for each in found.yours) == seen, who.name


def test_what_called_somebody_is_unanswered_until_somebody_takes_it(world: World) -> None:
    called = put(world, "a", state=State.ESCALATED)
    put(world, "b", state=State.ACKNOWLEDGED)
    assert [each.id for each in desk(world).overview().unanswered] == [called]


def test_a_run_says_of_how_many_steps_it_is(world: World) -> None:
    number = put(world, "a", state=State.FIXING)
    gone = put(world, "b", state=State.FIXING, runbook="gone")
    with world.store.transaction() as tx:
        for incident_, name in ((number, BOOK.name), (gone, "gone")):
            new = run(incident_, runbook=name, state=RunState.STARTED)
            tx.add_run(new, event("run.planned", run=0))
    found = {each.run.runbook: each.steps for each in desk(world).overview().running}
    assert found == {BOOK.name: len(BOOK.fix), "gone": 0}


def test_a_run_says_how_long_its_playbook_takes_as_a_rule(world: World) -> None:
    number = put(world, "a", state=State.FIXING)
    well = {"state": RunState.FINISHED, "outcome": Outcome.OK, "started_at": 10.0}
    with world.store.transaction() as tx:
        for step, took in enumerate((4.0, 8.0, 30.0)):
            tx.add_run(run(number, step=step, **well, finished_at=10 + took), event("run.planned"))
        for step, more in ((5, {}), (6, {"check": True}), (7, {"playbook": "never.yml"})):
            tx.add_run(run(number, step=step, state=RunState.STARTED, **more), event("run.planned"))
    found = {each.run.step: each.usual for each in desk(world).overview().running}
    assert found == {5: 8.0, 6: None, 7: None}


def test_who_has_an_incident_is_told_for_as_long_as_he_has_it(world: World) -> None:
    waits = put(world, "a", state=State.AWAITING_APPROVAL)
    called = put(world, "b", state=State.ESCALATED)
    put(world, "c", state=State.ESCALATED)
    for number in (waits, called):
        desk(world, person("ben", Role.OPERATOR)).acknowledge(number)
    assert desk(world).overview().takers == {waits: "ben", called: "ben"}
    with world.store.transaction() as tx:
        again = tx.incident(called)
        assert again is not None
        asked = replace(again, acknowledged_at=None, reason="he did not go on")
        tx.save_incident(asked, event("incident.called", incident=called))
    assert desk(world).overview().takers == {waits: "ben"}


def test_pages_that_no_channel_took_are_told_apart_from_those_that_just_wait(world: World) -> None:
    far = world.clock.now() + 900
    with world.store.transaction() as tx:
        tx.add_page(page(due_at=far), event("page.queued"))
        refused = tx.add_page(page(due_at=far, tried=2, last_error="503"), event("page.queued"))
    found = desk(world).overview()
    assert [each.id for each in found.refused] == [refused.id]
    assert found.queued["pages"] == 2


def test_files_that_were_not_taken_are_told_until_good_ones_follow(world: World) -> None:
    for problems in (["runbooks/x.yaml:3: what is this"], []):
        with world.store.transaction() as tx:
            tx.set_mark(Mark(FILES, 5.0, {"problems": problems}))
        found = desk(world).overview().files
        assert found == ({"at": 5.0, "problems": problems} if problems else None)


def test_what_has_been_due_for_long_is_late(world: World) -> None:
    put(world, "a", due_at=world.clock.now() - 40)
    assert desk(world).overview().late == pytest.approx(40)


def test_what_cannot_be_looked_at_is_told_once_it_matters(world: World) -> None:
    world.patient.state["r1"] = "timed out"
    world.look("r1")
    assert desk(world).overview().blind == ()  # once may be chance
    world.look("r1")
    world.look("r1")
    [blind] = desk(world).overview().blind
    assert (blind.host, blind.runbook, blind.misses) == ("r1", BOOK.name, 3)
    assert "could not look (3 in a row)" in blind.why


def test_what_nothing_looks_at_any_more_is_not_told_as_unseen(world: World) -> None:
    missed = Watch(BOOK.name, 0, "r1", at=100.0, misses=5)
    with world.store.transaction() as tx:
        gone = [
            replace(missed, host="left the inventory"),
            replace(missed, runbook="gone"),
            replace(missed, trigger=7),
            replace(missed, subject="6379"),  # its port was changed since
        ]
        tx.save_watches([*gone, replace(missed, subject="6380", at=130.0, misses=0)])
    assert desk(world).overview().blind == ()
    with world.store.transaction() as tx:
        tx.save_watches([replace(missed, subject="6381", at=130.0)])
    assert [each.subject for each in desk(world).overview().blind] == ["6381"]
    off = {BOOK.name: replace(BOOK, enabled=False)}
    world.ctx = replace(world.ctx, book=replace(world.ctx.book, runbooks=off))
    assert desk(world).overview().blind == ()
