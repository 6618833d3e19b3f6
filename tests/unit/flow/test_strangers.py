"""Alerts that nothing runs for: recorded, and told once a day where the settings ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autofix.core.alerts import Admission, Alert, DeliveryState
from autofix.core.pages import PageKind
from autofix.core.runbooks import AlertTrigger
from autofix.core.silences import Silence
from autofix.flow import deliveries
from autofix.flow.silences import add
from safety.payloads import PAYLOADS
from storekit import open_sqlite
from unit.flow.alerting import MEMORY, AlertWorld, Monitor, high

DAY = 86400.0
ELSEWHERE = high("r9")
UNKNOWN = high(name="Low")


@pytest.mark.parametrize(
    ("alert", "setting", "title"),
    [
        (ELSEWHERE, "unknown_host", "[P2] alert High on r9: it is about no host of ours"),
        (high("redis"), "unknown_host", "[P2] alert High on redis: it is about no host of ours"),
        (Alert("High", True), "unknown_host", "[P2] alert High: it is about no host of ours"),
        (UNKNOWN, "no_runbook", "[P2] alert Low on r1: no runbook is for it"),
    ],
)
def test_a_person_hears_of_it_once_a_day(alert: Alert, setting: str, title: str) -> None:
    quiet = AlertWorld()
    quiet.post(alert)
    assert quiet.paged() == []
    world = AlertWorld(source=replace(Monitor(), **{setting: "page"}))
    for _ in range(5):
        world.post(alert)
    assert world.paged() == [title]
    world.settle()
    assert [page.title for page in world.bell.rung] == [title]
    assert "autofix alerts show 1" in world.bell.rung[0].text
    world.clock.advance(DAY + 1)
    world.post(alert)
    assert world.paged() == [title, title]
    assert world.incidents() == []


def test_each_alert_and_host_is_told_by_itself_and_a_storm_is_one_page() -> None:
    world = AlertWorld(source=Monitor(unknown_host="page"))
    posts = [world.arrival(high(f"x{n}")) for n in range(500)]
    deliveries.accept(world.ctx, posts)
    world.pass_time(700, step=10)
    assert len(world.bell.rung) == 1
    assert world.bell.rung[0].kind is PageKind.DIGEST
    assert world.bell.rung[0].count == 500
    assert "x17" in world.bell.rung[0].text


def test_the_sources_own_policy_is_paged() -> None:
    world = AlertWorld(source=Monitor(unknown_host="page", policy="second"))
    policies = dict(world.ctx.book.policies)
    policies["second"] = replace(policies["default"], name="second")
    world.ctx.book = replace(world.ctx.book, policies=policies)
    world.post(ELSEWHERE)
    with world.store.reading() as reads:
        assert [page.policy for page in reads.pages()] == ["second"]


def test_an_alert_that_is_over_or_decided_about_pages_nobody() -> None:
    world = AlertWorld(source=Monitor(unknown_host="page", no_runbook="page"))
    world.post(high("r9", firing=False))
    world.post(high(note="x" * 300))
    assert world.paged() == []


def test_a_label_that_somebody_asked_to_be_quiet_about_pages_nobody() -> None:
    world = AlertWorld(source=Monitor(unknown_host="page"))
    now = world.clock.now()
    add(world.ctx, Silence(0, now, "ann", "a move", now, now + 60, labels={"team": "cache"}))
    world.post(high("r9", team="cache"))
    assert world.paged() == []
    world.post(high("r9", team="db"))
    assert len(world.paged()) == 1


@pytest.mark.parametrize("key", [*(text for text in PAYLOADS if "{{" in text), "__ansible_unsafe"])
def test_a_hostile_key_is_refused_and_told_once(key: str) -> None:
    world = AlertWorld()
    rows = [world.post(Alert("High", True, {"instance": "r1", key: "x"})) for _ in range(3)]
    world.settle()
    assert all("hostile" in row.judged[0].why for row in rows)
    assert world.paged() == ["[P2] mon posted text that no honest sender writes"]
    assert (world.hands.played, world.incidents()) == ([], [])
    assert "{{" not in world.bell.rung[0].title


def test_a_hostile_body_of_an_authentic_sender_is_recorded_and_told_once() -> None:
    world = AlertWorld()
    body = b'{"a": 1, "a": 2}'
    for _ in range(3):
        row = world.post(status=400, why="key 'a' stands twice", hostile=True, body=body)
    assert (row.state, row.status, row.body) == (DeliveryState.REFUSED, 400, body.decode())
    assert len(world.paged()) == 1
    assert [each["status"] for each in world.events("alert.refused")] == [400] * 3
    assert {each["actor"] for each in world.events("alert.refused")} == {"alert mon"}


def test_a_hostile_body_of_a_stranger_calls_nobody() -> None:
    world = AlertWorld()
    world.post(status=401, why="no token", admission=Admission(why="no token"), body=b"\x00")
    assert world.paged() == []


def test_one_hostile_alert_does_not_stop_its_neighbours() -> None:
    world = AlertWorld()
    row = world.post(Alert("High", True, {"instance": "r1", "{{x}}": "y"}), high("r2"))
    assert [each.verdict for each in row.judged] == ["ignored", "fires"]


def test_what_narrows_to_nothing_counts_as_no_runbook() -> None:
    trigger = AlertTrigger("High", match={"team": "db"})
    world = AlertWorld(replace(MEMORY, triggers=(trigger,)), source=Monitor(no_runbook="page"))
    world.fires("r1", team="web")
    assert world.paged() == ["[P2] alert High on r1: no runbook is for it"]


def test_names_of_any_length_are_told_of_once(tmp_path: Path) -> None:
    world = AlertWorld(source=Monitor(unknown_host="page", no_runbook="page"))
    world.ctx.store = open_sqlite(tmp_path / "state")
    long = "\U0001f525" * 2000
    for _ in range(2):
        world.post(high(long), high(name=long[:200]))
    with world.ctx.store.reading() as reads:
        assert sum(page.count or 1 for page in reads.pages()) == 2
    world.ctx.store.close()
