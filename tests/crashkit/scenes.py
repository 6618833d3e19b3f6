"""What a seed's story is about: a few failures, a few wishes of people, a wall clock that jumps."""

from __future__ import annotations

import random
from dataclasses import dataclass

from crashkit.books import BOOKS, FACTS, HOSTS

#: A seed whose story is one person's wish, and nothing more.
BRIEF = 0
#: From this seed on, the clock on the wall jumps in every story.
JUMPING = 1000
LENGTH = 90.0  # seconds in which things happen; what follows of them is told to its end


@dataclass(frozen=True)
class Scene:
    """Something that happens by itself at a moment, once."""

    after: float
    what: str  # ill | ask | alert | over | pause | resume | jump
    host: str
    which: str = ""  # the fact, the runbook, or the seconds of a jump


def scenes(seed: int) -> list[Scene]:
    """What this seed's story is about: a few failures, a few wishes of people."""
    if seed == BRIEF:
        return [Scene(1.0, "ask", "r1", "task")]
    dice = random.Random(seed)
    found = [
        Scene(dice.uniform(1, LENGTH / 2), "ill", host, fact)
        for host in HOSTS
        for fact in dice.sample(list(FACTS), dice.choice([1, 1, 2]))
    ]
    found += [
        Scene(dice.uniform(1, LENGTH), "ask", dice.choice(HOSTS), dice.choice(list(BOOKS)))
        for _ in range(3)
    ]
    paused, since = dice.choice(["", *HOSTS]), dice.uniform(1, LENGTH / 2)
    found += [Scene(since, "pause", paused), Scene(since + dice.uniform(5, 60), "resume", paused)]
    alerts = random.Random(f"{seed} alerts")
    found += [
        Scene(
            alerts.uniform(1, LENGTH),
            alerts.choice(["alert", "alert", "over"]),
            alerts.choice(HOSTS),
            alerts.choice(list(FACTS)),
        )
        for _ in range(2)
    ]
    for _ in range(3 if seed >= JUMPING else 0):
        jump = dice.choice([-86400, -3600, 3600, 86400])
        found.append(Scene(dice.uniform(1, LENGTH + 20), "jump", "", str(jump)))
    return sorted(found, key=lambda each: each.after)


def does(seed: int, host: str, playbook: str) -> str:
    """cures | nothing | fails: always the same for one story, host and playbook."""
    dice = random.Random(f"{seed} {host} {playbook}")
    if playbook.endswith("-back.yml"):
        return dice.choices(["nothing", "fails"], [9, 1])[0]
    if playbook.endswith("-undo.yml"):
        # What a person can have undone is what was not undone already.
        return dice.choices(["nothing", "fails"], [6, 4])[0]
    return dice.choices(["cures", "nothing", "fails"], [4, 4, 2])[0]
