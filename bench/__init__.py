"""Measurements, one command and one table: `make bench`, or `python -m bench [NAME…]`.

Each file `bench/measure_*.py` has a function `measure()` that yields rows; a new file is found by
its name. Nothing here is a test: a slow machine shows larger figures, and fails nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `aim`: what we want, in words, empty when there is none."""

    what: str
    value: float
    unit: str
    aim: str = ""
    note: str = ""


def seconds(work: Callable[[], object], *, times: int = 5) -> float:
    """The median wall-clock time of one call."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def rate(work: Callable[[], int], *, at_least: float = 1.0) -> float:
    """Things done in a second: `work` does some and says how many, again until time is up."""
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < at_least or not done:
        done += work()
    return done / spent
