"""What an alert means: which runbook it fires where, and otherwise why not, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.alerts import Alert
from autofix.core.conditions import ALL_ROOTS, parse
from autofix.core.matching import Index, Match, Reason, hostile_label, without_port
from autofix.core.runbooks import AlertTrigger, Input, Runbook, Step, Verify
from autofix.testing.inventory import FakeInventory
from safety.payloads import PAYLOADS

HOSTS = FakeInventory(
    {
        "cache": {
            "r1": {"ansible_host": "10.0.0.5", "autofix_aliases": ["10.0.0.5:9121"], "env": "prod"},
            "r2": {"env": "test", "autofix_aliases": "twins"},
            "r3": {"autofix_aliases": ["twins", "fe80::1"]},
        },
        "empty": {},
    }
)
VERIFY = Verify("redis", parse("ratio < 0.85"))


def label(text: str) -> Any:
    return parse(text, roots=ALL_ROOTS)


def book(*triggers: AlertTrigger, name: str = "memory", **more: Any) -> Runbook:
    return Runbook(name, name, (Step("fix.yml"),), VERIFY, triggers=triggers, **more)


def judge(
    alert: Alert | Mapping[str, str], *books: Runbook, may: frozenset[str] | None = None
) -> list[Match]:
    given = alert if isinstance(alert, Alert) else Alert("High", True, alert)
    return Index(books).judge(given, HOSTS, may)


def one(labels: Mapping[str, str], *, firing: bool = True, **trigger: Any) -> Match:
    more = {key: trigger.pop(key) for key in ("inputs_of", "enabled") if key in trigger}
    runbook = book(AlertTrigger("High", **trigger), inputs=more.get("inputs_of", {}),
                   enabled=more.get("enabled", True))  # fmt: skip
    (found,) = judge(Alert("High", firing, labels), runbook)
    return found


@pytest.mark.parametrize(
    ("written", "strip", "host"),
    [
        ("r1", False, "r1"),
        ("10.0.0.5", False, "r1"),
        ("10.0.0.5:9121", False, "r1"),
        ("10.0.0.5:9999", True, "r1"),
        ("r1:1", True, "r1"),
        ("fe80::1", True, "r3"),
        ("[fe80::1]:9100", True, "r3"),
        ("[fe80::1]", True, "r3"),
    ],
)
def test_it_fires_on_the_canonical_host(written: str, strip: bool, host: str) -> None:
    found = one({"instance": written}, strip_port=strip)
    assert (found.reason, found.host, found.runbook) == (Reason.FIRES, host, "memory")


TEAM = {"team": "cache"}
RATIO = {"ratio": Input("ratio", "number", 0.8, min=0.1, max=0.95)}


@pytest.mark.parametrize(
    ("labels", "trigger", "reason", "why"),
    [
        ({"instance": "r1"}, {"match": TEAM}, Reason.OTHER_LABEL,
         "there is no label 'team' (it must be 'cache')"),
        ({"instance": "r1", "team": "db"}, {"match": TEAM}, Reason.OTHER_LABEL,
         "label 'team' is 'db', not 'cache'"),
        ({"host": "r1"}, {}, Reason.NO_HOST_LABEL, "no label 'instance' names the host"),
        ({"instance": ""}, {}, Reason.NO_HOST_LABEL, "no label 'instance' names the host"),
        ({"instance": "r9"}, {}, Reason.UNKNOWN_HOST,
         "host 'r9' is not in the inventory, or is an alias of two hosts"),
        ({"instance": "twins"}, {}, Reason.UNKNOWN_HOST,
         "host 'twins' is not in the inventory, or is an alias of two hosts"),
        ({"instance": "R1"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": "r1:9121"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": "r*"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": "r1,r2"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": " r1"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": "localhost"}, {}, Reason.UNKNOWN_HOST, None),
        ({"instance": "cache"}, {}, Reason.GROUP,
         "'cache' is a group of the inventory, not a host"),
        ({"instance": "all"}, {}, Reason.GROUP, None),
        ({"instance": "empty"}, {}, Reason.GROUP, None),
        ({"instance": "r1"}, {"enabled": False}, Reason.DISABLED, "memory is not enabled"),
        ({"instance": "r1", "level": "info"}, {"when": label("labels.level == 'bad'")},
         Reason.WHEN_FALSE, """when is false: labels.level == 'bad' (labels.level = "info")"""),
        ({"instance": "r1"}, {"when": label("labels.level == 'bad'")}, Reason.WHEN_UNKNOWN,
         "when can't be told: labels.level == 'bad' (labels.level = unknown)"),
        ({"instance": "r2"}, {"when": label("host.env == 'prod'")}, Reason.WHEN_FALSE, None),
        ({"instance": "r1", "to": "2"}, {"inputs": {"ratio": label("labels.to")},
         "inputs_of": RATIO}, Reason.WRONG_INPUT, "input 'ratio': \"2\" is above the maximum 0.95"),
        ({"instance": "r1", "to": "half"}, {"inputs": {"ratio": label("labels.to")},
         "inputs_of": RATIO}, Reason.WRONG_INPUT, "input 'ratio': \"half\" is not a number"),
        ({"instance": "r1"}, {"inputs": {"ratio": label("labels.to")}, "inputs_of":
         {"ratio": Input("ratio", "number", required=True)}}, Reason.WRONG_INPUT,
         "input 'ratio' is required"),
    ],
)  # fmt: skip
def test_it_says_why_not(
    labels: dict[str, str], trigger: dict[str, Any], reason: Reason, why: str | None
) -> None:
    found = one(labels, **trigger)
    assert found.reason is reason
    assert found.why == why or why is None
    assert found.runbook == "memory"


@pytest.mark.parametrize(
    ("labels", "inputs", "typed"),
    [
        ({"to": "0.5"}, {"ratio": Input("ratio", "number", 0.8)}, {"ratio": 0.5}),
        ({"to": "7"}, {"ratio": Input("ratio", "integer")}, {"ratio": 7}),
        ({"to": "yes"}, {"ratio": Input("ratio", "boolean")}, {"ratio": True}),
        ({"to": "7"}, {"ratio": Input("ratio")}, {"ratio": "7"}),
        ({}, {"ratio": Input("ratio", "number", 0.8)}, {}),  # not told: its default holds
    ],
)
def test_labels_become_typed_inputs(
    labels: dict[str, str], inputs: dict[str, Input], typed: dict[str, Any]
) -> None:
    given = {"ratio": label("labels.to")}
    found = one({"instance": "r1", **labels}, inputs=given, inputs_of=inputs)
    assert (found.reason, found.inputs) == (Reason.FIRES, typed)


def test_an_alert_of_another_name_fires_nothing() -> None:
    (found,) = judge(Alert("Low", True, {"instance": "r1"}), book(AlertTrigger("High")))
    assert found == Match(Reason.NO_RUNBOOK, "no runbook has a trigger for the alert 'Low'")


def test_a_sender_triggers_only_what_it_may() -> None:
    books = (book(AlertTrigger("High")), book(AlertTrigger("High"), name="disk"))
    found = judge({"instance": "r1"}, *books, may=frozenset({"disk"}))
    assert [(each.runbook, each.reason) for each in found] == [
        ("memory", Reason.NOT_ALLOWED),
        ("disk", Reason.FIRES),
    ]
    assert found[0].why == "this sender may not trigger memory"
    (nothing,) = judge({"instance": "r1"}, books[0], may=frozenset())
    assert nothing.reason is Reason.NOT_ALLOWED


def test_of_several_triggers_the_one_that_came_furthest_says_why_not() -> None:
    runbook = book(
        AlertTrigger("High", match={"team": "db"}),
        AlertTrigger("High", host="node"),
        AlertTrigger("High", match={"team": "web"}),
    )
    (found,) = judge({"node": "r9"}, runbook)
    assert (found.reason, found.trigger) == (Reason.UNKNOWN_HOST, 1)


def test_each_target_is_fired_on_once() -> None:
    runbook = book(
        AlertTrigger("High"),
        AlertTrigger("High", host="peer"),
        AlertTrigger("High", match={"team": "x"}),
    )
    found = judge({"instance": "r1", "peer": "r2", "team": "x"}, runbook)
    assert [(each.host, each.trigger) for each in found] == [("r1", 0), ("r2", 1)]


def test_the_subject_tells_two_failures_on_one_host_apart() -> None:
    found = one({"instance": "r1", "port": "6380"}, subject=label("labels.port"))
    assert found.target == ("memory", "r1", "6380")
    assert one({"instance": "r1"}, subject=label("labels.port")).subject == ""
    hostile = one({"instance": "r1", "port": "6380\x1b[31m"}, subject=label("labels.port"))
    assert hostile.subject == "6380\\u001b[31m"


def test_what_is_over_is_told_even_when_its_conditions_changed() -> None:
    trigger = {"when": label("labels.level == 'bad'"), "subject": label("labels.port")}
    labels = {"instance": "r1", "level": "fine", "port": "1"}
    found = one(labels, firing=False, **trigger)
    assert (found.reason, found.target) == (Reason.CLEARS, ("memory", "r1", "1"))
    assert one(labels, firing=False, enabled=False).reason is Reason.CLEARS
    assert one({"instance": "r9"}, firing=False).reason is Reason.UNKNOWN_HOST


@pytest.mark.parametrize(
    "name",
    ["a", "__name__", "app.kubernetes.io/name", "k8s-app", "ansible_group", "größe", "a b",
     "scope: disk", "env:prod", "pod (old)", "é", "1", "$labels"],
)  # fmt: skip
def test_names_of_labels_are_data(name: str) -> None:
    assert hostile_label({name: "x"}) == ""
    assert one({"instance": "r1", name: "x"}).reason is Reason.FIRES


@pytest.mark.parametrize(
    "name",
    ["{{ x }}", "a{{b", "{%x%}", "{#x#}", "$(id)", "`id`", "${x}", "__ansible_unsafe", "a\nb",
     "__ansible_vault", "__ansible_type", "a\x00", "\x1b[2J", "", " ", "a\u2028b", "\ud800"],
)  # fmt: skip
def test_a_hostile_name_of_a_label_stops_the_alert(name: str) -> None:
    found = one({"instance": "r1", name: "x"})
    assert found.reason is Reason.HOSTILE
    assert "hostile" in found.why
    assert not any(ord(char) < 32 for char in found.why)


@pytest.mark.parametrize(
    ("text", "bare"),
    [("a:1", "a"), ("a", "a"), ("a:", "a:"), ("a:b", "a:b"), (":1", ""), ("::1", "::1"),
     ("[::1]:80", "::1"), ("a:123456", "a:123456"), ("a:1:2", "a:1:2")],
)  # fmt: skip
def test_a_port_is_cut_only_where_one_stands(text: str, bare: str) -> None:
    assert without_port(text) == bare


TEXT = st.one_of(st.text(max_size=40), st.sampled_from(PAYLOADS), st.sampled_from(["r1", "cache"]))
RUNBOOK = book(
    AlertTrigger(
        "High",
        strip_port=True,
        subject=label("labels.port"),
        inputs={"note": label("labels.note"), "ratio": label("labels.to")},
    ),
    inputs={"note": Input("note", max_length=30), **RATIO},
)


@given(st.dictionaries(TEXT, TEXT, max_size=6), TEXT, TEXT, TEXT, TEXT, st.booleans())
def test_whatever_stands_in_an_alert_only_our_hosts_and_typed_inputs_come_out(
    labels: dict[str, str], host: str, note: str, to: str, port: str, firing: bool
) -> None:
    labels |= {"instance": host, "note": note, "to": to, "port": port}
    (found,) = judge(Alert("High", firing, labels), RUNBOOK)
    assert found.host in ("", "r1", "r2", "r3")
    assert (found.reason in (Reason.FIRES, Reason.CLEARS)) <= bool(found.host)
    assert set(found.inputs) <= {"note", "ratio"}
    if found.reason is Reason.FIRES:
        assert HOSTS.resolve(without_port(host)) == found.host
        assert isinstance(found.inputs["ratio"], int | float)
        assert found.inputs["note"] == note
    assert "\n" not in found.why
    assert "\x1b" not in found.why


def test_an_index_knows_the_alerts_that_are_waited_for() -> None:
    index = Index([book(AlertTrigger("B"), AlertTrigger("A")), book(AlertTrigger("A"), name="x")])
    assert index.names() == ["A", "B"]
    other = replace(book(AlertTrigger("A")), triggers=())
    assert Index([other]).names() == []
