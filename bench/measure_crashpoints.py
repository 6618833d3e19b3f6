"""What a crash point costs when none is armed, beside the loop that passes it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from autofix import crashpoints
from bench import Row

PASSES = 1_000_000
#: How many a trip through the flow passes, from signal to healed; see docs/reliability.md.
ON_A_TRIP = 60


def measure() -> Iterator[Row]:
    began = time.perf_counter()
    for _ in range(PASSES):
        pass
    empty = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(PASSES):
        crashpoints.reach("run.claimed")
    each = (time.perf_counter() - began - empty) / PASSES
    yield Row("crash point: one pass, none armed", each * 1e9, "ns", "< 1,000")
    yield Row(f"crash point: {ON_A_TRIP} passes", each * 1e6 * ON_A_TRIP, "µs", "", "about a trip")
