"""Runbook files: what they become, and everything that can be wrong in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autofix.core.runbooks import AlertTrigger, Attempts, Blind, ProbeTrigger, ScheduleTrigger
from autofix.errors import ConfigError, UsageError

Site = Any  # of conftest.py, which can't be imported by name

FULL = """\
name: full
title: "  All keys  "
severity: P0
about: |
  # Guide
enabled: false
idempotent: true
triggers:
  - probe: redis
    hosts: redis, redis1
    every: 10s
    jitter: 1s
    timeout: 3s
    when: used_memory_ratio > inputs.limit and host.env == 'prod'
    for: 1m30s
    clear_when: used_memory_ratio < 0.8
    subject: port
    with: {port: 6380}
    blind: {after: 5, then: hold}
  - alert: RedisFull
    match: {team: cache}
    host: node
    strip_port: true
    when: labels.severity == 'critical'
    subject: labels.port
    inputs: {note: "labels['app.kubernetes.io/name']"}
  - schedule: 0 3 * * *
    hosts: redis1
    jitter: 5m
inputs:
  limit: {type: number, default: 0.9}
  note: {default: "", max_length: 50, pattern: "[a-z]*", help: why}
  mode: {choices: [soft, hard], default: soft}
fix:
  - playbook: evict.yml
    when: aof_enabled and error is none
    vars:
      words: "{{ inputs.mode }}: {{ inputs.note }}"
      list: ["{{ used_memory_ratio }}"]
    timeout: 2m
    approval: always
    rollback: evict.yml
    afterwards: evict.yml
verify:
  probe: redis
  until: used_memory_ratio < 0.85
  within: 1m
  hold: 10s
  every: 2s
  timeout: 4s
  subject: port
  with: {port: 6380}
guards:
  cooldown: 10m
  attempts: {max: 2, per: 12h}
  at_once: 3
  hold_limit: 5m
  approval: always
