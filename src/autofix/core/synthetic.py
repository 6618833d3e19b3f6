"""The fake incident that proves the flow from end to end: when it is made, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from autofix.core.durations import human
from autofix.core.incidents import WITH_A_PERSON, Incident, State

#: Its host, its runbook and its policy. No inventory and no runbook file may use this name.
NAME = "autofix-synthetic"
#: Seconds: until an incident must have been opened, until it must have been closed, and since the
#: last look (a server that was away) after which silence counts anew.
OPENED, CLOSED, AWAY = 300.0, 900.0, 600.0


@dataclass(frozen=True)
class Proof:
    """How it stands, kept in the store as a mark. Moments in seconds since the epoch."""

    since: float = 0.0  # from when on a success is missed
    looked_at: float = 0.0
    tried_at: float = 0.0
    good_at: float | None = None
    failed_at: float | None = None
    alarmed_at: float | None = None
    error: str = ""  # why the last one did not succeed; empty after a success

    @property
    def trying(self) -> bool:
        return self.tried_at > max(self.good_at or 0.0, self.failed_at or 0.0)


class Act(StrEnum):
    WAIT = "wait"
    BREAK = "break"  # make the failure
    CLOSE = "close"  # healed: close the incident, that is a success
    FAILED = "failed"


@dataclass(frozen=True)
class Next:
    act: Act
    why: str = ""


def proof_of(value: Mapping[str, Any]) -> Proof:
    """From its JSON form."""
    known = {key: value[key] for key in Proof.__dataclass_fields__ if key in value}
    return Proof(**known)


def looked(proof: Proof, now: float) -> Proof:
    """After a time in which nobody looked (the server was away, or this was turned off) nothing
    was missed."""
    if now - proof.looked_at <= AWAY:
        return replace(proof, looked_at=now)
    return replace(proof, looked_at=now, since=now, alarmed_at=None)


def next_act(proof: Proof, newest: Incident | None, now: float, every: float) -> Next:
    """What is to be done. `newest`: the latest fake incident."""
    if not proof.trying:
        return Next(Act.BREAK) if now - proof.tried_at >= every else Next(Act.WAIT)
    waited = now - proof.tried_at
    if newest is None or newest.opened_at < proof.tried_at:
        why = f"no incident was opened within {human(OPENED)}"
        return Next(Act.FAILED, why) if waited > OPENED else Next(Act.WAIT)
    if newest.state in (State.HEALED, State.CLOSED):
        return Next(Act.CLOSE)
    if newest.state in WITH_A_PERSON or not newest.live:
        return Next(Act.FAILED, f"{newest.state}: {newest.reason}")
    if waited > CLOSED:
        return Next(Act.FAILED, f"still {newest.state} after {human(waited)}: {newest.reason}")
    return Next(Act.WAIT)


def must_alarm(proof: Proof, now: float, alarm_after: float) -> bool:
    """It has not succeeded for too long, and that was not said for as long."""
    last = max(proof.good_at or 0.0, proof.since)
    said = proof.alarmed_at is not None and now - proof.alarmed_at < alarm_after
    return now - last > alarm_after and not said
