"""How many conditions of triggers are judged in a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autofix.core.conditions import parse
from bench import Row, rate

FACTS: dict[str, Any] = {
    "used_memory_ratio": 0.93,
    "aof_enabled": True,
    "connected_clients": 12,
    "role": "master",
    "host": {"env": "prod"},
    "inputs": {"target_ratio": 0.8},
}
CONDITIONS = {
    "one comparison": "used_memory_ratio > 0.90",
    "three joined": "used_memory_ratio > 0.90 and aof_enabled and role == 'master'",
    "an absent fact": "replica_lag_seconds > 5",
    "arithmetic, host and inputs": "used_memory_ratio * 100 > inputs.target_ratio * 100 "
    "and host.env in ['prod', 'stage']",
}
BATCH = 2000


def measure() -> Iterator[Row]:
    for what, text in CONDITIONS.items():
        condition = parse(text)

        def judge() -> int:
            for _ in range(BATCH):
                condition.holds(FACTS)  # noqa: B023
            return BATCH

        aim = "> 100,000" if what == "one comparison" else ""
        yield Row(f"condition: {what}", rate(judge), "per s", aim)
    one = rate(lambda: len([parse("used_memory_ratio > 0.90") for _ in range(100)]))
    yield Row("condition: parsed", one, "per s", "", "once, when files are read")
