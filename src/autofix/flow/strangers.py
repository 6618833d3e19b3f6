"""Alerts that nothing runs for, and that a person may have to hear of: about no host of ours, with
no runbook, by a sender who may not, or with text that no honest sender writes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from autofix.core.alerts import Alert, Arrival, Delivery
from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.core.matching import TAKEN, Match, Reason
from autofix.core.messages import Message
from autofix.core.runbooks import Runbook
from autofix.core.silences import Silence
from autofix.core.strangers import compose_hostile, compose_unplaced
from autofix.flow import paging
from autofix.flow.context import Context
from autofix.flow.paging import Wanted
from autofix.flow.verdicts import Pairs, sent_by
from autofix.ports import Source, Transaction

Written = tuple[Arrival, Pairs, Delivery]
#: Nobody is told of the same twice within a day.
ONCE_IN = 86400.0
SEVERITY = "P2"
NO_HOST = frozenset({Reason.UNKNOWN_HOST, Reason.GROUP, Reason.NO_HOST_LABEL})
NO_RUNBOOK = frozenset({Reason.NO_RUNBOOK, Reason.OTHER_LABEL})


def tell(ctx: Context, tx: Transaction, written: Sequence[Written], now: float) -> None:
    """Page where the source says so, once a day for each; write down who may not."""
    teller = _Teller(ctx, tx, now)
    for arrival, pairs, row in written:
        source = ctx.book.sources.get(arrival.post.source)
        if source is not None:
            teller.post(source, arrival, pairs, row)
    teller.call()


class _Teller:
    """Who is to be told of what some posts brought."""

    def __init__(self, ctx: Context, tx: Transaction, now: float) -> None:
        self._ctx, self._tx, self._now = ctx, tx, now
        self._pages: dict[str, list[Wanted]] = {}
        self._silences: Sequence[Silence] | None = None

    def post(self, source: Source, arrival: Arrival, pairs: Pairs, row: Delivery) -> None:
        if arrival.hostile:
            self._add(source, _hostile(self._ctx, self._tx, source, row, row.why, self._now))
        for alert, found in pairs if not arrival.why else ():
            if not any(match.reason in TAKEN for match in found):
                self._alert(source, arrival, alert, found, row)

    def _alert(
        self, source: Source, arrival: Arrival, alert: Alert, found: Sequence[Match], row: Delivery
    ) -> None:
        tx, now = self._tx, self._now
        if found[0].reason is Reason.HOSTILE:
            self._add(source, _hostile(self._ctx, tx, source, row, found[0].why, now))
            return
        if any(match.reason is Reason.NOT_ALLOWED for match in found):
            _may_not(self._ctx, tx, arrival, row, found, now)
            return
        what = _unplaced(source, found) if alert.firing else ""
        if what and not self._silent(alert, found):
            self._add(source, _about(self._ctx, tx, source, alert, found, what, row, now))

    def _silent(self, alert: Alert, found: Sequence[Match]) -> bool:
        """Somebody asked to be left alone by alerts with this label."""
        if self._silences is None:
            self._silences = self._tx.silences(active_at=self._now)
        name = found[0].runbook
        return any(each.covers(name, "", (), alert.labels) for each in self._silences)

    def _add(self, source: Source, wanted: Wanted | None) -> None:
        if wanted is not None:
            self._pages.setdefault(source.name, []).append(wanted)

    def call(self) -> None:
        for name, wanted in self._pages.items():
            # Gathered like the calls of a runbook: a storm of strange alerts is one page.
            policy = self._ctx.book.sources[name].policy
            stand_in = Runbook(f"alerts {name}", f"alerts of {name}", (), None, escalate=policy)
            paging.call(self._ctx, self._tx, stand_in, 0, wanted, self._now)


def _unplaced(source: Source, found: Sequence[Match]) -> str:
    """Why a person is to hear of it, if the settings want that; else empty."""
    reasons = {match.reason for match in found}
    if reasons & NO_HOST:
        return "it is about no host of ours" if source.unknown_host == "page" else ""
    if reasons <= NO_RUNBOOK:
        return "no runbook is for it" if source.no_runbook == "page" else ""
    return ""


def _about(
    ctx: Context,
    tx: Transaction,
    source: Source,
    alert: Alert,
    found: Sequence[Match],
    what: str,
    row: Delivery,
    now: float,
) -> Wanted | None:
    named = next((match.named for match in found if match.named), "") or _host_of(alert)
    # A digest: what a sender wrote may be longer than a database's key.
    once = hashlib.sha256(f"{alert.name}\n{named}".encode(errors="replace")).hexdigest()
    if not tx.first_time(f"told {source.name}", once, now + ONCE_IN, now):
        return None
    whys = [match.why for match in found]

    def words() -> Message:
        return compose_unplaced(alert, named, what, whys, row, SEVERITY, ctx.book.words)

    return Wanted(inert(named or alert.name, 120), what, SEVERITY, words)


def _hostile(
    ctx: Context, tx: Transaction, source: Source, row: Delivery, why: str, now: float
) -> Wanted | None:
    if not tx.first_time(f"hostile {source.name}", "", now + ONCE_IN, now):
        return None

    def words() -> Message:
        return compose_hostile(row, why, SEVERITY, ctx.book.words)

    return Wanted(source.name, f"refused: {why}", SEVERITY, words)


def _may_not(
    ctx: Context,
    tx: Transaction,
    arrival: Arrival,
    row: Delivery,
    found: Sequence[Match],
    now: float,
) -> None:
    """A denied attempt is on the record, gathered like the other refusals."""
    for match in found:
        if match.reason is not Reason.NOT_ALLOWED:
            continue
        kind = (arrival.post.source, "may not", match.runbook)
        passed_over = ctx.refusals.take(kind, now, ours=False)
        if passed_over is not None:
            payload = {
                "source": row.source,
                "sender": row.sender,
                "address": row.address,
                "why": match.why,
                "delivery": row.id,
                "before": passed_over,
            }
            by = sent_by(arrival)
            tx.record(AuditEvent(now, by, "alert.refused", match.runbook, payload=payload))


def _host_of(alert: Alert) -> str:
    return alert.labels.get("instance") or alert.labels.get("host") or ""
