"""What Prometheus reads: counted from the sealed record, and measured while it happens.

Counters begin at this process's start, as Prometheus expects; what is now is asked of the store at
each scrape. The only home of prometheus_client.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from autofix import __version__
from autofix.core import counting
from autofix.core.audit import AuditEntry
from autofix.errors import StoreError
from autofix.ports import Store
from autofix.web.problems import Problem

#: Entries of the record that one scrape takes up at most; the next one goes on.
AT_ONCE = 20_000
PAGE = 1000
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LONG = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Measures:
    """`ports.Meter`: what is measured while it happens."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._looks = Histogram(
            "autofix_probe_seconds", "How long looks of probes took.", ["probe"],
            buckets=QUICK, registry=registry,
        )  # fmt: skip
        self._failed = Counter(
            "autofix_probe_failures", "Looks that could not see their target.", ["probe"],
            registry=registry,
        )  # fmt: skip
        self._late = Histogram(
            "autofix_schedule_lateness_seconds", "How late looks and slots began, by job.", ["job"],
            buckets=QUICK, registry=registry,
        )  # fmt: skip
        self._alerts = Histogram(
            "autofix_delivery_seconds", "Deliveries of alerts, by what their sender was told.",
            ["source", "status"], buckets=QUICK, registry=registry,
        )  # fmt: skip

    def looked(self, probe: str, seconds: float, failed: bool) -> None:
        self._looks.labels(probe).observe(seconds)
        if failed:
            self._failed.labels(probe).inc()

    def late(self, job: str, seconds: float) -> None:
        self._late.labels(job).observe(max(seconds, 0.0))

    def delivered(self, source: str, status: int, seconds: float) -> None:
        self._alerts.labels(source, str(status)).observe(seconds)


class Recorded:
    """Follows the record from where it stood at the start, and counts what it says."""

    def __init__(self, registry: CollectorRegistry, store: Store) -> None:
        with store.reading() as reads:
            self._seen, _ = reads.audit_head()
        self._store, self._counter, self._turn = store, counting.Counter(), threading.Lock()

        def count(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"autofix_{name}", words, labels, registry=registry)

        self._counts: Mapping[str, Counter] = {
            "opened": count("incidents_opened", "Incidents that opened.", "runbook"),
            "ended": count("incidents_ended", "How incidents ended.", "runbook", "state"),
            "runs": count("runs", "Runs of playbooks.", "runbook", "kind", "outcome"),
            "decisions": count("decisions", "What was decided, and why.", "decision", "reason"),
            "pages": count("pages", "Pages to people.", "channel", "result"),
            "denied": count("denied", "Attempts that were turned away."),
        }
        self._took = Histogram(
            "autofix_run_seconds", "How long runs took.", ["runbook", "kind", "outcome"],
            buckets=LONG, registry=registry,
        )  # fmt: skip

    def catch_up(self) -> None:
        """Count what was written since; one at a time, however many scrape."""
        with self._turn:
            for _ in range(AT_ONCE // PAGE):
                with self._store.reading() as reads:
                    entries = reads.audit(after=self._seen, limit=PAGE)
                for entry in entries:
                    self._take(entry)
                if len(entries) < PAGE:
                    return

    def _take(self, entry: AuditEntry) -> None:
        self._seen = entry.seq
        for each in self._counter.counts(entry):
            labels = dict(each.labels)
            counter = self._counts[each.name]
            (counter.labels(**labels) if labels else counter).inc()
            if each.seconds is not None:
                self._took.labels(**labels).observe(each.seconds)


class Standing:
    """A collector of what is now: asked at each scrape."""

    def __init__(self, store: Store, leads: Callable[[], bool]) -> None:
        self._store, self._leads = store, leads

    def collect(self) -> Iterator[Metric]:
        yield _gauge("autofix_up", "This server, by version.", ("version",), {(__version__,): 1})
        yield _gauge("autofix_leads", "Does this server decide?", (), {(): float(self._leads())})
        try:
            with self._store.reading() as reads:
                tallies, (size, _) = reads.tallies(), reads.audit_head()
        except StoreError:
            yield _gauge("autofix_store_up", "Can the store be read?", (), {(): 0})
            return
        yield _gauge("autofix_store_up", "Can the store be read?", (), {(): 1})
        live: _Values = {key: float(count) for key, count in tallies.live.items()}
        yield _gauge("autofix_incidents", "Live incidents.", ("state", "severity"), live)
        queued: _Values = {(what,): float(count) for what, count in tallies.queued.items()}
        yield _gauge("autofix_queue", "What waits for its turn.", ("what",), queued)
        yield _gauge("autofix_audit_entries", "Entries of the record.", (), {(): size})


_Values = Mapping[tuple[str, ...], float]


def _gauge(name: str, words: str, labels: tuple[str, ...], values: _Values) -> Metric:
    family = GaugeMetricFamily(name, words, labels=list(labels))
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family


class Exposition:
    """All of it, as text."""

    def __init__(self, store: Store, leads: Callable[[], bool] = lambda: True) -> None:
        self._registry = CollectorRegistry()
        self.measures = Measures(self._registry)
        self._store = store
        self._recorded = self._begin()
        self._registry.register(Standing(store, leads))

    def _begin(self) -> Recorded | None:
        try:
            return Recorded(self._registry, self._store)
        except StoreError:
            return None  # `autofix_store_up` says so; the next scrape tries again

    def text(self) -> bytes:
        """Blocking: it asks the store. What can't be asked now is left out."""
        self._recorded = self._recorded or self._begin()
        if self._recorded is not None:
            with suppress(StoreError):
                self._recorded.catch_up()
        return generate_latest(self._registry)


router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    found: Exposition | None = request.app.state.services.extra.get("metrics")
    if found is None:
        raise Problem(404, "nothing is measured here")
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
