"""A run is OK only when everything says so; each objection has its own words."""

from dataclasses import replace

import pytest

from autofix.ansible.ledger import Tally
from autofix.ansible.verdict import Ending, judge
from autofix.core.runs import Outcome

GOOD = Tally(done=2, changed=1, tasks=2, stats={"web1": {"ok": 2, "failures": 0, "unreachable": 0}})
ENDED = Ending(rc=0)


def verdict(tally=None, ending=None, **options):
    return judge(
        replace(GOOD, **(tally or {})), replace(ENDED, **(ending or {})), "web1", **options
    )


def test_a_good_run_is_ok():
    assert verdict() == (Outcome.OK, "2 tasks went well, 1 changed something")


def test_a_failure_ignored_beside_good_tasks_is_told():
    assert verdict({"ignored": 1}) == (
        Outcome.OK,
        "2 tasks went well, 1 changed something, 1 failed and ignored",
    )


def test_a_rehearsal_says_what_it_would_change():
    assert verdict(check=True) == (Outcome.OK, "check mode: 1 of 2 tasks would change something")


OBJECTIONS = [
    ({"stranger": "web2"}, {}, Outcome.FAILED, "ran on a host that was not approved: web2"),
    ({"stranger": "web2", "refused": True}, {}, Outcome.FAILED, "would run on a host that was"),
    ({"stranger": "web1", "refused": True}, {}, Outcome.FAILED, "not in the inventory as a host"),
    ({}, {"timed_out": 90.0}, Outcome.TIMED_OUT, "timed out after 1m 30s"),
    ({}, {"cancelled": True}, Outcome.CANCELLED, "cancelled"),
    ({}, {"killed": True, "rc": None}, Outcome.FAILED, "how far it got is unknown"),
    ({"unreachable": "task 'x': no route"}, {}, Outcome.UNREACHABLE, "no route"),
    ({"failure": "task 'x': bad"}, {"rc": 2}, Outcome.FAILED, "failed in task 'x': bad"),
    ({}, {"rc": 1, "said": "[ERROR]: Oops\nOrigin: a.yml:3"}, Outcome.FAILED, "Oops (a.yml:3)"),
    ({}, {"rc": 250, "said": ""}, Outcome.FAILED, "ended with 250: it said nothing"),
    ({"broken": "KeyError: x"}, {}, Outcome.FAILED, "an event could not be read: KeyError: x"),
    ({}, {"missing": True}, Outcome.FAILED, "without all of its events and statistics"),
    ({"stats": None}, {}, Outcome.FAILED, "without all of its events and statistics"),
    ({"stats": {}, "plays_without_hosts": 1}, {}, Outcome.FAILED, "no hosts matched"),
    ({"stats": {}, "tasks": 0}, {}, Outcome.FAILED, "nothing ran on web1"),
    ({"stats": {"web1": {"ok": 1, "unreachable": 1}}}, {}, Outcome.UNREACHABLE, "unreachable"),
    ({"stats": {"web1": {"ok": 1, "failures": 1}}}, {}, Outcome.FAILED, "a task failed"),
    ({"stats": {"web1": {"ok": 2, "rescued": 1}}}, {}, Outcome.FAILED, "rescued, so not done"),
    ({"done": 0, "ignored": 1, "ignored_failure": "task 'x'"}, {}, Outcome.FAILED, "was ignored"),
    ({"done": 0, "checked": 2}, {}, Outcome.FAILED, "in check mode only: nothing was changed"),
    ({"done": 0, "skipped": 2}, {}, Outcome.FAILED, "every task was skipped on web1"),
    ({"done": 0}, {}, Outcome.FAILED, "nothing ran on web1"),
    ({"stats": {"web1": {"ok": 0}}}, {}, Outcome.FAILED, "nothing ran on web1"),
]


@pytest.mark.parametrize(("tally", "ending", "outcome", "words"), OBJECTIONS)
def test_each_objection_is_named(tally, ending, outcome, words):
    got, reason = verdict(tally, ending)
    assert got == outcome
    assert words in reason
    assert "\n" not in reason


@pytest.mark.parametrize("index", range(len(OBJECTIONS)))
def test_a_rehearsal_hides_no_objection(index):
    tally, ending, outcome, _ = OBJECTIONS[index]
    assert verdict(tally, ending, check=True)[0] == outcome


def test_a_timeout_is_told_even_when_a_task_failed_before():
    assert verdict({"failure": "task 'x'"}, {"timed_out": 5.0, "rc": None})[0] == Outcome.TIMED_OUT


SAID_BY_2_18 = """ERROR! We were unable to read either as JSON nor YAML, the errors we got:
JSON: Expecting value: line 1 column 1 (char 0)

Syntax Error while loading YAML.
  did not find expected node content

The error appears to be in '/srv/play.yml': line 4, column 1, but may
be elsewhere in the file depending on the exact syntax problem.
"""


def test_a_syntax_error_is_told_with_its_place_by_every_supported_ansible():
    _, reason = verdict({"stats": None}, {"rc": 4, "said": SAID_BY_2_18})
    assert reason == (
        "ansible-playbook: Syntax Error while loading YAML. did not find expected node content"
        " (/srv/play.yml:4:1)"
    )
