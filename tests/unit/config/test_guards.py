"""What `check` says of guards, limits and freezes that could not do what they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autofix.core.limits import Limits
from autofix.core.moments import parse as moment
from autofix.core.runbooks import Approvers, Attempts, Dependency
from autofix.testing.inventory import FakeInventory

Site = Any  # of conftest.py, which can't be imported by name

OFFICE = "calendars: {office: {hours: {mon-fri: '09:00-18:00'}}}\n"
INVENTORY = FakeInventory(
    {"redis": {"r1": {"env": "prod", "primary": "r2"}, "r2": {"env": "test"}}, "empty": {}}
)
ALERT = """\
  - alert: RedisFull
    host: instance
    inputs: {target: labels.target}
"""


def more(site: Site, lines: str) -> None:
    """Add lines to the settings."""
    path: Path = site.folder / "autofix.yaml"
    path.write_text(path.read_text() + lines)


def errors(site: Site, text: str, guards: str) -> list[str]:
    """What is wrong with the runbook with these guards, without the file's name before it."""
    site = site.with_(inventory=INVENTORY)
    site.write("runbooks/redis.yaml", f"{text}guards:\n  {guards}\n")
    return [one.partition(": ")[2] for one in site.errors()]


@pytest.mark.parametrize(
    ("guards", "said"),
    [
        (
            "hours: ofice",
            "hours: there is no calendar 'ofice' (did you mean 'office'?)",
        ),
        (
            "approval: used_memory_ratio > 0.5",
            "approval: 'used_memory_ratio' is a fact: what a target says of itself must not switch "
            "a brake off: use host. or inputs.",
        ),
        (
            "approval: labels.env == 'prod'",
            "approval: labels.env is a sender's: who posts an alert must not be able to switch a "
            "brake off: use host. or inputs.",
        ),
        ("approval: host.env ==", "approval: "),
        (
            "approval: inputs.nothing == 1",
            "approval: there is no input 'nothing' (known: note, target)",
        ),
        (
            "approval: host.env",
            'approval: host.env (host.env = "prod") is not true or false on r1, r2 '
            "(compare it, as in host.env == 'prod')",
        ),
        (
            "approval: host.stage == 'prod'",
            "approval: host.stage == 'prod' (host.stage = unknown) can't be told on r1, r2: it "
            "would always be asked for (set the variable in the inventory, or use default(…))",
        ),
        ("approvers: []", "approvers: nobody could approve: name users or groups, or leave"),
        (
            "unless: host.stage == 'prod'",
            "unless: host.stage == 'prod' (host.stage = unknown) can't be told on r1, r2: it would "
            "always hold",
        ),
        ("unless: nothing > 1", "unless: there is no fact 'nothing' here"),
        ("depends_on: [host-down]", "depends_on: there is no runbook 'host-down'"),
        ("depends_on: [redis-full]", "depends_on goes in a circle: redis-full → redis-full"),
        (
            "depends_on: [{runbook: other, host: host.env}]",
            'host: host.env (host.env = "prod") names no host on r1, r2: it would always hold',
        ),
        ("at_once: 0%", "at_once: '0%' is not a percentage: write for example 30%, at most 100%"),
        ("at_once: 0", "at_once: 0 is neither a number of hosts nor a percentage: write 2 or 10%"),
        ("attempts: {half_open_after: 0s}", "half_open_after: "),
    ],
)
def test_a_guard_that_could_not_do_its_work_is_refused(
    site: Site, runbook_text: str, guards: str, said: str
) -> None:
    more(site, OFFICE)
    site.write("runbooks/other.yaml", runbook_text.replace("redis-full", "other"))
    text = runbook_text.replace("inputs:\n", "inputs:\n  note: {}\n", 1)
    found = errors(site, text, guards)
    assert [one for one in found if said in one], found


