"""What a monitoring says of many things, matched to hosts of the inventory. Pure.

A row belongs to the host one of whose aliases is exactly what the row is about. Nothing is
guessed: a row about nobody of ours counts for nobody, and two rows that can't be told apart are an
error of that host alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autofix.core.matching import without_port
from autofix.core.readings import Reading, Target, Value
from autofix.probes.common import seen
from autofix.probes.words import one_line

MOST_READINGS = 500  # of one host in one look


@dataclass(frozen=True)
class Row:
    """One thing that the monitoring told. `about`: what it calls the host; None: no host at all,
    it counts for each."""

    about: str | None
    facts: Mapping[str, Value]
    labels: Mapping[str, str] = field(default_factory=dict)
    part: str = ""  # which of several queries it answers


@dataclass(frozen=True)
class Answer:
    """All rows; `partial` says why some may be missing, empty when none is."""

    rows: Sequence[Row]
    partial: str = ""


@dataclass(frozen=True)
class Sorting:
    """How rows become readings. `what` names them, `by` are the labels that tell several of one
    host apart, `absent` are the facts of a host without a row (None: it was not seen)."""

    what: str
    by: tuple[str, ...] = ()
    absent: Mapping[str, Value] | None = None
    strip_port: bool = False
    stale_after: float = 0.0


class Names:
    """Who is meant by what a monitoring calls a host."""

    def __init__(self, targets: Iterable[Target], *, strip_port: bool = False) -> None:
        self._strip = strip_port
        self._owners: dict[str, set[str]] = {}
        for target in targets:
            for alias in target.aliases or (target.host, target.address):
                self._owners.setdefault(alias, set()).add(target.host)
            if target.aliases:
                # The inventory keeps back what another host is called as well.
                for shared in {target.host, target.address} - set(target.aliases):
                    self._owners.setdefault(shared, set()).update((target.host, ""))

    def of(self, text: str) -> frozenset[str]:
        """The hosts that may be meant: none, one, or several, which is an error."""
        return frozenset(self._owners.get(without_port(text) if self._strip else text, ()))

    def without_port(self, text: str) -> frozenset[str]:
        return frozenset(self._owners.get(without_port(text), ()))


@dataclass
class _Sorted:
    """Rows by host, and what is known of those that belong to nobody."""

    mine: dict[str, list[Row]]
    shared: dict[str, str] = field(default_factory=dict)  # host: a name that is another's, too
    with_port: set[str] = field(default_factory=set)  # hosts that would be found without a port
    stranger: str = ""  # what a row is about that is no host here

    def why(self, host: str) -> str:
        """What may be wrong when nothing is told of this host."""
        if host in self.with_port:
            return "; with strip_port: true there would be"
        if self.stranger:
            name = one_line(self.stranger, 60)
            return f"; it tells of {name!r}, which is no host here (see autofix_aliases)"
        return ""


def readings(
    answer: Answer, targets: Sequence[Target], how: Sorting, now: float
) -> dict[str, list[Reading]]:
    """At least one reading for each target."""
    them = _sorted(answer.rows, targets, how)
    return {each.host: _of_host(each.host, them, answer, how, now) for each in targets}


def _sorted(rows: Iterable[Row], targets: Sequence[Target], how: Sorting) -> _Sorted:
    names = Names(targets, strip_port=how.strip_port)
    them = _Sorted({target.host: [] for target in targets})
    for row in rows:
        meant = frozenset(them.mine) if row.about is None else names.of(row.about)
        if row.about is not None and len(meant) > 1:
            them.shared |= {host: row.about for host in meant if host}
        else:
            for host in meant:
                them.mine[host].append(row)
        if not meant and row.about:
            them.with_port |= names.without_port(row.about)
            them.stranger = them.stranger or row.about
    return them


def _of_host(host: str, them: _Sorted, answer: Answer, how: Sorting, now: float) -> list[Reading]:
    rows = them.mine[host]
    if host in them.shared:
        name = one_line(them.shared[host], 60)
        why = f"the {how.what} of {name!r} may be about {host} or another host of that name"
        return [Reading.unseen(host, now, why)]
    if not rows and (answer.partial or how.absent is None):
        why = f" ({answer.partial})" if answer.partial else them.why(host)
        return [Reading.unseen(host, now, f"no {how.what} of {host}{why}")]
    if not rows:
        return [seen(host, now, {**(how.absent or {}), "series": 0})]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.labels.get(name, "") for name in how.by), []).append(row)
    if len(groups) > MOST_READINGS:
        why = f"{len(groups)} {how.what} of {host}, {MOST_READINGS} at most: narrow the query"
        return [Reading.unseen(host, now, why)]
    told = {"partial": answer.partial} if answer.partial else {}
    return [
        _reading(host, dict(zip(how.by, key, strict=True)), some, len(rows), told, how, now)
        for key, some in sorted(groups.items())
    ]


def _reading(
    host: str,
    key: Mapping[str, Value],
    rows: Sequence[Row],
    series: int,
    told: Mapping[str, Value],
    how: Sorting,
    now: float,
) -> Reading:
    """The reading of one key: the facts of all parts together."""
    facts: dict[str, Value] = {}
    for row in rows:
        same = [each for each in rows if each.part == row.part]
        if len(same) > 1:
            return _lost(host, now, key, _not_apart(host, same, how))
        oldest = max((_age(facts), _age(row.facts)))
        facts |= row.facts
        if oldest >= 0:
            facts["age_seconds"] = oldest
    if how.stale_after and _age(facts) > how.stale_after:
        why = f"the newest {how.what} of {host} is {_age(facts):.0f} s old"
        return _lost(host, now, key, why)
    return seen(host, now, {**facts, **key, **told, "series": series})


def _lost(host: str, now: float, key: Mapping[str, Value], why: str) -> Reading:
    """Not seen; what names the thing looked at stays, so that it is known which one."""
    return Reading(host, now, {"reachable": False, "error": why, **key})


def _age(facts: Mapping[str, Value]) -> float:
    found = facts.get("age_seconds")
    return float(found) if isinstance(found, int | float) else -1.0


def _not_apart(host: str, rows: Sequence[Row], how: Sorting) -> str:
    """Words for rows that should have been one, naming the labels in which they differ."""
    names = sorted({name for row in rows for name in row.labels} - set(how.by))
    differ = [name for name in names if len({row.labels.get(name) for row in rows}) > 1]
    apart = f", or tell them apart by: [{', '.join(differ[:3])}]" if differ else ""
    told = {row.about for row in rows}
    names_of = f" (as {' and '.join(sorted(map(str, told))[:2])})" if len(told) > 1 else ""
    return one_line(
        f"{len(rows)} {how.what} of {host}{names_of}: make the query give one a host{apart}"
    )
