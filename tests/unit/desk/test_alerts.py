"""Alerts at the desk: looked at, judged anew under a person's name, and tried out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autofix.core.alerts import Admission, DeliveryState, Verdict
from autofix.core.roles import Role
from autofix.errors import Denied, HeldError, NotFound, UsageError
from unit.desk.kit import desk, person
from unit.flow.alerting import AlertWorld, Monitor, high

BODY = json.dumps([{"instance": "r1", "team": "cache"}])


def posted(world: AlertWorld, body: str = BODY, **more: object) -> int:
    return world.post(high("r9"), body=body.encode(), **more).id


def test_alerts_are_listed_and_shown() -> None:
    world = AlertWorld()
    first, second = world.fires("r1"), world.fires("r9")
    here = desk(world, person("eve", Role.VIEWER))
    assert here.alerts() == [second, first]
    assert here.alerts(before=second.id) == [first]
    assert here.alerts(source="other") == []
    assert here.alert(first.id) == first
    with pytest.raises(NotFound, match="there is no alert 99"):
        here.alert(99)


def test_a_replay_is_judged_as_if_it_had_come_now() -> None:
    world = AlertWorld()
    number = posted(world)
    here = desk(world, person("ann", Role.OPERATOR))
    row = here.replay_alert(number)
    assert (row.id, row.replay_of, row.by, row.sender) == (2, number, "ann", "bearer")
    assert [(each.verdict, each.host) for each in row.judged] == [(Verdict.FIRES, "r1")]
    assert here.alert(2) == row
    world.settle()
    assert world.incident().requested_by == "alert mon, replayed by ann"
    assert here.replay_alert(number).judged[0].verdict is Verdict.REPEATS


def test_who_replays_an_alert_can_not_approve_what_it_starts() -> None:
    world = AlertWorld(replace(AlertWorld().book, guards=replace(AlertWorld().book.guards,
                                                                 approval="always")))  # fmt: skip
    number = posted(world)
    ann = desk(world, person("ann", Role.OPERATOR, Role.APPROVER))
    ann.replay_alert(number)
    world.settle()
    with pytest.raises(HeldError, match="ann asked for incident 1"):
        ann.approve(1)
    bob = desk(world, person("bob", Role.APPROVER))
    assert bob.approve(1).approved


def test_a_replay_triggers_only_what_its_person_may_run() -> None:
    world = AlertWorld()
    number = posted(world)
    for runbooks in ([], ["other"]):
        here = desk(world, person("ann", Role.OPERATOR, runbooks=runbooks))
        (judged,) = here.replay_alert(number).judged
        assert judged.why == "this sender may not trigger redis-memory-high"
    here = desk(world, person("ann", Role.OPERATOR, runbooks=["redis-memory-high"]))
    assert here.replay_alert(number).judged[0].verdict is Verdict.FIRES


def test_what_was_not_kept_whole_is_not_replayed() -> None:
    world = AlertWorld()
    stranger = Admission(why="no token")
    number = posted(world, "x" * 5000, status=401, why="no token", admission=stranger)
    with pytest.raises(HeldError, match="was not kept as it came"):
        desk(world).replay_alert(number)


def test_a_replay_that_its_source_refuses_is_recorded_so() -> None:
    world = AlertWorld()
    row = desk(world).replay_alert(posted(world, '{"a": 1}'))
    assert (row.state, row.status, row.why) == (
        DeliveryState.REFUSED,
        400,
        "this is no list of alerts",
    )
    assert desk(world).alert(row.id) == row


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.AUDITOR])
def test_replaying_and_trying_are_an_operators(role: Role) -> None:
    world = AlertWorld()
    here = desk(world, person("eve", role))
    with pytest.raises(Denied):
        here.replay_alert(posted(world))
    with pytest.raises(Denied):
        here.test_alert("mon", BODY, {})
    assert len(world.events("access.denied")) == 2


@pytest.mark.parametrize("source", ["mon", ""])
def test_a_test_says_what_it_would_mean_and_writes_nothing(source: str) -> None:
    world = AlertWorld()
    before = world.store_size()
    row = desk(world).test_alert(source, BODY, {"Content-Type": "application/json"})
    assert (row.id, row.state) == (0, DeliveryState.ACCEPTED)
    assert [(each.verdict, each.host, each.signal) for each in row.judged] == [
        (Verdict.FIRES, "r1", None)
    ]
    assert world.store_size() == before
    assert desk(world).alerts() == []


def test_a_test_of_a_bad_body_says_what_its_sender_would_be_told() -> None:
    world = AlertWorld()
    for body, why in (("{", "not JSON"), ("{}", "this is no list"), ('[{"a":1,"a":2}]', "twice")):
        row = desk(world).test_alert("mon", body, {})
        assert (row.state, row.status) == (DeliveryState.REFUSED, 400)
        assert why in row.why


def test_the_source_must_be_named_when_there_are_several_and_exist() -> None:
    world = AlertWorld()
    with pytest.raises(NotFound, match="there is no source 'mno'") as found:
        desk(world).test_alert("mno", BODY, {})
    assert found.value.hint == "did you mean 'mon'?"
    sources = {**world.ctx.book.sources, "zab": Monitor("zab")}
    world.ctx.book = replace(world.ctx.book, sources=sources)
    with pytest.raises(UsageError, match="which source") as which:
        desk(world).test_alert("", BODY, {})
    assert which.value.hint == "--source mon or zab"
    world.ctx.book = replace(world.ctx.book, sources={})
    with pytest.raises(UsageError, match="there are no sources"):
        desk(world).test_alert("", BODY, {})