escalate: dba
"""


def test_the_defaults_are_the_documented_ones(site: Site) -> None:
    project = site.load()
    assert project.problems == ()
    book = project.runbooks["redis-full"]
    (trigger,) = book.triggers
    assert isinstance(trigger, ProbeTrigger)
    assert (book.severity, book.enabled, book.idempotent, book.escalate) == (
        "P2", True, False, "default",
    )  # fmt: skip
    assert (trigger.every, trigger.for_, trigger.timeout, trigger.blind) == (60, 60, 10, Blind())
    assert (book.guards.cooldown, book.guards.attempts, book.guards.at_once) == (
        300, Attempts(3, 86400), 1,
    )  # fmt: skip
    assert book.fix[0].vars["target"].render({"inputs": {"target": 0.7}}) == 0.7
    assert book.verify is not None
    assert book.verify.until.holds({"used_memory_ratio": 0.5}) is True
    assert Path(book.file).name == "redis.yaml"


def test_every_key_arrives(site: Site) -> None:
    site.write("autofix.yaml", site.folder.joinpath("autofix.yaml").read_text().rstrip()
               + "\n  dba: {channels: [chat, mail]}\n")  # fmt: skip
    site.write("runbooks/full.yml", FULL)
    project = site.load()
    assert site.words(project.problems) == []
    book = project.runbooks["full"]
    probe, alert, schedule = book.triggers
    assert isinstance(probe, ProbeTrigger)
    assert isinstance(alert, AlertTrigger)
    assert schedule == ScheduleTrigger("0 3 * * *", "redis1", 300)
    assert (probe.every, probe.jitter, probe.timeout, probe.for_) == (10, 1, 3, 90)
    assert (probe.options, probe.blind) == ({"port": 6380}, Blind(5, "hold"))
    assert probe.clear_when is not None
    assert alert.match == {"team": "cache"}
    assert alert.inputs["note"].value({"labels": {"app.kubernetes.io/name": "a"}}) == "a"
    assert (alert.host, alert.strip_port) == ("node", True)
    assert (book.title, book.severity, book.about) == ("All keys", "P0", "# Guide\n")
    assert (book.enabled, book.idempotent, book.escalate) == (False, True, "dba")
    assert book.inputs["mode"].choices == ("soft", "hard")
    step = book.fix[0]
    assert (step.approval, step.rollback, step.afterwards, step.timeout) == (
        "always", "evict.yml", "evict.yml", 120,
    )  # fmt: skip
    assert book.verify is not None
    assert (book.verify.within, book.verify.hold, book.verify.every) == (60, 10, 2)
    assert book.guards.approval == "always"
    assert (book.guards.hold_limit, book.guards.attempts) == (300, Attempts(2, 43200))


def test_a_task_without_a_symptom_needs_no_verification(site: Site) -> None:
    site.write(
        "runbooks/redis.yaml",
        "name: refresh\ntitle: Refresh\nverify: none\nfix: [{playbook: evict.yml}]\n"
        "triggers: [{schedule: 0 3 * * *, hosts: redis}]\n",
    )
    project = site.load()
    assert site.words(project.problems) == []
    assert project.runbooks["refresh"].verify is None


VERIFY = "verify:\n  probe: redis\n  until: used_memory_ratio < 0.85\n"

#: (what is replaced in the good runbook, by what, the whole list of errors)
BROKEN = [
    ("name key", "name: redis-full", "nmae: redis-full", [
        "runbooks/redis.yaml:1: 'name' is missing",
        "runbooks/redis.yaml:1: unknown key 'nmae' (did you mean 'name'?)",
    ]),
    ("name", "name: redis-full", "name: Redis Full", [
        "runbooks/redis.yaml:1: name: 'Redis Full' is not a name: use small letters, digits, - "
        "and _, at most 63",
    ]),
    ("title", "title: Redis is full", "title:", [
        "runbooks/redis.yaml:2: title: this must be text: put it in quotes",
    ]),
    ("severity", "triggers:", "severity: high\ntriggers:", [
        "runbooks/redis.yaml:3: severity: must be 'P0', 'P1', 'P2' or 'P3'",
    ]),
    ("enabled", "triggers:", "enabled: maybe\ntriggers:", [
        "runbooks/redis.yaml:3: enabled: this must be true or false",
    ]),
    ("batches", "triggers:", "batches: [10%]\ntriggers:", [
        "runbooks/redis.yaml:3: unknown key 'batches' (known: about, deadlines, enabled, escalate, "
        "fix, guards, idempotent, inputs, name, severity, title, triggers, verify)",
    ]),
    ("triggers key", "triggers:", "trigers:", [
        "runbooks/redis.yaml:3: unknown key 'trigers' (did you mean 'triggers'?)",
    ]),
    ("trigger kind", "- probe: redis", "- prob: redis", [
        "runbooks/redis.yaml:4: trigger 1 has no kind (begin it with one of `- probe:`, "
        "`- alert:`, `- schedule:`)",
    ]),
    ("two kinds", "for: 1m", "alert: X", [
        "runbooks/redis.yaml:4: trigger 1 has probe and alert at once (begin it with one of "
        "`- probe:`, `- alert:`, `- schedule:`)",
    ]),
    ("unknown trigger key", "for: 1m", "fro: 1m", [
        "runbooks/redis.yaml:7: unknown key 'fro' (did you mean 'for'?)",
    ]),
    ("duration", "for: 1m", "for: soon", [
        "runbooks/redis.yaml:7: for: 'soon' is not a duration; write for example 30s, 5m, 2h or 1d",
    ]),
    ("every 0", "for: 1m", "every: 0s", [
        "runbooks/redis.yaml:7: every: must be at least 0.5",
    ]),
    ("every and cron", "for: 1m", "every: 1m\n    cron: '* * * * *'", [
        "runbooks/redis.yaml:4: every and cron exclude each other: keep one",
    ]),
    ("cron", "for: 1m", "cron: often", [
        "runbooks/redis.yaml:7: cron: 'often' has not five fields",
    ]),
    ("probe", "- probe: redis", "- probe: rediss", [
        "runbooks/redis.yaml:4: there is no probe 'rediss' (did you mean 'redis'?)",
    ]),
    ("with", "for: 1m", "with: {prot: 1}", [
        "runbooks/redis.yaml:7: with: unknown key 'prot' did you mean 'port'?",
    ]),
    ("hosts", "hosts: redis", "hosts: rediss", [
        "runbooks/redis.yaml:5: no host or group 'rediss' in the inventory (did you mean 'redis'?)",
    ]),
    ("no hosts", "hosts: redis", "hosts: ''", [
        "runbooks/redis.yaml:5: hosts: this must be one line of text",
    ]),
    ("half hosts", "hosts: redis", "hosts: 'redis,'", [
        "runbooks/redis.yaml:5: hosts 'redis,' is empty (name a group or a host)",
    ]),
    ("fact", "when: used_memory_ratio > 0.9", "when: used_memory_rate > 0.9", [
        "runbooks/redis.yaml:6: when: there is no fact 'used_memory_rate' here (did you mean "
        "'used_memory_ratio'?)",
    ]),
    ("expression", "when: used_memory_ratio > 0.9", "when: open('x')", [
        "runbooks/redis.yaml:6: when: calling functions or methods is not allowed in an expression "
        "(column 5 of `open('x')`): use a filter, such as `name | lower`",
    ]),
    ("no expression", "when: used_memory_ratio > 0.9", "when:", [
        "runbooks/redis.yaml:6: when: an expression is text: write for example "
        "`used_memory_ratio > 0.9`",
    ]),
    ("labels in a guard", "when: used_memory_ratio > 0.9", "when: labels.x == 'y'", [
        "runbooks/redis.yaml:6: when: labels. is not allowed here (column 1 of `labels.x == 'y'`): "
        "allowed: facts, host., inputs.",
    ]),
    ("input type", "type: number", "type: nubmer", [
        "runbooks/redis.yaml:9: type: must be 'string', 'number', 'integer' or 'boolean'",
    ]),
    ("default", "default: 0.8", "default: 0.99", [
        "runbooks/redis.yaml:9: target: default: 0.99 is above the maximum 0.95",
    ]),
    ("pattern", "type: number", "type: string, pattern: '(a+)+'", [
        "runbooks/redis.yaml:9: target: min and max are for numbers, and this is a string",
    ]),
    ("required", "default: 0.8", "required: true", [
        "runbooks/redis.yaml:4: the input 'target' is required, and this trigger does not give it "
        "(give the input a default)",
    ]),
    ("undeclared input", "inputs.target }}", "inputs.tagret }}", [
        "runbooks/redis.yaml:12: target: there is no input 'tagret' (did you mean 'target'?)",
    ]),
    ("no playbook", "playbook: evict.yml", "playbook: evcit.yml", [
        "runbooks/redis.yaml:11: there is no playbook evcit.yml (did you mean 'evict.yml'?)",
    ]),
    ("traversal", "playbook: evict.yml", "playbook: a/../../evict.yml", [
        "runbooks/redis.yaml:11: playbook: 'a/../../evict.yml' leads out of the playbooks folder: "
        "name a file inside it",
    ]),
    ("absolute", "playbook: evict.yml", "playbook: /etc/evict.yml", [
        "runbooks/redis.yaml:11: playbook: '/etc/evict.yml' is not a playbook: name a .yml file "
        "inside the playbooks folder",
    ]),
    ("reserved variable", "vars: {target:", "vars: {host:", [
        "runbooks/redis.yaml:12: vars: 'host' is what autofix itself gives every playbook: choose "
        "another name",
    ]),
    ("bad variable", "vars: {target:", "vars: {__unsafe:", [
        "runbooks/redis.yaml:12: vars: '__unsafe' is reserved: a name starts neither with __ nor "
        "with ansible_",
    ]),
    ("template", '"{{ inputs.target }}"', '"{% if x %}"', [
        "runbooks/redis.yaml:12: target: `{% %}` and `{# #}` are not allowed (in `{% if x %}`): "
        "use {{ expression }}",
    ]),
    ("no verify", VERIFY, "", [
        "runbooks/redis.yaml:1: 'verify' is missing (write probe and until below it, or "
        "`verify: none` for a task without a symptom)",
    ]),
    ("verify none", VERIFY, "verify: none", [
        "runbooks/redis.yaml:13: verify: none is not possible with a probe or alert trigger "
        "(a symptom must be proven gone: write probe and until under verify)",
    ]),
    ("verify null", VERIFY, "verify:", [
        "runbooks/redis.yaml:13: verify says nothing that can be looked at (write probe and until "
        "below it, or `verify: none` for a task without a symptom)",
    ]),
    ("until", "  until: used_memory_ratio < 0.85\n", "", [
        "runbooks/redis.yaml:13: verify: 'until' is missing",
    ]),
    ("policy", "verify:", "escalate: dba\nverify:", [
        "runbooks/redis.yaml:13: there is no escalation policy 'dba' (known: default)",
    ]),
    ("guards", "verify:", "guards: {attempts: {max: 0}}\nverify:", [
        "runbooks/redis.yaml:13: max: must be at least 1",
    ]),
    ("no steps", "fix:\n  - playbook: evict.yml\n    vars: {target: \"{{ inputs.target }}\"}\n",
     "fix: []\n", [
        "runbooks/redis.yaml:10: fix: list should have at least 1 item after validation, not 0",
    ]),
    ("not a list", "triggers:\n", "triggers: x\nabout: |\n", [
        "runbooks/redis.yaml:3: triggers: this must be a list: put - before each",
    ]),
    ("vault", "title: Redis is full", "title: !vault x", [
        "runbooks/redis.yaml:2: !vault is not known here (only channels and connections in the "
        "settings take it)",
        "runbooks/redis.yaml:2: title: this must be text: put it in quotes",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "errors"), [case[1:] for case in BROKEN],
                         ids=[case[0] for case in BROKEN])  # fmt: skip
def test_a_fault_is_named_with_its_line_and_its_cure(
    site: Site, runbook_text: str, old: str, new: str, errors: list[str]
) -> None:
    assert old in runbook_text
    site.write("runbooks/redis.yaml", runbook_text.replace(old, new, 1))
    assert site.errors() == errors
    assert "redis-full" not in site.load().runbooks


def test_all_faults_of_all_files_are_said_at_once(site: Site, runbook_text: str) -> None:
    site.write("runbooks/a.yaml", runbook_text.replace("for: 1m", "for: x").replace("redis-", "a-"))
    site.write("runbooks/b.yaml", "- a list\n")
    site.write("runbooks/c.yaml", "name: c\ntitle: [\n")
    site.write("autofix.yaml", "timezone: Mars\nzone: x\n")
    said = "\n".join(site.errors())
    for part in (
        "a.yaml:7",
        "b.yaml:1",
        "c.yaml:3",
        "autofix.yaml:1",
        "autofix.yaml:2",
        "'default'",
    ):
        assert part in said


def test_a_broken_file_hides_no_good_one(site: Site) -> None:
    site.write("runbooks/broken.yaml", "name: broken\n")
    project = site.load()
    assert list(project.runbooks) == ["redis-full"]
    assert project.for_run("redis-full").name == "redis-full"
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        project.for_run("broken")
    with pytest.raises(ConfigError):
        project.check()


def test_an_error_in_the_settings_stops_every_run(site: Site) -> None:
    site.write("autofix.yaml", "policies: {default: {channels: [nobody]}}\n")
    with pytest.raises(ConfigError, match="there is no channel 'nobody'"):
        site.load().for_run("redis-full")


def test_an_unknown_runbook_is_a_slip_of_the_hand(site: Site) -> None:
    with pytest.raises(UsageError, match="there is no runbook 'redis-ful'") as caught:
        site.load().for_run("redis-ful")
    assert caught.value.hint == "did you mean 'redis-full'?"


def test_the_policy_default_is_demanded_as_soon_as_a_trigger_exists(site: Site) -> None:
    site.write("autofix.yaml", "timezone: UTC\n")
    site.write("runbooks/hand.yaml", "name: hand\ntitle: By hand\nverify: none\n"
               "fix: [{playbook: evict.yml}]\n")  # fmt: skip
    assert site.errors() == [
        "autofix.yaml:1: there is no escalation policy 'default', and runbooks have triggers "
        "(write policies: {default: {channels: [...]}})"
    ]
    assert site.load().for_run("hand").name == "hand"
    with pytest.raises(ConfigError):
        site.load().for_run("redis-full")


def test_a_name_taken_twice_belongs_to_nobody(site: Site, runbook_text: str) -> None:
    site.write("runbooks/second.yaml", runbook_text)
    project = site.load()
    assert project.runbooks == {}
    assert site.words(project.errors) == [
        "runbooks/redis.yaml:1: the name 'redis-full' is taken by runbooks/second.yaml "
        "(rename one)",
        "runbooks/second.yaml:1: the name 'redis-full' is taken by runbooks/redis.yaml "
        "(rename one)",
    ]


def test_what_is_only_odd_is_a_warning(site: Site, runbook_text: str) -> None:
    text = runbook_text.replace("hosts: redis", "hosts: empty").replace("{{ inputs.target }}", "1")
    site.write("runbooks/redis.yaml", text)
    assert site.errors() == []
    assert site.warnings() == [
        "runbooks/redis.yaml:5: hosts 'empty' has no hosts: this is armed for nobody "
        "(add hosts to the inventory)",
        "runbooks/redis.yaml:9: the input 'target' is declared and never used "
        "(use it in a step's vars, or remove it)",
    ]
    assert "redis-full" in site.load().runbooks


def test_a_link_out_of_the_playbooks_folder_is_refused(site: Site, runbook_text: str) -> None:
    outside = site.write("elsewhere/evil.yml", "- hosts: all\n")
    (site.folder / "playbooks/evict.yml").unlink()
    (site.folder / "playbooks/evict.yml").symlink_to(outside)
    assert site.errors() == [
        "runbooks/redis.yaml:11: evict.yml leads out of the playbooks folder "
        "(copy it into the folder)"
    ]


def test_an_open_ended_probe_may_give_any_fact(site: Site, runbook_text: str) -> None:
    text = runbook_text.replace("probe: redis", "probe: command").replace(
        "0.9\n", "0.9 and other\n"
    )
    site.write("runbooks/redis.yaml", text)
    assert site.errors() == []


def test_a_runbook_without_a_probe_has_no_facts(site: Site) -> None:
    site.write(
        "runbooks/redis.yaml",
        "name: a\ntitle: A\nverify: none\nfix:\n  - playbook: evict.yml\n    when: aof_enabled\n",
    )
    assert site.errors() == [
        "runbooks/redis.yaml:6: when: there is no fact 'aof_enabled' here "
        "(without a probe there are no facts: use inputs. or host.)"
    ]


def test_an_alert_has_labels_and_no_facts(site: Site, runbook_text: str) -> None:
    alert = "triggers:\n  - alert: X\n    when: used_memory_ratio > 1\n    inputs: {x: labels.y}\n"
    start, end = runbook_text.index("triggers:"), runbook_text.index("inputs:")
    site.write("runbooks/redis.yaml", runbook_text[:start] + alert + runbook_text[end:])
    assert site.errors() == [
        "runbooks/redis.yaml:5: when: there is no fact 'used_memory_ratio' here "
        "(an alert has labels, such as labels.severity)",
        "runbooks/redis.yaml:6: x: there is no input 'x' (known: target)",
    ]


def test_overrides_are_merged_before_the_check_and_errors_point_at_them(site: Site) -> None:
    base = site.folder.joinpath("autofix.yaml").read_text()
    good = (
        "overrides:\n  redis-full:\n    triggers: {every: 1s, for: 2s}\n"
        "    verify: {within: 10s}\n    guards: {cooldown: 10s}\n"
    )
    site.write("autofix.yaml", base + good)
    project = site.load()
    assert site.words(project.problems) == []
    book = project.runbooks["redis-full"]
    assert isinstance(book.triggers[0], ProbeTrigger)
    assert (book.triggers[0].every, book.triggers[0].for_) == (1, 2)
    assert book.verify is not None
    assert (book.verify.within, book.guards.cooldown) == (10, 10)
    bad = (
        "overrides:\n  redis-full:\n    triggers: {evry: 1s}\n    name: x\n"
        "    fix: [{playbook: no.yml}]\n  redis-ful: {}\n"
    )
    site.write("autofix.yaml", base + bad)
    assert site.errors() == [
        "autofix.yaml:11: overrides: there is no runbook 'redis-ful' (did you mean 'redis-full'?)",
        "autofix.yaml:8: unknown key 'evry' (did you mean 'every'?)",
        "autofix.yaml:9: a runbook's name can't be overridden (remove it)",
    ]
    site.write("autofix.yaml", base + bad.replace("evry", "every").replace("    name: x\n", ""))
    assert site.errors()[1:] == ["autofix.yaml:9: there is no playbook no.yml (known: evict.yml)"]


def test_without_an_inventory_hosts_are_not_judged(site: Site, runbook_text: str) -> None:
    site.write("runbooks/redis.yaml", runbook_text.replace("hosts: redis", "hosts: anything"))
    assert site.with_(inventory=None).errors() == []
