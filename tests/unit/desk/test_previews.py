"""What a run would be, told before it is: the same as what then happens, and nothing is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.conditions import template
from autofix.core.previews import Foresight, Preview
from autofix.core.roles import Role
from autofix.core.runbooks import Input, Step
from autofix.core.signals import SignalState
from autofix.desk import previews
from autofix.errors import Denied, NotFound
from autofix.flow import stopping
from unit.desk.kit import desk, person
from unit.flow.world import BOOK, World

NAME = BOOK.name


def told(world: World, *hosts: str, **more: object) -> Preview:
    before = world.store_size()
    found = desk(world).preview(NAME, hosts or ("r1",), **more)  # type: ignore[arg-type]
    assert world.store_size() == before
    return found


def test_steps_with_their_variables_as_far_as_they_are_known() -> None:
    steps = told(World(), inputs={"target": 0.7}).steps
    assert [each.playbook for each in steps] == ["rewrite.yml", "evict.yml", "raise.yml"]
    target, was = steps[1].variables
    assert (target.name, target.value, target.known) == ("target", 0.7, True)
    assert (was.name, was.value, was.known) == ("was", "{{ ratio }}", False)
    assert (steps[1].afterwards, steps[2].rollback) == ("restore.yml", "lower.yml")


def test_a_variable_of_the_host_is_known_where_all_hosts_have_the_same() -> None:
    step = Step("p.yml", vars={"env": template("{{ host.env }}")})
    world = World(replace(BOOK, fix=(step,)))
    [alone] = told(world).steps[0].variables
    assert (alone.value, alone.known) == ("prod", True)
    [differs] = told(world, "r1", "r2").steps[0].variables
    assert (differs.value, differs.known) == ("{{ host.env }}", False)


def test_secrets_are_masked() -> None:
    step = Step("p.yml", vars={"token": template("{{ inputs.db_password }}")})
    secret = {"db_password": Input("db_password")}
    world = World(replace(BOOK, fix=(step,), inputs=secret))
    assert "hunter2" not in str(told(world, inputs={"db_password": "hunter2"}))


@pytest.mark.parametrize(
    ("inputs", "hosts", "field", "words"),
    [
        ({"target": "much"}, ("r1",), "inputs.target", "is not a number"),
        ({"target": "0.7", "other": "1"}, ("r1",), "inputs.other", "there is no input"),
        ({}, (), "hosts", "no host is named"),
        ({}, ("redis",), "hosts", "a group, not a host"),
        ({}, ("r1", "r9"), "hosts", "not a host of the inventory"),
    ],
)
def test_what_would_not_be_taken_is_told_by_its_field(
    inputs: dict[str, str], hosts: tuple[str, ...], field: str, words: str
) -> None:
    found = desk(World()).preview(NAME, hosts, inputs=inputs, from_text=True)
    assert list(found.faults) == [field]
    assert words in found.faults[field]
    assert not found.hosts


def test_a_subject_with_a_line_end_is_none() -> None:
    assert list(told(World(), subject="a\nb").faults) == ["subject"]


def test_a_host_that_nothing_holds_would_be_acted_on_as_it_then_is() -> None:
    world = World()
    [seen] = told(world).hosts
    assert (seen.host, seen.foresight, seen.seen_at) == ("r1", Foresight.ACTS, None)
    assert world.run_by("ann").state is SignalState.MATCHED


def test_what_a_guard_says_is_what_a_run_would_be_refused_with() -> None:
    world = World()
    stopping.pause(world.ctx, "ben", host="r1", reason="disk swap")
    [seen] = told(world).hosts
    assert (seen.foresight, seen.guard, seen.acceptable) == (Foresight.REFUSED, "pause", False)
    assert seen.reason == world.ask_by("ann").reason


def test_a_cooldown_may_be_accepted_and_an_open_incident_may_not() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    [busy] = told(world).hosts
    assert (busy.foresight, busy.incident) == (Foresight.REFUSED, 1)
    assert "incident 1 is already open" in busy.reason
    world.pass_time(30)
    found = told(world)
    assert found.acceptable
    assert found.hosts[0].guard == "cooldown"
    assert found.hosts[0].seen_at is not None


def test_a_step_that_asks_is_told_and_a_rehearsal_asks_nobody() -> None:
    world = World(replace(BOOK, fix=(Step("p.yml", approval="always"),)))
    real, rehearsal = told(world), told(world, check=True)
    assert real.hosts[0].foresight is Foresight.ASKS
    assert real.steps[0].asks == "a person must approve it"
    assert rehearsal.hosts[0].foresight is Foresight.ACTS
    assert rehearsal.steps[0].asks == ""


def test_of_several_hosts_it_is_told_how_many_at_a_time() -> None:
    found = told(World(), "r1", "r2", "r3")
    assert "at most 2 hosts at the same time" in found.turns
    assert told(World()).turns == ""
    batched = replace(BOOK, guards=replace(BOOK.guards, batches=(1, 50.0)))
    turns = told(World(batched), "r1", "r2").turns
    assert turns.startswith("first up to 1 host, then up to 50%")


def test_of_very_many_hosts_the_first_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "JUDGED", 2)
    found = told(World(), "r1", "r2", "r3")
    assert ([each.host for each in found.hosts], found.unjudged) == (["r1", "r2"], 1)


def test_who_may_not_run_it_sees_no_preview_of_it() -> None:
    world = World()
    for who in (person("vic", Role.VIEWER), person("ola", Role.OPERATOR, runbooks=["other"])):
        with pytest.raises(Denied):
            desk(world, who).preview(NAME, ["r1"])
    with pytest.raises(NotFound):
        desk(world).preview("nothing", ["r1"])