@pytest.mark.parametrize("brake", ["approval", "unless", "abort_if"])
def test_an_input_that_an_alert_fills_is_a_senders(
    site: Site, runbook_text: str, brake: str
) -> None:
    text = runbook_text.replace("inputs:\n", f"{ALERT}inputs:\n", 1)
    said = (
        f"{brake}: inputs.target is filled by an alert: who posts one must not be able to switch "
        "a brake off (use host., or an input that only people set)"
    )
    assert said in errors(site, text, f"{brake}: inputs.target > 0.5")


def test_an_approval_of_a_step_is_no_senders_either(site: Site, runbook_text: str) -> None:
    text = runbook_text.replace("inputs:\n", f"{ALERT}inputs:\n", 1)
    text = text.replace("fix:\n", "fix:\n  - {playbook: a.yml, approval: inputs.target > 0.5}\n", 1)
    assert any(
        "approval: inputs.target is filled by an alert" in one
        for one in errors(site, text, "cooldown: 5m")
    )


def test_an_index_reaches_a_senders_input_no_better_than_a_dot(
    site: Site, runbook_text: str
) -> None:
    text = runbook_text.replace("inputs:\n", f"{ALERT}inputs:\n", 1)
    (found,) = errors(site, text, """approval: inputs['target'] > 0.5""")
    assert "inputs.target is filled by an alert" in found
    (found,) = errors(site, text, "approval: inputs | count > 1")
    assert "'inputs' holds names" in found


def test_what_is_healed_hangs_on_a_senders_number_within_bounds_only(
    site: Site, runbook_text: str
) -> None:
    text = runbook_text.replace("inputs:\n", f"{ALERT}inputs:\n  free: {{type: number}}\n", 1)
    text = text.replace("inputs: {target: labels.target}", "inputs: {free: labels.target}")
    text = text.replace("until: ", "until: used_memory_ratio < inputs.free and ", 1)
    assert errors(site, text, "cooldown: 5m") == []
    warnings = site.with_(inventory=INVENTORY).warnings()
    assert [one for one in warnings if "its sender says what is healed" in one]
    bounded = text.replace("free: {type: number}", "free: {type: number, min: 0, max: 0.9}")
    assert errors(site, bounded, "cooldown: 5m") == []
    warnings = site.with_(inventory=INVENTORY).warnings()
    assert not [one for one in warnings if "its sender says what is healed" in one]


def test_a_subject_that_a_sender_chooses_must_be_found_by_the_verification(
    site: Site, runbook_text: str
) -> None:
    alert = ALERT.replace("inputs: {target: labels.target}", "subject: labels.port")
    head, _, rest = runbook_text.partition("triggers:\n")
    text = f"{head}triggers:\n{alert}inputs:{rest.partition('inputs:')[2]}"
    assert errors(site, text, "cooldown: 5m") == []
    warnings = site.with_(inventory=INVENTORY).warnings()
    assert [one for one in warnings if "subject: who posts the alert chooses it" in one]
    found_by = text.replace("verify:\n", "verify:\n  subject: port\n")
    assert errors(site, found_by, "cooldown: 5m") == []
    warnings = site.with_(inventory=INVENTORY).warnings()
    assert not [one for one in warnings if "chooses it" in one]


def test_a_percentage_of_no_hosts_is_refused(site: Site, runbook_text: str) -> None:
    text = runbook_text.replace("hosts: redis", "hosts: empty")
    (found,) = errors(site, text, "at_once: 10%")
    assert found.startswith("at_once: 10% of no hosts: its triggers name none")


def test_what_can_be_told_on_some_hosts_only_is_a_warning(site: Site, runbook_text: str) -> None:
    guards = "unless: host.primary == 'r9'"
    assert errors(site, runbook_text, guards) == []
    (warning,) = site.with_(inventory=INVENTORY).warnings()
    assert "can't be told on r2: it would always hold" in warning


def test_runbooks_that_wait_for_each_other_are_refused(site: Site, runbook_text: str) -> None:
    for name, waits_for in (("a", "b"), ("b", "c"), ("c", "a")):
        text = runbook_text.replace("redis-full", name)
        site.write(f"runbooks/{name}.yaml", f"{text}guards: {{depends_on: [{waits_for}]}}\n")
    said = [one for one in site.errors() if "circle" in one]
    assert len(said) == 3
    assert "a → b → c → a" in said[0]


