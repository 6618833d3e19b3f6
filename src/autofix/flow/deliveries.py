"""What senders post becomes deliveries and signals: many posts, one durable commit.

Nothing is decided here. A signal is written down for what fires; the engine does the rest, as for
a person's run. Who sends the same again, or in a storm, costs a row and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autofix import crashpoints
from autofix.core.alerts import Arrival, Delivery, DeliveryState, Judged, Verdict
from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.flow import strangers
from autofix.flow.context import Context
from autofix.flow.verdicts import Pairs, Verdicts, matches, sent_by
from autofix.ports import Transaction

#: Headers that say something about a post and can't hold a secret. Nothing else is kept of them.
HEADERS = (
    "ce-id", "ce-source", "ce-specversion", "ce-subject", "ce-time", "ce-type", "content-encoding",
    "content-length", "content-type", "date", "traceparent", "user-agent", "webhook-id",
    "webhook-timestamp", "x-pagerduty-webhook-id", "x-request-id",
)  # fmt: skip
#: Of a post that nobody vouches for only so much is kept, in bytes.
OF_A_STRANGER = 2000
#: So many runbooks are named in an event of the record.
NAMED = 20


def accept(ctx: Context, arrivals: Sequence[Arrival]) -> list[Delivery]:
    """Write these posts down, with the signals that follow from them, in one transaction.

    One delivery for each: its `status` is what its sender is told, its `id` is 0 where a flood of
    refusals was only counted. StoreError: nothing of any of them was written, tell them 503.
    """
    pairs = [matches(ctx.book, each) for each in arrivals]
    for _ in arrivals:
        ctx.rush.arrived()
    with ctx.store.transaction() as tx:
        written = _write(ctx, tx, arrivals, pairs)
        crashpoints.reach("alert.receiving")
    crashpoints.reach("alert.received")
    return written


def preview(ctx: Context, arrival: Arrival) -> Delivery:
    """What it would mean now. Nothing is written, and nothing fires."""
    now = ctx.clock.now()
    with ctx.store.reading() as reads:
        (drafts,) = Verdicts(reads, now).of([arrival], [matches(ctx.book, arrival)])
    return _delivery(arrival, now, tuple(each.judged({}) for each in drafts))


def _write(
    ctx: Context, tx: Transaction, arrivals: Sequence[Arrival], pairs: Sequence[Pairs]
) -> list[Delivery]:
    now = ctx.clock.now()
    arrivals = [_once(tx, each, now) for each in arrivals]
    verdicts = Verdicts(tx, now)
    drafts = verdicts.of(arrivals, pairs)
    signals = verdicts.signals
    added = tx.add_signals([(each, None) for each in signals]) if signals else []
    numbers = {id(signal): number for signal, number in zip(signals, added, strict=True)}
    rows = [
        _delivery(arrival, now, tuple(each.judged(numbers) for each in of))
        for arrival, of in zip(arrivals, drafts, strict=True)
    ]
    more = [_passed_over(ctx, arrival, now) for arrival in arrivals]
    kept = [at for at, each in enumerate(more) if each is not None]
    ids = tx.add_deliveries([(rows[at], None) for at in kept])
    for at, number in zip(kept, ids, strict=True):
        rows[at] = replace(rows[at], id=number)
    _record(tx, arrivals, rows, more, now)
    strangers.tell(ctx, tx, list(zip(arrivals, pairs, rows, strict=True)), now)
    return rows


def _once(tx: Transaction, arrival: Arrival, now: float) -> Arrival:
    """A post that may come only once, and did before, is a replay."""
    admission = arrival.admission
    if arrival.why or not admission.once:
        return arrival
    name = f"hook {arrival.post.source}"
    if tx.first_time(name, admission.once, admission.until, now):
        return arrival
    return replace(arrival, status=401, why="the same signed post came before")


def _passed_over(ctx: Context, arrival: Arrival, now: float) -> int | None:
    """None: of too many refusals of its kind, this one is only counted."""
    if not arrival.why:
        return 0
    source = arrival.post.source if arrival.post.source in ctx.book.sources else ""
    ours = _authentic(arrival)
    return ctx.refusals.take((source, str(arrival.status), str(ours)), now, ours=ours)


def _authentic(arrival: Arrival) -> bool:
    return bool(arrival.admission.sender) and not arrival.admission.why


def _delivery(arrival: Arrival, now: float, judged: tuple[Judged, ...]) -> Delivery:
    post, refused = arrival.post, bool(arrival.why)
    body = post.body if _authentic(arrival) else post.body[:OF_A_STRANGER]
    return Delivery(
        0,
        now,
        inert(post.source, 80),
        arrival.admission.sender,
        inert(post.address, 64),
        DeliveryState.REFUSED if refused else DeliveryState.ACCEPTED,
        arrival.status,
        inert(arrival.why, 500),
        {name: inert(post.headers[name], 300) for name in HEADERS if name in post.headers},
        body.decode("utf-8", "backslashreplace"),
        len(post.body),
        judged,
        arrival.replay_of,
        arrival.by,
    )


def _record(
    tx: Transaction,
    arrivals: Sequence[Arrival],
    rows: Sequence[Delivery],
    more: Sequence[int | None],
    now: float,
) -> None:
    """Each refusal, and of every sender what came in, if it is any news."""
    came: dict[tuple[str, str], list[Delivery]] = {}
    for arrival, row, passed_over in zip(arrivals, rows, more, strict=True):
        if not arrival.why:
            came.setdefault((arrival.post.source, sent_by(arrival)), []).append(row)
        elif passed_over is not None:
            tx.record(_refused(arrival, row, passed_over, now))
    for (source, by), deliveries in came.items():
        counts = Counter(str(each.verdict) for row in deliveries for each in row.judged)
        if set(counts) - {Verdict.REPEATS}:
            tx.record(_received(source, by, deliveries, counts, now))


def _refused(arrival: Arrival, row: Delivery, passed_over: int, now: float) -> AuditEvent:
    payload = {
        "source": row.source,
        "sender": row.sender,
        "address": row.address,
        "status": row.status,
        "why": row.why,
        "delivery": row.id,
        "before": passed_over,
    }
    return AuditEvent(now, _who(arrival, row), "alert.refused", payload=payload)


def _who(arrival: Arrival, row: Delivery) -> str:
    return sent_by(arrival) if _authentic(arrival) else f"unknown ({row.address or 'no address'})"


def _received(
    source: str, by: str, deliveries: Sequence[Delivery], counts: Counter[str], now: float
) -> AuditEvent:
    """One event for the posts of one sender that were written down together."""
    judged = [each for row in deliveries for each in row.judged]
    signals = [each.signal for each in judged if each.verdict is Verdict.FIRES and each.signal]
    fired = sorted({each.runbook for each in judged if each.verdict is Verdict.FIRES})
    payload: dict[str, Any] = {
        "source": source,
        "deliveries": [deliveries[0].id, deliveries[-1].id],
        "posts": len(deliveries),
        "verdicts": dict(counts),
        "runbooks": fired[:NAMED],
        "signals": [signals[0], signals[-1]] if signals else [],
    }
    replayed = [row.replay_of for row in deliveries if row.replay_of is not None]
    if replayed:
        payload["replay_of"] = replayed
    return AuditEvent(now, by, "alert.received", payload=payload)
