"""Stories about approval: when it is asked for, who may give it, and what if nobody does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.runbooks import Approvers
from autofix.errors import HeldError
from autofix.flow import approvals
from unit.flow.world import BOOK, World, swap, with_guards

IN_PROD = with_guards(approval=parse("host.env == 'prod'"))


def refused(world: World) -> list[tuple[str, Any]]:
    with world.store.reading() as reads:
        found = reads.audit(action="incident.approval_refused")
    return [(each.event.actor, each.event.payload["error"]) for each in found]


@pytest.mark.parametrize("host", ["r1", "r2"])
def test_where_it_is_true_or_unknown_a_person_is_asked(host: str) -> None:
    world = World(IN_PROD)  # r1 is in prod; what r2 is, nobody wrote down
    world.ill(host)
    assert world.incident().state is State.AWAITING_APPROVAL
    assert "host.env == 'prod' (host.env = " in world.incident().reason
    assert world.hands.played == []


def test_where_it_is_false_it_acts() -> None:
    world = World(with_guards(approval=parse("host.env == 'test'")))
    world.ill("r1")
    assert world.hands.played == ["rewrite.yml"]


def test_nobody_says_yes_in_time_and_a_person_has_it() -> None:
    world = World(with_guards(approval="always", approval_within=1800))
    world.ill()
    world.pass_time(1790, step=10)
    assert world.incident().state is State.AWAITING_APPROVAL
    world.pass_time(20)
    late = world.incident()
    assert late.state is State.ESCALATED
    assert late.reason.startswith("nobody approved within 30m: step 1 (rewrite.yml) needs")
    assert world.hands.played == []
    world.pass_time(400, step=10)
    assert any("nobody approved within 30m" in page.text for page in world.bell.rung)


def test_a_yes_is_for_the_step_that_was_seen_and_no_other() -> None:
    world = World(with_guards(approval="always"))
    world.ill()
    with pytest.raises(HeldError, match="another step waits now: step 1: step 1 "):
        approvals.approve(world.ctx, 1, "bob", asked="1.1")
    assert world.incident().approved == {}
    assert approvals.approve(world.ctx, 1, "bob", asked="1.0").approved == {"1.0": "bob"}


def test_who_asked_can_approve_it_neither_as_herself_nor_as_root() -> None:
    world = World(with_guards(approval="always"))
    world.run_by("ann")
    for name in ("ann", "ann (sudo)"):
        with pytest.raises(HeldError, match="asked for incident 1 and can't approve it"):
            approvals.approve(world.ctx, 1, name)
    assert [by for by, _ in refused(world)] == ["ann", "ann (sudo)"]
    assert world.incident().state is State.AWAITING_APPROVAL
    approvals.approve(world.ctx, 1, "bob (sudo)")
    world.settle()
    assert world.hands.played == ["rewrite.yml"]


@pytest.mark.parametrize(
    ("by", "groups", "may"),
    [
        ("bob", (), True),
        ("bob (sudo)", (), True),
        ("eve", (), False),
        ("eve", ("staff",), False),
        ("eve", ("staff", "dba"), True),
        ("root", (), False),
    ],
)
def test_only_approvers_may_approve(by: str, groups: tuple[str, ...], may: bool) -> None:
    world = World(with_guards(approval="always", approvers=Approvers(("bob",), ("dba",))))
    world.ill()
    if may:
        approvals.approve(world.ctx, 1, by, groups)
        world.settle()
        assert world.hands.played == ["rewrite.yml"]
        return
    with pytest.raises(HeldError, match=f"{by} may not approve") as error:
        approvals.approve(world.ctx, 1, by, groups)
    assert error.value.hint == "these may: bob, group dba"
    assert refused(world) == [(by, f"{by} may not approve redis-memory-high")]
    assert world.incident().approved == {}


def test_with_the_runbook_gone_nobody_can_tell_who_may_approve() -> None:
    world = World(with_guards(approval="always", approvers=Approvers(("bob",))))
    world.ill()
    swap(world, replace(BOOK, name="another"))
    with pytest.raises(HeldError, match="who may approve it can't be told"):
        approvals.approve(world.ctx, 1, "eve")
    assert world.incident().approved == {}


def test_the_deadline_begins_with_the_asking_and_not_with_the_incident() -> None:
    step = replace(BOOK.fix[1], approval="always")
    book = replace(BOOK, fix=(BOOK.fix[0], step, BOOK.fix[2]))
    world = World(replace(book, guards=replace(book.guards, approval_within=600)))
    world.ill()
    world.pass_time(30)
    assert world.incident().state is State.AWAITING_APPROVAL
    asked = world.incident().updated_at
    assert world.incident().due_at == asked + 600
    world.pass_time(560)
    approvals.approve(world.ctx, 1, "bob")
    world.settle()
    assert "evict.yml" in world.hands.played
