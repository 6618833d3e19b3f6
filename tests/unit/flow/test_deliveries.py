"""Posts become deliveries, signals and incidents: what fires, what repeats, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.alerts import Admission, Alert, Arrival, DeliveryState, Judged, Post, Verdict
from autofix.core.incidents import Origin, State
from autofix.core.runbooks import AlertTrigger
from autofix.core.signals import SignalState
from autofix.errors import StoreError
from autofix.flow import deliveries, intake
from unit.flow.alerting import MEMORY, AlertWorld, Monitor, high, label
from unit.flow.world import BOOK, with_guards


def verdicts(row: object) -> list[Verdict]:
    return [each.verdict for each in row.judged]  # type: ignore[attr-defined]


def test_an_alert_heals_its_host() -> None:
    world = AlertWorld()
    world.hands.does["rewrite.yml"] = world.well("r1")
    row = world.fires("10.0.0.1", note="from ops", team="cache")
    assert (row.id, row.state, row.status) == (1, DeliveryState.ACCEPTED, 202)
    assert row.judged == (
        Judged("High", "High 10.0.0.1", Verdict.FIRES, "", "redis-memory-high", "r1", "", 1),
    )
    world.settle()
    world.pass_time(60)
    incident = world.incident()
    assert (incident.state, incident.host) == (State.HEALED, "r1")
    assert (incident.origin, incident.requested_by) == (Origin.ALERT, "alert mon")
    assert incident.inputs == {"target": 0.8, "note": "from ops"}
    assert incident.labels == {"instance": "10.0.0.1", "note": "from ops", "team": "cache"}
    assert world.hands.played == ["rewrite.yml"]
    event = world.events("alert.received")[0]
    assert event["actor"] == "alert mon"
    assert event["verdicts"] == {"fires": 1}
    assert (event["deliveries"], event["signals"]) == ([1, 1], [1, 1])


def test_a_thousand_times_the_same_at_once_is_one_signal_and_one_incident() -> None:
    world = AlertWorld()
    for _ in range(20):
        rows = deliveries.accept(world.ctx, [world.arrival(high(), high()) for _ in range(25)])
    assert verdicts(rows[0]) == [Verdict.REPEATS] * 2
    assert rows[0].judged[0].signal == 1
    world.settle()
    row = world.fires()
    assert verdicts(row) == [Verdict.REPEATS]
    assert (row.judged[0].incident, row.judged[0].why) == (1, "incident 1 is open for this")
    with world.store.reading() as reads:
        assert len(reads.signals(limit=5000)) == 1
        assert len(reads.deliveries(limit=5000)) == 501
    assert len(world.incidents()) == 1
    assert len(world.events("alert.received")) == 1  # a repetition is no news


def test_in_one_batch_the_first_fires_and_the_others_name_its_signal() -> None:
    world = AlertWorld()
    rows = deliveries.accept(world.ctx, [world.arrival(high()), world.arrival(high(), high("r2"))])
    assert [verdicts(row) for row in rows] == [
        [Verdict.FIRES],
        [Verdict.REPEATS, Verdict.FIRES],
    ]
    assert [each.signal for row in rows for each in row.judged] == [1, 1, 2]
    assert [row.id for row in rows] == [1, 2]


def test_a_new_incident_opens_when_the_last_one_is_over() -> None:
    world = AlertWorld()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.fires()
    world.settle()
    world.pass_time(60)
    world.patient.state["r1"] = {"ratio": 0.95}
    world.clock.advance(1000)
    row = world.fires()
    world.settle()
    assert verdicts(row) == [Verdict.FIRES]
    assert [each.id for each in world.incidents()] == [1, 2]


def test_a_symptom_that_is_not_there_needs_no_fix() -> None:
    world = AlertWorld()
    world.patient.state["r1"] = {"ratio": 0.5}
    row = world.fires()
    world.settle()
    with world.store.reading() as reads:
        signal = reads.signal(row.judged[0].signal or 0)
    assert signal is not None
    assert signal.state is SignalState.IGNORED
    assert signal.reason == "the symptom is not there: ratio < 0.85 (ratio = 0.5)"
    assert (world.incidents(), world.hands.played, world.paged()) == ([], [], [])


def test_a_host_that_cannot_be_looked_at_is_not_repaired_by_hearsay() -> None:
    world = AlertWorld()
    world.patient.state["r1"] = "connection refused"
    world.fires()
    world.settle()
    assert world.hands.played == []
    assert world.incident().state in (State.HELD, State.ESCALATED)


def test_what_was_seen_long_before_the_decision_is_looked_at_again() -> None:
    world = AlertWorld()
    world.fires()
    with world.store.reading() as reads:
        (signal,) = reads.signals()
    intake.handle(world.ctx, signal)  # and then the server was away for a while
    world.clock.advance(600)
    world.patient.state["r1"] = {"ratio": 0.5}
    world.settle()
    assert world.incident().state is State.RECOVERED
    assert world.hands.played == []


@pytest.mark.parametrize(
    ("alert", "why"),
    [
        (high("r9"), "host 'r9' is not in the inventory, or is an alias of two hosts"),
        (high("redis"), "'redis' is a group of the inventory, not a host"),
        (high(name="Low"), "no runbook has a trigger for the alert 'Low'"),
        (high(note="x" * 300), "input 'note': "),
        (Alert("High", True), "no label 'instance' names the host"),
    ],
)
def test_what_fires_nothing_is_recorded_with_its_reason(alert: Alert, why: str) -> None:
    world = AlertWorld()
    row = world.post(alert)
    world.settle()
    assert verdicts(row) == [Verdict.IGNORED]
    assert why in row.judged[0].why
    with world.store.reading() as reads:
        assert reads.delivery(row.id) == row
        assert reads.signals() == []
    assert world.incidents() == []
    assert world.hands.played == []


def test_a_sender_triggers_what_source_and_credential_both_let_it() -> None:
    other = replace(MEMORY, name="other")
    world = AlertWorld(MEMORY, other, source=Monitor(runbooks=("redis-memory-high", "other")))
    row = world.post(high(), admission=Admission("token ci", runbooks=("other", "more")))
    assert [(each.runbook, each.verdict) for each in row.judged] == [
        ("redis-memory-high", Verdict.IGNORED),
        ("other", Verdict.FIRES),
    ]
    nothing = world.post(high("r2"), admission=Admission("token ci", runbooks=("more",)))
    assert verdicts(nothing) == [Verdict.IGNORED] * 2
    refused = world.events("alert.refused")
    assert {each["why"] for each in refused} == {
        "this sender may not trigger redis-memory-high",
        "this sender may not trigger other",
    }


def test_a_post_that_comes_once_only_is_refused_the_second_time() -> None:
    world = AlertWorld()
    until = world.clock.now() + 300
    admission = Admission("hmac", once="abc", until=until)
    first, again = deliveries.accept(
        world.ctx, [world.arrival(high(), admission=admission) for _ in range(2)]
    )
    assert (first.status, again.status, again.state) == (202, 401, DeliveryState.REFUSED)
    assert (again.why, again.judged) == ("the same signed post came before", ())
    world.clock.advance(301)
    assert world.post(high("r2"), admission=replace(admission, until=until + 600)).status == 202
    assert [each["status"] for each in world.events("alert.refused")] == [401]


def test_no_secret_of_a_header_is_kept() -> None:
    world = AlertWorld()
    names = ("authorization", "x-api-key", "cookie", "x-grafana-alerting-signature", "x-token")
    secrets = dict.fromkeys(names, "Bearer af_1_s3cret")
    row = world.post(high(), headers={**secrets, "user-agent": "Alertmanager/0.27\x1b"})
    assert row.headers == {"user-agent": "Alertmanager/0.27\\u001b"}
    assert "s3cret" not in repr(row)


def test_a_body_is_kept_as_it_came_and_a_strangers_only_in_part() -> None:
    world = AlertWorld()
    body = b'{"a": "\xff\x00"}' + b"x" * 5000
    row = world.post(high(), body=body)
    assert row.body.startswith('{"a": "\\xff')
    assert row.size == len(body) == 5011
    stranger = world.post(body=body, status=401, why="no token", admission=Admission(why="no"))
    assert len(stranger.body) < 2100
    assert stranger.size == 5011


def test_a_flood_of_refusals_is_counted_and_not_written() -> None:
    world = AlertWorld()
    bad = {"status": 401, "why": "no bearer token", "admission": Admission(why="no")}
    rows = [world.post(**bad) for _ in range(1000)]
    assert [row.id for row in rows[:12]] == [*range(1, 11), 0, 0]
    assert {row.status for row in rows} == {401}
    world.clock.advance(61)
    world.post(**bad)
    refused = world.events("alert.refused")
    assert len(refused) == 11
    assert (refused[-1]["before"], refused[-1]["actor"]) == (990, "unknown (10.9.9.9)")


def test_posts_for_sources_that_do_not_exist_are_one_kind() -> None:
    world = AlertWorld()
    posts = [Arrival(Post(f"x{n}\x1b", {}, b"{}", "1.1.1.1"), status=404, why="no such source")
             for n in range(100)]  # fmt: skip
    rows = deliveries.accept(world.ctx, posts)
    assert sum(row.id > 0 for row in rows) == 10
    assert rows[0].source == "x0\\u001b"
    assert [row.status for row in rows] == [404] * 100


def test_when_the_store_fails_nothing_of_a_batch_is_there() -> None:
    world = AlertWorld()

    class Broken:
        def __getattr__(self, name: str) -> object:
            return getattr(world.store, name)

        def transaction(self) -> object:
            raise StoreError("disk full")

    real, world.ctx.store = world.ctx.store, Broken()  # type: ignore[assignment]
    with pytest.raises(StoreError):
        world.fires()
    world.ctx.store = real
    with world.store.reading() as reads:
        assert reads.deliveries() == []
        assert reads.signals() == []
    assert verdicts(world.fires()) == [Verdict.FIRES]


def test_a_replay_is_judged_anew_under_the_persons_name() -> None:
    world = AlertWorld()
    row = world.post(high("r9"))
    again = world.post(high("r1"), replay_of=row.id, by="ann (token ci)")
    world.settle()
    assert (again.replay_of, again.by, verdicts(again)) == (row.id, "ann (token ci)", ["fires"])
    assert world.incident().requested_by == "alert mon, replayed by ann (token ci)"
    assert not world.incident().asked_for
    assert world.events("alert.received")[-1]["replay_of"] == [row.id]


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    world = AlertWorld()
    before = world.store_size()
    seen = deliveries.preview(world.ctx, world.arrival(high(), high("r9"), high()))
    assert verdicts(seen) == [Verdict.FIRES, Verdict.IGNORED, Verdict.REPEATS]
    assert (seen.id, seen.judged[0].signal) == (0, None)
    assert world.store_size() == before
    with world.store.reading() as reads:
        assert reads.signals() == []
        assert reads.deliveries() == []


def test_a_runbook_with_a_probe_beside_its_alert_has_one_incident_for_both() -> None:
    both = replace(BOOK, triggers=(*BOOK.triggers, AlertTrigger("High")))
    world = AlertWorld(both)
    world.fires()
    world.settle()
    world.look("r1")
    assert len(world.incidents()) == 1
    world.look("r2")
    world.settle()
    row = world.fires("r2")
    assert (verdicts(row), row.judged[0].incident) == ([Verdict.REPEATS], 2)


def test_subjects_keep_two_failures_on_one_host_apart() -> None:
    trigger = AlertTrigger("High", subject=label("labels.port"))
    world = AlertWorld(replace(MEMORY, triggers=(trigger,)))
    row = world.post(high(port="1"), high(port="2"), high(port="1"))
    assert verdicts(row) == [Verdict.FIRES, Verdict.FIRES, Verdict.REPEATS]
    assert [each.subject for each in row.judged] == ["1", "2", "1"]


def test_an_alert_for_a_rehearsed_target_is_not_hidden_by_it() -> None:
    world = AlertWorld(replace(MEMORY, guards=with_guards(at_once=1).guards))
    world.fires("r2")
    world.settle()
    world.ask_by("ann", check=True)
    row = world.fires("r1")
    world.settle()
    assert verdicts(row) == [Verdict.FIRES]
    with world.store.reading() as reads:
        signal = reads.signal(row.judged[0].signal or 0)
    assert signal is not None
    assert signal.state is not SignalState.RECEIVED
