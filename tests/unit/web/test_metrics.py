"""What Prometheus reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autofix.core.audit import AuditEvent
from autofix.errors import StoreError
from autofix.testing.memory import MemoryStore
from autofix.web.metrics import Exposition
from storekit import event, opened


def lines(exposition: Exposition) -> dict[str, float]:
    text = exposition.text().decode()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def note(store: Any, action: str, **payload: Any) -> None:
    with store.transaction() as tx:
        tx.record(AuditEvent(5.0, "autofix", action, "redis", "h1", payload=payload))


def test_what_is_now_and_what_happened_since_the_start() -> None:
    store = MemoryStore()
    note(store, "page.sent", channel="before")
    exposition = Exposition(store)
    opened(store, severity="P0")
    note(store, "page.sent", channel="sms")
    note(store, "page.failed", channel="sms")
    found = lines(exposition)
    assert found['autofix_incidents{severity="P0",state="open"}'] == 1
    assert found['autofix_pages_total{channel="sms",result="sent"}'] == 1
    assert found['autofix_pages_total{channel="sms",result="failed"}'] == 1
    assert not any("before" in name for name in found)
    assert found["autofix_store_up"] == 1
    assert lines(exposition)['autofix_pages_total{channel="sms",result="sent"}'] == 1


def test_names_from_outside_stay_within_their_quotes() -> None:
    store = MemoryStore()
    exposition = Exposition(store)
    note(store, "page.sent", channel='x"} 1\nautofix_up 0')
    assert lines(exposition)["autofix_store_up"] == 1
    assert "\nautofix_up 0" not in exposition.text().decode()


def test_measured_while_it_happens() -> None:
    exposition = Exposition(MemoryStore())
    exposition.measures.looked("redis", 0.02, False)
    exposition.measures.looked("redis", 3.0, True)
    exposition.measures.late("job", -1.0)
    exposition.measures.delivered("am", 202, 0.004)
    found = lines(exposition)
    assert found['autofix_probe_seconds_count{probe="redis"}'] == 2
    assert found['autofix_probe_failures_total{probe="redis"}'] == 1
    assert found['autofix_schedule_lateness_seconds_sum{job="job"}'] == 0
    assert found['autofix_delivery_seconds_count{source="am",status="202"}'] == 1


class Broken(MemoryStore):
    down = True

    def reading(self) -> Any:
        if self.down:
            raise StoreError("the disk is gone")
        return super().reading()


def test_a_store_that_is_down_is_said_and_the_rest_still_shown() -> None:
    store = Broken()
    exposition = Exposition(store)
    exposition.measures.looked("redis", 0.02, False)
    found = lines(exposition)
    assert found["autofix_store_up"] == 0
    assert found['autofix_probe_seconds_count{probe="redis"}'] == 1
    store.down = False
    assert lines(exposition)["autofix_store_up"] == 1
    with store.transaction() as tx:
        tx.record(event("access.denied"))
    assert lines(exposition)["autofix_denied_total"] == 1


def test_every_metric_is_documented_and_no_other() -> None:
    store = MemoryStore()
    exposition = Exposition(store)
    opened(store)
    exposition.text()
    page = Path(__file__).parents[3] / "docs" / "observability.md"
    documented = set(re.findall(r"^\| `(autofix_\w+)`", page.read_text(), re.M))
    found = re.findall(r"^# TYPE (\w+) (\w+)$", exposition.text().decode(), re.M)
    names = {name for name, _ in found if not name.endswith("_created")}
    assert documented == names
