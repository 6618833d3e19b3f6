"""What the metrics count, as sentences about entries of the record."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.audit import GENESIS, AuditEntry, AuditEvent
from autofix.core.counting import Count, Counter


def entry(action: str, at: float = 10.0, run: int | None = None, **payload: Any) -> AuditEntry:
    event = AuditEvent(at, "autofix", action, "redis", "h1", 1, run, payload)
    return AuditEntry(1, event, GENESIS, "")


RUNBOOK = {"runbook": "redis"}


@pytest.mark.parametrize(
    ("happened", "counted"),
    [
        (entry("incident.opened"), [Count("opened", RUNBOOK)]),
        (
            entry("incident.held", guard="cooldown"),
            [Count("decisions", {"decision": "hold", "reason": "cooldown"})],
        ),
        (
            entry("incident.escalated"),
            [Count("decisions", {"decision": "escalate", "reason": "escalated"})],
        ),
        (entry("incident.healed"), [Count("ended", {**RUNBOOK, "state": "healed"})]),
        (entry("incident.closed"), []),
        (
            entry("incident.recovered"),
            [
                Count("decisions", {"decision": "leave", "reason": "recovered"}),
                Count("ended", {**RUNBOOK, "state": "recovered"}),
            ],
        ),
        (
            entry("page.failed", channel="sms"),
            [Count("pages", {"channel": "sms", "result": "failed"})],
        ),
        (entry("page.queued"), []),
        (entry("access.denied"), [Count("denied", {})]),
        (entry("server.started"), []),
    ],
)
def test_an_entry_counts_for(happened: AuditEntry, counted: list[Count]) -> None:
    assert list(Counter().counts(happened)) == counted


def test_a_run_is_counted_with_how_long_it_took() -> None:
    counter = Counter()
    assert list(counter.counts(entry("run.started", at=10.0, run=7, kind="fix"))) == []
    (ended,) = counter.counts(entry("run.finished", at=14.5, run=7, kind="fix", outcome="ok"))
    assert ended == Count("runs", {**RUNBOOK, "kind": "fix", "outcome": "ok"}, 4.5)


def test_a_run_whose_start_was_not_seen_is_counted_without_a_time() -> None:
    (ended,) = Counter().counts(entry("run.lost", run=7, kind="fix"))
    assert ended == Count("runs", {**RUNBOOK, "kind": "fix", "outcome": "lost"}, None)
