"""Escalation policies: their two forms, and what would leave a person uncalled."""

from __future__ import annotations

import pytest

from autofix.core.escalation import Level, Policy
from unit.config.conftest import Site

CHANNELS = """\
channels:
  ding: {type: mail, to: a}
  mail: {type: mail, to: b}
  phone: {type: mail, to: c}
"""


def said(site: Site, policies: str, level: str) -> list[str]:
    site.write("autofix.yaml", f"{CHANNELS}policies:\n{policies}")
    problems = [each for each in site.settings().problems if each.level == level]
    return site.words(problems)


def test_the_long_form_has_levels(site: Site) -> None:
    long = """\
  dba:
    levels:
      - {channels: [ding, mail], wait: 10m}
      - {channels: [phone]}
    repeat: 1h
    ack_lasts: 2h
"""
    assert said(site, long, "error") == []
    levels = (Level(("ding", "mail"), 600), Level(("phone",), 900))
    assert site.settings().policies["dba"] == Policy("dba", levels, 3600, 7200)


def test_the_short_form_is_one_level(site: Site) -> None:
    assert said(site, "  ops: {channels: [ding, mail], wait: 5m}\n", "error") == []
    made = Policy("ops", (Level(("ding", "mail"), 300),), 1800, 14400)
    assert site.settings().policies["ops"] == made


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        (
            "  ops: {}\n",
            "it calls nobody: write channels: [...], or levels with channels",
        ),
        ("  ops: {levels: []}\n", "it has no level: write - {channels: [...], wait: 10m}"),
        ("  ops: {channels: []}\n", "policy 'ops' has no channels: it calls nobody"),
        (
            "  ops: {levels: [{channels: [ding]}, {channels: []}]}\n",
            "level 2 of policy 'ops' has no channels: it calls nobody",
        ),
        ("  ops: {levels: [{wait: 5m}]}\n", "'channels' is missing"),
        (
            "  ops: {channels: [ding], levels: [{channels: [mail]}]}\n",
            "write levels, or channels and wait of the only level: not both",
        ),
        (
            "  ops: {levels: [{channels: [mail, pone]}]}\n",
            "there is no channel 'pone' (did you mean 'phone'?)",
        ),
        (
            "  ops: {levels: [{channels: [mail], wait: 5s}]}\n",
            "5s is too short: one channel may take 12s to fail",
        ),
        ("  ops: {channels: [ding], repeat: 5s}\n", "5s is too short: people need a minute"),
        ("  ops: {channels: [ding], repeat: [1]}\n", "write for example 30m"),
        ("  ops: {channels: [ding], repeat: soon}\n", "'soon' is not a duration"),
        ("  ops: {channels: [ding], wait: true}\n", "is not a duration"),
    ],
)
def test_what_would_call_nobody_is_refused_in_one_line(
    site: Site, policies: str, words: str
) -> None:
    (line,) = said(site, policies, "error")
    assert words in line
    assert line.startswith("autofix.yaml:")


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        (
            "  ops: {channels: [ding, mail], repeat: never}\n",
            "policy 'ops' stops calling after its last level (repeat: never) "
            "(a page that nobody saw is then forgotten: write repeat: 30m)",
        ),
        (
            "  ops: {channels: [ding, mail, phone], wait: 20s}\n",
            "policy 'ops' waits 20s, and its 3 channels may take 36s to fail (wait at least 36s)",
        ),
        (
            "  ops: {levels: [{channels: [ding]}, {channels: [ding]}]}\n",
            "policy 'ops' has one channel: when that fails, nobody is paged",
        ),
    ],
)
def test_what_is_doubtful_is_warned_of(site: Site, policies: str, words: str) -> None:
    assert said(site, policies, "error") == []
    assert any(words in line for line in said(site, policies, "warning"))


def test_a_policy_whose_channels_are_all_broken_reaches_nobody(site: Site) -> None:
    site.write(
        "autofix.yaml",
        "channels:\n  ding: {type: mail}\npolicies:\n  ops: {channels: [ding]}\n",
    )
    lines = site.words(site.settings().errors)
    assert "autofix.yaml:4: policy 'ops' reaches nobody: no channel of it can be used" in lines[1]


def test_a_policy_that_no_runbook_uses_is_warned_of(site: Site, runbook_text: str) -> None:
    site.write(
        "autofix.yaml",
        f"{CHANNELS}policies:\n  default: {{channels: [ding, mail]}}\n"
        "  dba: {channels: [mail, ding]}\n",
    )
    site.write("runbooks/redis.yaml", runbook_text)
    lines = site.words(site.load().problems)
    assert any("autofix.yaml:7: no runbook uses the policy 'dba'" in line for line in lines)
    site.write("runbooks/redis.yaml", f"{runbook_text}escalate: dba\n")
    assert not any("no runbook uses" in line for line in site.words(site.load().problems))


@pytest.mark.parametrize("url", ["autofix.example.com", "https://a b", "javascript:x", "ftp://x"])
def test_the_public_address_must_be_one(site: Site, url: str) -> None:
    site.write("autofix.yaml", f"public_url: '{url}'\n")
    (line,) = site.words(site.settings().errors)
    assert "this must be an address, such as https://autofix.example.com" in line
