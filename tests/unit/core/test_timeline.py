"""The story of an incident: what is told of it, in which order, and how it looks."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page, PageState
from autofix.core.runs import Outcome, Run, RunKind, RunState
from autofix.core.stories import IncidentStory
from autofix.core.timeline import Moment, changes, timeline

INCIDENT = Incident(1, "redis-memory-high", "r1", "", State.ESCALATED, Origin.PROBE, "P1", 0.0, 0.0)


def entry(seq: int, at: float, action: str, by: str = "autofix", **told: Any) -> AuditEntry:
    run = told.pop("run", None)
    event = AuditEvent(at, by, action, incident=1, run=run, payload=told)
    return AuditEntry(seq, event, "", "")


def fix(number: int, started: float | None, finished: float | None, **more: Any) -> Run:
    return Run(
        number, 1, "redis-memory-high", "r1", RunKind.FIX, 0, 1, "mend.yml",
        started_at=started, finished_at=finished, planned_at=started or 0.0, **more,
    )  # fmt: skip


def page(number: int, at: float, state: PageState = PageState.SENT, **more: Any) -> Page:
    return Page(number, 1, "default", ("chat", "mail"), "P1", "it broke", "…", "k", at, None,
                state=state, sent_by="chat", **more)  # fmt: skip


def story(*record: AuditEntry, runs: tuple[Run, ...] = (), **more: Any) -> IncidentStory:
    return IncidentStory(INCIDENT, runs, more.get("pages", ()), more.get("digests", ()), record, ())


def kinds(moments: tuple[Moment, ...]) -> list[str]:
    return [each.kind for each in moments]


WHOLE = story(
    entry(1, 10, "incident.opened", "probe redis", reason="ratio > 0.9"),
    entry(2, 11, "incident.acting", reason="step 1 of 1", step=1, skipped=["step 0 is not for it"]),
    entry(3, 11, "run.planned", run=5),
    entry(4, 11, "run.claimed", run=5),
    entry(5, 11, "run.started", run=5),
    entry(6, 20, "run.finished", run=5, reason="all ok"),
    entry(7, 20, "incident.verifying"),
    entry(8, 21, "incident.looked", judgement="wait", saw="not yet"),
    entry(9, 26, "incident.looked", judgement="wait", saw="not yet either"),
    entry(10, 31, "incident.looked", judgement="not_healed", saw="not gone"),
    entry(11, 31, "page.queued"),
    entry(12, 31, "incident.escalated", reason="the last step did not heal"),
    entry(13, 32, "page.failed", page=7, channel="chat", error="refused"),
    entry(14, 33, "page.sent", page=7, channel="mail"),
    entry(15, 40, "incident.acknowledged", "ann", via="link", reason="acknowledged by ann"),
    entry(16, 41, "incident.commented", "ann", note="two\nlines", reason="acknowledged by ann"),
    entry(17, 50, "incident.resolved", "ann", reason="the disk was full"),
    runs=(fix(5, 11, 20, state=RunState.FINISHED, outcome=Outcome.OK, reason="all ok"),),
    pages=(page(7, 31),),
)


def test_the_whole_story_in_the_order_in_which_it_happened() -> None:
    assert kinds(timeline(WHOLE)) == [
        "opened", "acting", "run", "looked", "escalated", "page", "acknowledged", "commented",
        "resolved",
    ]  # fmt: skip


def test_each_moment_says_who_and_what() -> None:
    opened, acting, run, looked, _, called, taken, said, over = timeline(WHOLE)
    assert (opened.who, opened.told, opened.tone) == ("probe redis", "ratio > 0.9", "bad")
    assert (acting.step, acting.more) == (1, ("step 0 is not for it",))
    assert (run.at, run.seconds, run.tone, run.told) == (11, 9, "good", "all ok")
    assert (looked.count, looked.seconds, looked.told, looked.tone) == (3, 10, "not gone", "warn")
    assert called.more == ("chat: refused",)
    assert (taken.who, taken.via, taken.by_person) == ("ann", "link", True)
    assert said.note == "two\nlines"
    assert (over.told, over.tone) == ("the disk was full", "good")


@pytest.mark.parametrize(
    ("run", "kind", "tone"),
    [
        (fix(1, 1, None, state=RunState.STARTED), "run", "busy"),
        (fix(1, 1, 2, state=RunState.FINISHED, outcome=Outcome.OK), "run", "good"),
        (fix(1, 1, 2, state=RunState.FINISHED, outcome=Outcome.FAILED), "run", "bad"),
        (fix(1, 1, 2, state=RunState.LOST, outcome=Outcome.LOST), "run", "bad"),
        (fix(1, 1, 2, state=RunState.FINISHED, outcome=Outcome.CANCELLED), "run", "warn"),
        (fix(1, None, None, due_at=5.0), "waits", "warn"),
    ],
)
def test_how_a_run_looks(run: Run, kind: str, tone: str) -> None:
    [moment] = timeline(story(runs=(run,)))
    assert (moment.kind, moment.tone, moment.run) == (kind, tone, run)
    assert moment.seconds == (1 if run.finished_at else None)


@pytest.mark.parametrize(
    "run",
    [
        fix(1, None, 3.0, state=RunState.DROPPED),
        fix(1, None, None),  # owed, and not due yet
    ],
)
def test_what_was_never_started_and_is_not_due_is_not_told(run: Run) -> None:
    assert timeline(story(runs=(run,))) == ()


@pytest.mark.parametrize(
    ("state", "tone"),
    [(PageState.SENT, "good"), (PageState.QUEUED, "bad"), (PageState.DROPPED, "")],
)
def test_how_a_page_looks(state: PageState, tone: str) -> None:
    [moment] = timeline(story(digests=(page(1, 5, state),)))
    assert (moment.kind, moment.tone, moment.told) == ("page", tone, "it broke")


@pytest.mark.parametrize(
    ("action", "kind", "tone"),
    [
        ("incident.deadline_near", "near", "warn"),
        ("incident.deadline_missed", "missed", "bad"),
        ("incident.held", "held", "warn"),
        ("incident.retried", "retried", ""),
        ("run.cancel_requested", "cancel_requested", ""),
        ("incident.something_new", "something_new", ""),
    ],
)
def test_what_the_record_calls_it(action: str, kind: str, tone: str) -> None:
    [moment] = timeline(story(entry(1, 5, action, due_at=9.0)))
    assert (moment.kind, moment.tone, moment.due_at) == (kind, tone, 9.0)


@pytest.mark.parametrize("action", ["signal.matched", "run.planned", "page.sent", "access.denied"])
def test_what_is_told_elsewhere_is_not_told_twice(action: str) -> None:
    assert timeline(story(entry(1, 5, action))) == ()


def test_looks_between_which_something_else_happened_stay_apart() -> None:
    told = story(
        entry(1, 5, "incident.looked", judgement="wait", saw="a"),
        entry(2, 6, "incident.commented", "ann", note="x"),
        entry(3, 7, "incident.looked", judgement="healed", saw="b"),
    )
    assert [(e.kind, e.count) for e in timeline(told)] == [
        ("looked", 1), ("commented", 1), ("looked", 1)
    ]  # fmt: skip


def test_of_a_part_of_the_record_only_what_happened_in_its_time_is_told() -> None:
    part = story(
        entry(8, 30, "incident.commented", "ann", note="x"),
        entry(9, 30, "run.started", run=2),
        entry(10, 30, "incident.commented", "ann", note="y"),
        runs=(fix(1, 5, 6), fix(2, 30, 36), fix(3, 50, 51)),
    )
    assert kinds(timeline(part, earlier=True)) == ["commented", "run", "commented", "run"]
    assert kinds(timeline(part, later=True)) == ["run", "commented", "run", "commented"]
    assert kinds(timeline(part, earlier=True, later=True)) == ["commented", "run", "commented"]


def test_facts_that_differ_come_first_and_what_is_secret_is_not_shown() -> None:
    rows = changes({"a": 1, "b": 2, "auth_token": "s"}, {"a": 1, "b": 3, "c": 4})
    assert [(name, differs) for name, *_, differs in rows] == [
        ("auth_token", True), ("b", True), ("c", True), ("a", False)
    ]  # fmt: skip
    assert rows[0][1] == "********"


def test_each_entry_is_read_a_few_times_however_many_pages_there_are() -> None:
    """A report tells up to twenty thousand entries, of an incident that called for weeks."""

    class Payload(dict[str, Any]):
        read = 0

        def get(self, *names: Any) -> Any:
            Payload.read += 1
            return super().get(*names)

    def told(seq: int) -> AuditEntry:
        payload = Payload(page=seq, channel="chat", error="refused")
        return AuditEntry(seq, AuditEvent(seq, "autofix", "page.failed", payload=payload), "", "")

    many = range(1, 401)
    moments = timeline(story(*map(told, many), pages=tuple(page(n, float(n)) for n in many)))
    assert [each.more for each in moments] == [("chat: refused",)] * 400
    assert [each.seq for each in moments] == list(many)
    assert Payload.read < 10 * len(many)
