"""Watching the server from outside: what its ticks and the open incidents make the sentinel say.

Pure: whoever looks passes what was seen, and how long it has itself been awake (`lived`), so that
neither a jump of the clock nor a stopped sentinel looks like a stopped server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: A server that died so often in so many seconds, and came back each time, does not run.
DEATHS, WITHIN = 4, 600.0
SERVING, STANDBY, STOPPING, STOPPED = "serving", "standby", "stopping", "stopped"


@dataclass(frozen=True)
class Tick:
    """The server's last sign of life. `stamp` differs for every sign."""

    stamp: str
    at: float  # seconds since the epoch, by the server's clock
    pid: int = 0
    owner: str = ""  # as it stands in the store: `serve pid 4711 on ops1`
    boot: str = ""  # which start of the machine
    state: str = SERVING
    by: str = ""  # who stopped it in order
    started: int = 0  # when the process began, in the kernel's own count


@dataclass(frozen=True)
class Open:
    """A live incident, as far as it matters when nobody works on it."""

    id: int
    severity: str
    runbook: str
    target: str
    state: str
    told: bool  # a page about it was sent, or a person has it
    due: float | None = None  # the next moment at which somebody must hear of it


@dataclass(frozen=True)
class Known:
    """What was open at `at`; `total` counts those that `open` has no room for, too."""

    at: float = 0.0
    open: tuple[Open, ...] = ()
    total: int = 0
    untold: int = 0
    runs: tuple[str, ...] = ()  # in the middle of something, in words
    leader: str = ""  # who decides on the store now, if that was asked

    @property
    def needs_someone(self) -> bool:
        """Something was left that no person knows of."""
        return bool(self.untold or self.runs)


@dataclass(frozen=True)
class Rules:
    """Seconds: how long silence may last, how often it is said again, and how long an orderly stop
    with something left open stays unsaid."""

    after: float = 30.0
    repeat: float = 900.0
    stopped_after: float = 300.0


@dataclass(frozen=True)
class Seen:
    """One look: how long we have been awake in all, the clock, the tick, and what is known."""

    lived: float
    now: float
    tick: Tick | None
    boot: str
    known: Known = Known()


@dataclass(frozen=True)
class Memory:
    """What is remembered from look to look. `said`: what was said in this outage, and when
    (`lived`; negative: before this process began). `failed` counts tries that reached nobody."""

    stamp: str = ""
    since: float = 0.0
    said: Mapping[str, float] = field(default_factory=dict)
    pid: int = 0  # of the last tick's server
    stopped: bool = True  # that one was stopped in order
    deaths: tuple[float, ...] = ()  # when another took its place without that (`lived`)
    ticks: int = 0  # new ones that we saw come; a first sight may be of a dead server's last
    failed: int = 0
    retry_at: float = 0.0


class Verdict(StrEnum):
    NEVER = "no server has ticked here"
    TICKING = "the server ticks"
    SILENT = "the server has stopped ticking"
    IN_ORDER = "the server was stopped in order"
    NOT_STARTED = "the server was not started since the machine was"


class CallKind(StrEnum):
    OUTAGE = "outage"  # it has stopped, or hangs
    DEADLINE = "deadline"  # incidents whose time has come meanwhile
    TAKEN_OVER = "taken_over"  # it has stopped, and another server decides
    LEFT_OPEN = "left_open"  # stopped in order, and something is left that nobody knows of
    NOT_STARTED = "not_started"
    FLAPPING = "flapping"  # it dies again and again, and is started each time
    BACK = "back"
    ENDED = "ended"  # it hung, and was stopped in order then


@dataclass(frozen=True)
class Call:
    """Somebody must hear this now."""

    kind: CallKind
    again: bool = False
    passed: tuple[Open, ...] = ()  # whose time has come

    @property
    def closing(self) -> bool:
        return self.kind in (CallKind.BACK, CallKind.ENDED)


def observe(memory: Memory, seen: Seen) -> Memory:
    """Remember a new sign of life."""
    if seen.tick is None or seen.tick.stamp == memory.stamp:
        return memory
    came, deaths = memory.ticks + bool(memory.stamp), memory.deaths
    if memory.pid and seen.tick.pid != memory.pid and not memory.stopped:
        deaths = (*deaths, seen.lived)[-DEATHS:]
    return replace(
        memory, stamp=seen.tick.stamp, since=seen.lived, ticks=came, deaths=deaths,
        pid=seen.tick.pid, stopped=seen.tick.state == STOPPED,
    )  # fmt: skip


def flapping(memory: Memory, lived: float) -> bool:
    """It has died often lately."""
    return len(memory.deaths) == DEATHS and lived - memory.deaths[0] < WITHIN


