"""A trace is made of an incident's record."""

from __future__ import annotations

from typing import Any

from autofix.core.audit import GENESIS, AuditEntry, AuditEvent
from autofix.core.traces import Span, ended, span_id, spans, trace_id


def record(*told: tuple[float, str, dict[str, Any]]) -> list[AuditEntry]:
    return [
        AuditEntry(
            seq, AuditEvent(at, "autofix", action, "redis", "h1", 7, more.pop("run", None), more),
            GENESIS, "",
        )
        for seq, (at, action, more) in enumerate(told, start=1)
    ]  # fmt: skip


STORY = record(
    (100.0, "incident.opened", {"reason": "memory 0.95"}),
    (100.5, "incident.held", {"guard": "pause", "reason": "paused"}),
    (103.0, "incident.acting", {}),
    (103.1, "run.started", {"run": 4, "playbook": "evict.yml", "kind": "fix", "step": 1}),
    (109.1, "run.finished", {"run": 4, "outcome": "ok", "reason": "1 task went well"}),
    (109.2, "incident.verifying", {}),
    (115.0, "incident.healed", {"reason": "memory 0.6"}),
    (116.0, "page.queued", {"title": "healed"}),
    (117.0, "page.sent", {"title": "healed", "channel": "mail"}),
)


def named(found: list[Span], name: str) -> Span:
    (span,) = [each for each in found if each.name == name]
    return span


def test_one_span_holds_the_others_and_nothing_sticks_out() -> None:
    root, *within = spans(STORY)
    assert (root.name, root.start, root.end, root.parent) == ("redis on h1", 100.0, 117.0, "")
    assert root.attributes["autofix.state"] == "healed"
    assert all(each.parent == root.key for each in within)
    assert all(root.start <= each.start <= each.end <= root.end for each in within)
    assert len({each.key for each in (root, *within)}) == 1 + len(within)


def test_what_it_waited_for_ran_and_told_are_spans() -> None:
    found = spans(STORY)
    held = named(found, "held")
    assert (held.start, held.end, held.attributes["autofix.guard"]) == (100.5, 103.0, "pause")
    run = named(found, "run evict.yml")
    assert (run.start, run.end, run.failed) == (103.1, 109.1, False)
    verifying = named(found, "verifying")
    assert verifying.attributes["autofix.then"] == "healed"
    page = named(found, "page")
    assert (page.start, page.end, page.attributes["autofix.channel"]) == (116.0, 117.0, "mail")


def test_a_run_that_failed_and_an_incident_that_needed_a_person_are_marked() -> None:
    found = spans(
        record(
            (1.0, "incident.opened", {}),
            (2.0, "run.started", {"run": 1, "playbook": "x.yml"}),
            (3.0, "run.lost", {"run": 1}),
            (4.0, "incident.escalated", {}),
            (9.0, "incident.resolved", {}),
        )
    )
    assert found[0].failed
    assert named(found, "run x.yml").failed
    assert named(found, "escalated").end == 9.0


def test_without_its_opening_there_is_no_trace() -> None:
    assert spans(STORY[1:]) == []


def test_ids_are_the_same_for_the_same_and_others_for_others() -> None:
    assert trace_id("a", 1) == trace_id("a", 1)
    assert len({trace_id("a", 1), trace_id("a", 2), trace_id("b", 1)}) == 3
    assert 0 < span_id("a", 1, "incident") < 2**64
    assert 0 < trace_id("a", 1) < 2**128


def test_the_story_can_be_told_when_the_incident_ends_and_closing_adds_nothing() -> None:
    assert [entry.event.action for entry in STORY if ended(entry.event)] == ["incident.healed"]
    (closed,) = record((1.0, "incident.closed", {}))
    assert not ended(closed.event)
