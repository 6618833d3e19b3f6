"""How soon Now is there, in a real browser with an empty cache, when much is broken: 1,000 open
incidents and 100,000 runs in the store; and how much is loaded for it.

The browser is open already, as it is before anybody: a new window of Chromium loads pages of its
own at first, which cost more than Now does (`in a window that has just opened` says how much).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autofix.core.incidents import State
from bench import Row, fleet, seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from consolekit import Stage
from consolekit.chromium import Eyes
from storekit import event, incident

RUNS, INCIDENTS, TIMES = 100_000, 1_000, 15
#: Milliseconds until a new window of the browser rests.
OPENING = 1500
STATES = (State.ESCALATED, State.HELD, State.AWAITING_APPROVAL, State.ACKNOWLEDGED, State.VERIFYING)
PAINTED = """performance.getEntriesByName("first-contentful-paint").length > 0
  && document.documentElement.dataset.started !== undefined"""
PAINT = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const all = [page, ...performance.getEntriesByType("resource")];
  return [
    performance.getEntriesByName("first-contentful-paint")[0].startTime,
    all.reduce((sum, each) => sum + each.transferSize, 0),
    all.reduce((sum, each) => sum + each.decodedBodySize, 0),
    page.responseEnd,
  ];
}"""


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, Stage.set(Path(folder) / "project") as stage:
        fleet.runs(stage.store, RUNS)
        broken(stage)
        client = stage.client("olga")
        took = seconds(lambda: client.page("/"))
        yield Row("Now: made by the server", took * 1000, "ms")
        with Eyes() as eyes:
            who = eyes.context(stage, "olga").storage_state()
            hasty = [painted(stage, eyes, who, 0)[0] for _ in range(TIMES)]
            seen = [painted(stage, eyes, who, OPENING) for _ in range(TIMES)]
    paint, sent, size, arrived = (statistics.median(each) for each in zip(*seen, strict=True))
    yield Row("Now: the page has arrived", arrived, "ms", note="median, cold cache")
    yield Row("Now: first contentful paint", paint, "ms", "< 200", "median, cold cache")
    yield Row("Now: the slowest of them", max(each[0] for each in seen), "ms")
    just = statistics.median(hasty)
    yield Row("Now: first contentful paint", just, "ms", note="in a window that has just opened")
    yield Row("Now: transferred", sent / 1000, "kB", "< 100", "page, CSS, scripts, icon")
    yield Row("Now: the same, unpacked", size / 1000, "kB")


def broken(stage: Stage) -> None:
    """1,000 incidents, in every state that somebody has to look at."""
    now = stage.clock.now()
    with stage.store.transaction() as tx:
        for number in range(INCIDENTS):
            at = now - number
            made = incident(
                f"web{number % 4 + 1}", runbook="web-stuck", subject=f"{number}",
                state=STATES[number % len(STATES)], opened_at=at, updated_at=at,
                severity=f"P{number % 3}", reason="the last step did not heal: not gone within 20s",
            )  # fmt: skip
            tx.add_incident(made, event("incident.opened", at, incident=0))


def painted(stage: Stage, eyes: Eyes, who: Any, opening: int) -> Any:
    """One look with an empty cache: each has a browser context, and so a window, of its own."""
    context = eyes.context(stage, storage_state=who)
    page = context.new_page()
    page.wait_for_timeout(opening)
    page.goto(f"{stage.url}/", wait_until="load")
    while not page.evaluate(PAINTED):
        page.wait_for_timeout(20)
    found = page.evaluate(PAINT)
    context.close()
    return found