def verdict(memory: Memory, seen: Seen, rules: Rules) -> Verdict:
    tick = seen.tick
    if tick is None:
        return Verdict.NEVER
    if tick.state == STOPPED:
        return Verdict.IN_ORDER if tick.boot == seen.boot else Verdict.NOT_STARTED
    return Verdict.TICKING if silent(memory, seen) < rules.after else Verdict.SILENT


def silent(memory: Memory, seen: Seen) -> float:
    """Seconds without a sign that we were awake for."""
    return seen.lived - memory.since


def judge(memory: Memory, seen: Seen, rules: Rules) -> Call | None:
    """What must be said now; None: nothing (yet)."""
    if seen.lived < memory.retry_at:
        return None
    found = verdict(memory, seen, rules)
    if found is Verdict.SILENT:
        return _silent(memory, seen, rules)
    if found is Verdict.TICKING:
        return _ticking(memory, seen, rules)
    if found is Verdict.NEVER:
        return None
    return _stopped(memory, seen, rules, found)


def _ticking(memory: Memory, seen: Seen, rules: Rules) -> Call | None:
    if flapping(memory, seen.lived):
        last = memory.said.get(CallKind.FLAPPING)
        again = last is not None
        due = last is None or seen.lived - last >= rules.repeat
        return Call(CallKind.FLAPPING, again=again) if due else None
    return Call(CallKind.BACK) if memory.said and memory.ticks else None


def _silent(memory: Memory, seen: Seen, rules: Rules) -> Call | None:
    if seen.known.leader:
        said = _said(memory, CallKind.TAKEN_OVER) or _said(memory, CallKind.OUTAGE)
        return None if said else Call(CallKind.TAKEN_OVER)
    passed = overdue(memory, seen)
    last = memory.said.get(CallKind.OUTAGE)
    if last is None or seen.lived - last >= rules.repeat:
        return Call(CallKind.OUTAGE, again=last is not None, passed=passed)
    return Call(CallKind.DEADLINE, passed=passed) if passed else None


def _stopped(memory: Memory, seen: Seen, rules: Rules, found: Verdict) -> Call | None:
    if _said(memory, CallKind.OUTAGE) and not _said(memory, CallKind.LEFT_OPEN):
        return Call(CallKind.ENDED)
    if seen.known.leader:
        return None  # another server decides, and pages
    waited, passed = silent(memory, seen), overdue(memory, seen)
    if waited >= rules.stopped_after:
        if found is Verdict.NOT_STARTED and not _said(memory, CallKind.NOT_STARTED):
            return Call(CallKind.NOT_STARTED, passed=passed)
        if seen.known.needs_someone and not _said(memory, CallKind.LEFT_OPEN):
            return Call(CallKind.LEFT_OPEN, passed=passed)
    # A restart takes a moment; what falls due in it is the new server's.
    return Call(CallKind.DEADLINE, passed=passed) if passed and waited >= rules.after else None


def overdue(memory: Memory, seen: Seen) -> tuple[Open, ...]:
    """Incidents whose time has come and was not said, by the server's own clock too: that one
    runs ahead after the machine's was set back."""
    tick = seen.tick
    now = max(seen.now, tick.at + silent(memory, seen)) if tick else seen.now
    return tuple(
        each
        for each in seen.known.open
        if each.due is not None and each.due <= now and _key(each) not in memory.said
    )


def told(memory: Memory, call: Call, seen: Seen) -> Memory:
    """Somebody has heard it."""
    calm = replace(memory, failed=0, retry_at=0.0)
    if call.closing:
        return replace(calm, said={})
    said = {**memory.said, **{_key(each): seen.lived for each in call.passed}}
    return replace(calm, said={**said, str(call.kind): seen.lived})


def unheard(memory: Memory, seen: Seen) -> Memory:
    """No channel took it: again after 15 s, twice that, … at most 5 min."""
    wait = min(15.0 * 2 ** min(memory.failed, 10), 300.0)
    return replace(memory, failed=memory.failed + 1, retry_at=seen.lived + wait)


def may_leave(memory: Memory, seen: Seen, rules: Rules) -> bool:
    """The server was stopped in order, and nothing is left that anybody would be told."""
    if verdict(memory, seen, rules) is not Verdict.IN_ORDER or judge(memory, seen, rules):
        return False
    if seen.known.needs_someone and not _said(memory, CallKind.LEFT_OPEN):
        return False
    return not any(each.due and _key(each) not in memory.said for each in seen.known.open)


def _said(memory: Memory, kind: CallKind) -> bool:
    return str(kind) in memory.said


def _key(each: Open) -> str:
    return f"{each.id}@{each.due or 0:.0f}"
