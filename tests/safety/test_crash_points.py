"""SAFETY 14: killed -9 at every named crash point, autofix loses nothing and does nothing twice.

The real store and the real flow in a process that is killed and taken up by another; the world
around them (hosts, playbooks, channels, people) is told by a seed. See tests/crashkit.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.crashpoints import POINTS
from crashkit.cases import REAL_ONLY, Forged, cases

SOAK = [pytest.mark.soak, pytest.mark.timeout(3600)]
FORGED = [point for point in POINTS if point not in REAL_ONLY]


@pytest.fixture(scope="module")
def forge() -> Iterator[Forged]:
    # In memory where there is some: kill -9 takes nothing from the kernel's cache anyway.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="autofix-", dir=memory if memory.is_dir() else None))
    with Forged(folder) as forge:
        yield forge
    shutil.rmtree(folder)


def died_and_went_on(verdict: dict[str, Any]) -> bool:
    assert verdict["complaints"] == [], verdict
    assert all(verdict["died"]), f"not reached: {verdict['deaths']} of seed {verdict['seed']}"
    return True


def test_every_point_once(forge: Forged) -> None:
    missing, seed = list(FORGED), 0
    while missing and seed < 12:
        seed += 1
        told = forge.case(seed)
        assert died_and_went_on(told)
        for deaths in list(cases(seed, told, missing)):
            assert died_and_went_on(forge.case(seed, *deaths))
            missing.remove(deaths[-1].partition(":")[0])
    assert not missing, f"no story passes {missing}"


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_point_in_twenty_stories(forge: Forged) -> None:
    told_of = dict.fromkeys(FORGED, 0)
    for seed in range(1, 400):
        missing = [point for point, count in told_of.items() if count < 20]
        if not missing:
            break
        told = forge.case(seed)
        for deaths in cases(seed, told, missing):
            assert died_and_went_on(forge.case(seed, *deaths))
            told_of[deaths[-1].partition(":")[0]] += 1
    print(f"{sum(told_of.values())} deaths at {len(told_of)} points")
    assert min(told_of.values()) >= 20, told_of


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_before_and_after_every_commit_of_a_story(forge: Forged, seed: int) -> None:
    commits = forge.case(seed)["passes"]["commit.before"]
    for number in range(1, commits + 1):
        for where in ("before", "after"):
            assert died_and_went_on(forge.case(seed, f"commit.{where}:{number}"))
    print(f"seed {seed}: {commits} commits, each died before and after")


def some_deaths(seed: int, count: int = 4) -> list[str]:
    """Wherever it comes: at commits, in the middle of playbooks, on the way to a channel."""
    dice = random.Random(seed)
    far = {"commit.after": 40, "run.event": 8, "run.ended": 3, "page.sent": 2, "run.claimed": 3}
    chosen = dice.choices(list(far), [3, 6, 2, 1, 2], k=count)
    return [f"{point}:{dice.randint(1, far[point])}" for point in chosen]


@pytest.mark.parametrize("stories", [6, pytest.param(300, marks=SOAK)])
def test_several_deaths_in_one_story(forge: Forged, stories: int) -> None:
    deaths = 0
    for seed in range(1, stories + 1):
        verdict = forge.case(seed, *some_deaths(seed))
        assert verdict["complaints"] == [], verdict
        deaths += sum(verdict["died"])
    print(f"{stories} stories, {deaths} deaths")
    assert deaths > 2 * stories


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_again_and_again_while_it_recovers(forge: Forged) -> None:
    for seed in range(1, 21):
        again = [f"commit.{where}:{n}" for n in (1, 2, 3, 5) for where in ("before", "after")]
        assert died_and_went_on(forge.case(seed, f"run.event:{seed}", *again))
