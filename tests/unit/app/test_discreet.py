"""A probe's facts are told without the secrets of its host."""

from __future__ import annotations

from typing import Any

from autofix.app.discreet import discreet
from autofix.core.readings import Reading, Target
from autofix.ports import FleetProbe
from autofix.testing.probes import FakeFleetProbe, FakeProbe


class Chatty(FakeProbe):
    """Says a secret wherever it can."""

    def look(self, target: Target, options: Any, *, timeout: float, now: float) -> list[Reading]:
        facts = {
            "error": None,
            "output": "login root:s3cret-1 ok",
            "port": 6379,
            "s3cret-1": ["s3cret-1"],
        }
        return [Reading(target.host, now, facts)]


def test_secrets_are_struck_out_of_texts_and_numbers_stay() -> None:
    secrets = {"r1": ["s3cret-1", "6379"], "r2": []}
    probe = discreet(lambda _: Chatty(), secrets.__getitem__)("chatty")
    (seen,) = probe.look(Target("r1"), {}, timeout=1, now=1.0)
    assert seen.facts == {
        "error": None,
        "output": "login root:******** ok",
        "port": 6379,
        "********": ["********"],
    }
    (other,) = probe.look(Target("r2"), {}, timeout=1, now=1.0)
    assert other.facts["output"] == "login root:s3cret-1 ok"


def test_a_secret_that_changed_is_struck_as_it_is_now() -> None:
    secrets = ["another"]
    probe = discreet(lambda _: Chatty(), lambda _: secrets)("chatty")
    probe.look(Target("r1"), {}, timeout=1, now=1.0)
    secrets[:] = ["s3cret-1"]
    (seen,) = probe.look(Target("r1"), {}, timeout=1, now=1.0)
    assert "s3cret-1" not in repr(seen)


def test_a_probe_of_many_hosts_stays_one_and_strikes_each_hosts_own_secrets() -> None:
    secrets = {"r1": ["s3cret-1"], "r2": ["other-2"]}
    fleet = FakeFleetProbe("fleet", {"said": "s3cret-1 other-2"})
    probe = discreet(lambda _: fleet, secrets.__getitem__)("fleet")
    assert isinstance(probe, FleetProbe)
    seen = probe.look_at_all([Target("r1"), Target("r2")], {}, timeout=1, now=1.0)
    said = {host: readings[0].facts["said"] for host, readings in seen.items()}
    assert said == {"r1": "******** other-2", "r2": "s3cret-1 ********"}
    assert fleet.asked == 1
    assert not isinstance(discreet(lambda _: FakeProbe(), secrets.__getitem__)("x"), FleetProbe)
