"""One question about many hosts: what comes of it for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.readings import Reading, Target
from autofix.flow import looking
from autofix.flow.context import NoMeter
from autofix.ports import FleetProbe
from autofix.testing.inventory import FakeInventory
from autofix.testing.probes import FakeFleetProbe
from unit.flow.world import World

HOSTS = ["r1", "r2", "r3"]


class Fleet(FakeFleetProbe):
    """Gives the readings that a test wrote down, right or wrong."""

    def __init__(self, answer: Any) -> None:
        super().__init__("redis", {"ratio": 0.5})
        self.answer = answer

    def look_at_all(self, targets: Any, options: Any, **_: Any) -> Mapping[str, list[Reading]]:
        if isinstance(self.answer, Exception):
            raise self.answer
        found: Mapping[str, list[Reading]] = self.answer
        return found


def looked(fleet: FleetProbe, hosts: list[str] = HOSTS) -> dict[str, list[Reading]]:
    world = World()
    return looking.look_at_all(world.ctx, "redis", fleet, hosts, {}, 10.0)


def good(host: str, **facts: Any) -> Reading:
    return Reading(host, 1.0, {"reachable": True, "error": None, **facts})


def test_all_hosts_by_one_question() -> None:
    fleet = FakeFleetProbe("redis", {"ratio": 0.5})
    fleet.sees("r2", ratio=0.9)
    seen = looked(fleet)
    assert fleet.asked == 1
    assert {host: each[0].facts["ratio"] for host, each in seen.items()} == {
        "r1": 0.5,
        "r2": 0.9,
        "r3": 0.5,
    }


def test_a_host_that_the_answer_forgot_is_a_look_that_failed() -> None:
    seen = looked(Fleet({"r1": [good("r1")], "r2": []}))
    assert [seen[host][0].error for host in HOSTS] == [
        "",
        "the probe gave no reading",
        "the probe gave no reading",
    ]


def test_a_reading_about_another_host_counts_for_nobody() -> None:
    seen = looked(Fleet({"r1": [good("r2")], "r2": [good("r2")], "x9": [good("x9")]}))
    assert set(seen) == set(HOSTS)
    assert (seen["r1"][0].error, seen["r2"][0].error) == ("the probe gave no reading", "")


def test_facts_that_cant_be_stored_blind_one_host_only() -> None:
    seen = looked(Fleet({"r1": [good("r1", x=object())], "r2": [good("r2")]}))
    assert "no good" in seen["r1"][0].error
    assert seen["r2"][0].error == ""


def test_a_host_that_left_the_inventory_blinds_no_other() -> None:
    seen = looked(FakeFleetProbe("redis", {"ratio": 0.5}), ["r1", "gone", "r2"])
    assert [host for host, each in seen.items() if each[0].error] == ["gone"]
    assert "gone" in seen["gone"][0].error


def test_a_probe_that_breaks_blinds_all_and_stops_nothing() -> None:
    seen = looked(Fleet(ValueError("no")))
    assert {each[0].error for each in seen.values()} == {"the probe broke: ValueError: no"}


def test_how_long_a_look_took_and_whether_it_failed_is_measured() -> None:
    heard: list[tuple[str, bool]] = []

    class Meter(NoMeter):
        def looked(self, probe: str, seconds: float, failed: bool) -> None:
            heard.append((probe, failed))

    world = World()
    world.ctx.meter = Meter()
    fleet = Fleet({"r1": [good("r1")]})
    looking.look_at_all(world.ctx, "redis", fleet, HOSTS, {}, 10.0)  # one host was seen
    looking.look_at_all(world.ctx, "redis", Fleet({}), HOSTS, {}, 10.0)
    looking.look(world.ctx, "redis", "r1", {}, 10.0)
    assert heard == [("redis", False), ("redis", True), ("redis", False)]


def test_only_aliases_of_one_host_alone_reach_the_probe() -> None:
    inventory = FakeInventory(
        {
            "g": {
                "r1": {"ansible_host": "10.0.0.1", "autofix_aliases": ["cache", "r1.example"]},
                "r2": {"ansible_host": "10.0.0.2", "autofix_aliases": "cache"},
            }
        }
    )
    assert inventory.target("r1").aliases == ("r1", "10.0.0.1", "r1.example")
    assert inventory.target("r2").aliases == ("r2", "10.0.0.2")
    assert inventory.resolve("cache") is None


def test_a_target_shows_no_variable() -> None:
    assert "hush" not in repr(Target("r1", variables={"redis_password": "hush"}))
