"""What `check` says of abort_if, batches, and schedules that their own guards would hold."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.config.guard_models import NO_LIMIT
from autofix.scheduling.cron import shortest_distance

Site = Any  # of conftest.py, which can't be imported by name

TASK = """\
name: task
title: A task by the clock
triggers:
  - {schedule: CRON, hosts: redis}
fix: [{playbook: evict.yml}]
verify: none
guards: {GUARDS}
"""
EMPTY = """\
name: task
title: A task by the clock
triggers:
  - {schedule: 0 3 * * *, hosts: empty}
fix: [{playbook: evict.yml}]
verify: none
guards: {GUARDS}
"""


def guards_of(site: Site, text: str, guards: str) -> list[str]:
    site.write("runbooks/redis.yaml", f"{text}guards:\n  {guards}\n")
    return [one.partition(": ")[2] for one in site.errors()]


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        ("abort_if: nothing < 1", "abort_if: there is no fact 'nothing' here"),
        ("abort_if: inputs.nothing < 1", "abort_if: there is no input 'nothing'"),
        ("abort_if: labels.env == 'x'", "labels"),
        ("abort_if: port <", "abort_if: "),
        (
            "abort_if: host.env == 'prod'",
            "abort_if names no fact: what it says can't change while the fix runs (name a fact of "
            "the verification's probe)",
        ),
        ("batches: [0, 100%]", "0 is neither a number of hosts nor a percentage"),
        ("batches: [10]\n  at_once: 0", "0 is neither a number of hosts nor a percentage"),
        ("batches: [10%, 5%]", "each batch is larger than the one before"),
        ("batches: [5, 5]", "each batch is larger than the one before"),
        ("batches: [10%, 5]", "numbers of hosts come before percentages"),
        ("batches: [110%]", "'110%' is not a percentage"),
        ("batches: [ten]", "'ten' is not a percentage"),
        ("batches: 10%", "batches: "),
        ("batches: [1, true]", "true"),
    ],
)
def test_what_could_not_stop_or_pace_anything_is_refused(
    site: Site, runbook_text: str, guards: str, said: str
) -> None:
    found = guards_of(site, runbook_text, guards)
    assert any(said.lower() in one.lower() for one in found), found


def test_abort_if_needs_something_to_look_with(site: Site) -> None:
    text = TASK.replace("CRON", "0 3 * * *").replace("GUARDS", "abort_if: port < 1")
    site.write("runbooks/task.yaml", text)
    (found,) = [one for one in site.errors() if "abort_if" in one]
    assert "abort_if with verify: none: nothing is looked at while the fix runs" in found
    assert found.startswith("runbooks/task.yaml:7")


def test_a_percentage_of_no_hosts_is_refused(site: Site) -> None:
    site.write("runbooks/task.yaml", EMPTY.replace("GUARDS", "batches: [1, 10%, 100%]"))
    assert any("batches: 10% of no hosts" in one for one in site.errors())
    site.write("runbooks/task.yaml", EMPTY.replace("GUARDS", "batches: [1, 100%]"))
    assert site.errors() == []


def test_good_ones_are_read(site: Site, runbook_text: str) -> None:
    guards = "abort_if: used_memory_ratio > 0.99 or host.env == 'x'\n  batches: [1, 10%, 100%]"
    assert guards_of(site, runbook_text, guards) == []
    found = site.load().runbooks["redis-full"].guards
    assert found.batches == (1, 10.0, 100.0)
    assert found.abort_if.names == {"used_memory_ratio", "host.env"}
    assert found.at_once == NO_LIMIT


@pytest.mark.parametrize(
    ("at_once", "number", "percent"), [("at_once: 1", 1, None), ("at_once: 20%", 1, 20.0)]
)
def test_at_once_that_is_written_counts_beside_batches(
    site: Site, runbook_text: str, at_once: str, number: int, percent: float | None
) -> None:
    assert guards_of(site, runbook_text, f"batches: [50%]\n  {at_once}") == []
    found = site.load().runbooks["redis-full"].guards
    assert (found.at_once, found.at_once_percent) == (number, percent)


@pytest.mark.parametrize(
    ("cron", "guards", "said"),
    [
        ("0 3 * * *", "", ""),
        ("*/10 * * * *", "cooldown: 15m, attempts: {max: 999}", "the cooldown is 15m"),
        ("*/10 * * * *", "cooldown: 5m, attempts: {max: 999}", ""),
        ("0 * * * *", "", "it is due more than 3 times in 1d, and attempts allow 3"),
        ("0 * * * *", "attempts: {max: 25}", ""),
        ("0 8,12 * * *", "", ""),
        ("0 0,8,16 * * *", "", "it is due more than 3 times in 1d"),  # seconds decide
        ("0 8-18 * * mon-fri", "attempts: {max: 12}", ""),
        ("0 8-18 * * mon-fri", "attempts: {max: 10}", "it is due more than 10 times in 1d"),
    ],
)
def test_a_schedule_that_its_own_guards_would_hold_is_a_warning(
    site: Site, cron: str, guards: str, said: str
) -> None:
    site = site.with_(cron_distance=shortest_distance)
    site.write("runbooks/task.yaml", TASK.replace("CRON", f"'{cron}'").replace("GUARDS", guards))
    assert site.errors() == []
    found = [one for one in site.warnings() if "it is due" in one]
    assert len(found) == (1 if said else 0), found
    assert not said or said in found[0]
