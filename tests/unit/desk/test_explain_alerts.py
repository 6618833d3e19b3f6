"""`why` says what the last alert meant for this host."""

from __future__ import annotations

from dataclasses import replace

from autofix.core.runbooks import AlertTrigger
from autofix.desk.explain import explain
from unit.flow.alerting import MEMORY, AlertWorld, high, label


def line(world: AlertWorld, host: str = "r1") -> str:
    return explain(world.ctx, MEMORY.name, host, True).lines[0]


def test_before_any_alert_it_says_so() -> None:
    assert line(AlertWorld()) == (
        "trigger 1 (alert High, host in instance): no such alert among the last 100 posts"
    )


def test_it_says_what_the_alert_asks_for() -> None:
    trigger = AlertTrigger("High", {"team": "cache"}, when=label("labels.level == 'bad'"))
    world = AlertWorld(replace(MEMORY, triggers=(trigger,)))
    world.fires("r1", team="db")
    assert line(world) == (
        "trigger 1 (alert High, host in instance, team = 'cache', when labels.level == 'bad'): "
        "0s ago, alert 1 of mon: fired nothing: label 'team' is 'db', not 'cache'"
    )


def test_it_follows_the_alert_to_what_became_of_it() -> None:
    world = AlertWorld()
    world.fires()
    assert line(world).endswith("alert 1 of mon: fired; signal 1 waits to be handled")
    world.settle()
    world.clock.advance(180)
    assert line(world).endswith("3m ago, alert 1 of mon: fired, incident 1")
    world.fires()
    assert line(world).endswith("alert 2 of mon: repeats: incident 1 is open for this")


def test_it_says_that_the_symptom_was_not_there() -> None:
    world = AlertWorld()
    world.patient.state["r1"] = {"ratio": 0.5}
    world.fires()
    world.settle()
    assert "was not acted on: the symptom is not there: ratio < 0.85 (ratio = 0.5)" in line(world)


def test_an_alert_about_another_host_is_not_told_and_one_about_none_is() -> None:
    world = AlertWorld()
    world.fires("r2")
    assert "no such alert" in line(world)
    world.post(high("r9"))
    assert "fired nothing: host 'r9' is not in the inventory" in line(world)
    world.fires("r1")
    assert "alert 3 of mon: fired" in line(world)