def test_good_guards_are_read(site: Site, runbook_text: str) -> None:
    site.write("runbooks/down.yaml", runbook_text.replace("redis-full", "down"))
    guards = """\
guards:
  at_once: 20%
  attempts: {max: 2, per: 1h, half_open_after: 10m}
  hours: always
  depends_on: [down, {runbook: down, host: host.primary | default(host.name)}]
  unless: used_memory_ratio > 0.99 or host.env == 'test'
  approval: host.env == 'prod'
  approvers: {users: [ann], groups: [dba]}
  approval_within: 30m
"""
    site.write("runbooks/redis.yaml", runbook_text + guards)
    site = site.with_(inventory=INVENTORY)
    assert site.errors() == []
    found = site.load().runbooks["redis-full"].guards
    assert (found.at_once_percent, found.hours, found.approval_within) == (20.0, "always", 1800)
    assert found.attempts == Attempts(2, 3600, 600)
    assert found.approvers == Approvers(("ann",), ("dba",))
    assert found.depends_on[0] == Dependency("down")
    assert found.depends_on[1].host is not None
    assert found.unless is not None


def test_limits_and_freezes_are_read_on_the_wall_clock_of_the_zone(site: Site) -> None:
    lines = """\
timezone: Europe/Berlin
limits: {runs_per_hour: 5, hosts_at_once: 2, percent_of_group: 12.5%, groups: [redis]}
freezes:
  - {from: 2026-12-24 18:00, until: 2027-01-02, reason: the year's end, hosts: [redis1]}
"""
    more(site, lines)
    assert site.errors() == []
    settings = site.settings()
    assert settings.limits == Limits(5, 2, 12.5, frozenset({"redis"}))
    (freeze,) = settings.freezes
    assert freeze.starts_at == moment("2026-12-24T17:00+00:00", "UTC")
    assert freeze.until == moment("2027-01-02T23:00+00:00", "UTC")  # the whole day counts
    assert freeze.hosts == ("redis1",)


def test_without_them_there_are_limits_all_the_same(site: Site) -> None:
    assert site.settings().limits == Limits(60, 10, 30.0, None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("limits: {percent_of_group: 30}", "percent_of_group: 30 is not a percentage"),
        ("limits: {percent_of_group: 0%}", "percent_of_group: '0%' is not a percentage"),
        ("limits: {hosts_at_once: 0}", "hosts_at_once: "),
        ("limits: {groups: [redsi]}", "limits: there is no group 'redsi' in the inventory"),
        ("limits: {groups: [redis1]}", "limits: 'redis1' is a host, not a group"),
        ("freezes: [{from: soon, until: 2027-01-02, reason: x}]", "'soon' is no date and time"),
        (
            "freezes: [{from: 2027-01-03, until: 2027-01-02, reason: x}]",
            "until 2027-01-02 is not after from 2027-01-03",
        ),
        ("freezes: [{from: 2027-01-01, until: 2027-01-02}]", "reason"),
        (
            "freezes: [{from: 2027-01-01, until: 2027-01-02, reason: x, runbooks: [redis-ful]}]",
            "freezes: there is no runbook 'redis-ful' (did you mean 'redis-full'?)",
        ),
        (
            "freezes: [{from: 2027-01-01, until: 2027-01-02, reason: x, hosts: [redis]}]",
            "freezes: 'redis' is a group, not a host",
        ),
        (
            "freezes: [{from: 2027-01-01, until: 2027-01-02, reason: x, groups: [nobody]}]",
            "freezes: there is no group 'nobody' in the inventory",
        ),
    ],
)
def test_a_limit_or_a_freeze_that_would_hold_nothing_is_refused(
    site: Site, line: str, said: str
) -> None:
    more(site, f"{line}\n")
    found = site.errors()
    assert [one for one in found if said in one], found
