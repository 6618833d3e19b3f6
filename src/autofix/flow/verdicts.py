"""What each alert of some posts means now, given what is open and what waits to be handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofix.core.alerts import Alert, Arrival, Judged, Standing, Verdict
from autofix.core.identities import REPLAYED_BY
from autofix.core.incidents import Origin
from autofix.core.inert import inert
from autofix.core.matching import TAKEN, Match, Reason
from autofix.core.signals import Signal
from autofix.flow.context import Book
from autofix.ports import Reads

#: Each alert of a post, with what it means for every runbook that names it.
Pairs = Sequence[tuple[Alert, Sequence[Match]]]


def matches(book: Book, arrival: Arrival) -> Pairs:
    """Pure: done before the store is asked for anything."""
    source = book.sources.get(arrival.post.source)
    if arrival.why or source is None:
        return []
    may = _may(source.runbooks, arrival.admission.runbooks)
    index, hosts = book.alerts, book.inventory
    return [(alert, index.judge(alert, hosts, may)) for alert in arrival.alerts]


def _may(source: Sequence[str], credential: Sequence[str]) -> frozenset[str] | None:
    """What both let through; an empty list lets everything through."""
    if source and credential:
        return frozenset(source) & frozenset(credential)
    return frozenset(source or credential) or None


def sent_by(arrival: Arrival) -> str:
    """Who asked, as signals and the record name him."""
    sender = f"alert {arrival.post.source}"
    return f"{sender}{REPLAYED_BY}{arrival.by}" if arrival.by else sender


@dataclass(slots=True)
class Draft:
    """A verdict; `waits` is the signal of this very batch whose number is not known yet."""

    alert: Alert
    match: Match
    verdict: Verdict
    why: str
    incident: int | None = None
    signal: int | None = None
    waits: Signal | None = None

    def judged(self, numbers: Mapping[int, int]) -> Judged:
        """`numbers` of signals, by their `id()`."""
        match = self.match
        signal = self.signal if self.waits is None else numbers.get(id(self.waits))
        return Judged(
            self.alert.name, self.alert.fingerprint, self.verdict, self.why,
            match.runbook, match.host, match.subject, signal, self.incident,
        )  # fmt: skip


class Verdicts:
    """Of posts that come together, at one moment."""

    def __init__(self, reads: Reads, now: float) -> None:
        self._reads, self._now = reads, now
        self._signals: dict[tuple[tuple[str, str, str], bool], Signal] = {}

    @property
    def signals(self) -> list[Signal]:
        """What follows from them, to be written down in this order."""
        return list(self._signals.values())

    def of(self, arrivals: Sequence[Arrival], pairs: Sequence[Pairs]) -> list[list[Draft]]:
        targets = {
            match.target
            for of in pairs
            for _, found in of
            for match in found
            if match.reason in TAKEN
        }
        standing = self._reads.standing(targets) if targets else {}
        nothing = Standing()
        return [
            []
            if arrival.why
            else [
                self._verdict(arrival, alert, match, standing.get(match.target, nothing))
                for alert, found in of
                for match in found
            ]
            for arrival, of in zip(arrivals, pairs, strict=True)
        ]

    def _verdict(self, arrival: Arrival, alert: Alert, match: Match, now: Standing) -> Draft:
        if match.reason is Reason.FIRES:
            return self._fires(arrival, alert, match, now)
        if match.reason is Reason.CLEARS:
            return self._clears(arrival, alert, match, now)
        return Draft(alert, match, Verdict.IGNORED, match.why)

    def _fires(self, arrival: Arrival, alert: Alert, match: Match, now: Standing) -> Draft:
        if now.incident is not None:
            why = f"incident {now.incident} is open for this"
            return Draft(alert, match, Verdict.REPEATS, why, incident=now.incident)
        if now.signal is not None:
            why = f"signal {now.signal} for this waits to be handled"
            return Draft(alert, match, Verdict.REPEATS, why, signal=now.signal)
        before = self._signals.get((match.target, True))
        if before is not None:
            return Draft(alert, match, Verdict.REPEATS, "it came at the same time", waits=before)
        return Draft(alert, match, Verdict.FIRES, "", waits=self._signal(arrival, alert, match))

    def _clears(self, arrival: Arrival, alert: Alert, match: Match, now: Standing) -> Draft:
        if now.incident is None:
            waits = "nothing was done for this yet: the symptom is looked at before anything is"
            why = "nothing of ours is open for this" if now.signal is None else waits
            return Draft(alert, match, Verdict.IGNORED, why)
        why, waits_for = "its sender says that it is over: the symptom is looked at", None
        if now.clearing is None:
            waits_for = self._signals.get((match.target, False))
            waits_for = waits_for or self._signal(arrival, alert, match, now.incident)
        return Draft(
            alert, match, Verdict.CLEARS, why, now.incident, now.clearing, waits_for
        )  # fmt: skip

    def _signal(
        self, arrival: Arrival, alert: Alert, match: Match, incident: int | None = None
    ) -> Signal:
        says = "" if alert.firing else "it is over, says "
        signal = Signal(
            0, Origin.ALERT, self._now, match.host, match.runbook, match.subject,
            alert.firing, match.trigger,
            labels=alert.labels, inputs=match.inputs, by=sent_by(arrival),
            reason=f"{says}the alert {inert(alert.name, 120)} of {arrival.post.source}",
            incident=incident,
        )  # fmt: skip
        self._signals[match.target, alert.firing] = signal
        return signal
