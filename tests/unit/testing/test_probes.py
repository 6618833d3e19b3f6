"""The fake probe sees what a test tells it to, per host and at any time."""

from __future__ import annotations

import threading

import pytest

from autofix.core.readings import Target
from autofix.testing.probes import FakeProbe


def test_every_host_has_the_usual_facts_and_one_may_differ() -> None:
    probe = FakeProbe("redis", {"used_memory_ratio": 0.5, "aof_enabled": True})
    probe.sees("cache1", used_memory_ratio=0.95)
    ratios = [
        probe.look(Target(host), {}, timeout=1, now=0)[0].facts["used_memory_ratio"]
        for host in ("cache1", "cache2")
    ]
    assert ratios == [0.95, 0.5]
    assert {name: fact.type for name, fact in probe.facts.items()} == {
        "reachable": "boolean",
        "error": "string",
        "used_memory_ratio": "number",
        "aof_enabled": "boolean",
    }


def test_a_failure_lasts_until_the_host_is_seen_again() -> None:
    probe = FakeProbe("redis", {"keys": 1})
    probe.fails("cache1", "no route")
    assert probe.look(Target("cache1"), {}, timeout=1, now=0)[0].error == "no route"
    probe.sees("cache1")
    assert probe.look(Target("cache1"), {}, timeout=1, now=0)[0].facts["keys"] == 1


def test_several_readings_for_several_things_of_one_host() -> None:
    probe = FakeProbe("redis", {"port": 0})
    probe.sees("cache1", {"port": 6379}, {"port": 6380})
    readings = probe.look(Target("cache1"), {}, timeout=1, now=0)
    assert [reading.facts["port"] for reading in readings] == [6379, 6380]


def test_a_fact_that_is_not_declared_is_a_mistake_in_the_test() -> None:
    with pytest.raises(AssertionError, match="declares no fact 'key'"):
        FakeProbe("redis", {"keys": 1}).sees("cache1", key=2)
    FakeProbe("command", open_ended=True).sees("cache1", anything=2)


def test_looks_are_counted_and_kept() -> None:
    probe = FakeProbe("redis", options=("port",))
    probe.look(Target("a"), {"port": 1}, timeout=2.5, now=0)
    probe.look(Target("b"), {}, timeout=1, now=0)
    assert (probe.looks(), probe.looks("a"), probe.looks("c")) == (2, 1, 0)
    assert (probe.looked[0].options, probe.looked[0].timeout) == ({"port": 1}, 2.5)


def test_a_look_may_be_held_up_from_another_thread() -> None:
    probe = FakeProbe("slow", {"keys": 1})
    arrived, go_on = threading.Event(), threading.Event()

    def hold(_: Target) -> None:
        arrived.set()
        go_on.wait(5)

    probe.before_each_look(hold)
    thread = threading.Thread(
        target=probe.look, args=(Target("a"), {}), kwargs={"timeout": 1, "now": 0}
    )
    thread.start()
    assert arrived.wait(5)
    assert probe.looks("a") == 1
    go_on.set()
    thread.join(5)
    assert not thread.is_alive()
