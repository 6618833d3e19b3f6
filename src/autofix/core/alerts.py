"""What monitoring posts: a delivery holds alerts; each gets a verdict for every runbook it means.

Everything a sender wrote is data: it is kept, shown inertly, and never becomes a name, a limit or
an expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Post:
    """One request as it came, before anybody believed it. Header names are in lower case."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    address: str = ""  # of the sender, told by a trusted proxy where there is one
    proxied: bool = False  # it came through a trusted proxy: its headers may be believed
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Admission:
    """May this post come in? `why` is empty when it may; `sender` is who it is for the record.

    `once` (with its end in seconds since the epoch) must not have been seen before: it shuts out
    replays. `runbooks`: what the credential may trigger; empty is all that the source may.
    """

    sender: str = ""
    why: str = ""
    once: str = ""
    until: float = 0.0
    runbooks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """One post as the door and its source judged it, ready to be written down.

    `why` says why it is not let in: then nothing of it is judged, and `status` is what its sender
    is told. `hostile`: an authentic sender's text that no honest one writes; a person hears of it.
    `replay_of` and `by`: a person has an earlier one judged anew.
    """

    post: Post
    admission: Admission = Admission()
    alerts: tuple[Alert, ...] = ()
    status: int = 202
    why: str = ""
    hostile: bool = False
    replay_of: int | None = None
    by: str = ""


@dataclass(frozen=True)
class Alert:
    """One alert of a delivery, whoever sent it. What the sender says of its host is a label.

    `fingerprint` is the same for each repetition of the same alert from this source.
    """

    name: str
    firing: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    starts_at: float | None = None


class Verdict(StrEnum):
    FIRES = "fires"  # it became a signal
    REPEATS = "repeats"  # an incident of the same target is open
    CLEARS = "clears"  # the sender says that it is over, and something of ours is open
    IGNORED = "ignored"  # `why` says why


@dataclass(frozen=True)
class Judged:
    """What one alert meant for one runbook (or for none: then `runbook` is empty)."""

    alert: str
    fingerprint: str
    verdict: Verdict
    why: str = ""
    runbook: str = ""
    host: str = ""
    subject: str = ""
    signal: int | None = None
    incident: int | None = None


@dataclass(frozen=True)
class Standing:
    """What there is for one target: its live incident (no rehearsal), else the signal that fires
    and waits to be handled; and a waiting signal that says it is over."""

    incident: int | None = None
    signal: int | None = None
    clearing: int | None = None


class DeliveryState(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Delivery:
    """One row: one POST that arrived, let in or not, and what each of its alerts meant.

    `headers` are without secrets; `body` is its text as it came (bytes that are no UTF-8 escaped),
    empty for what was too large to keep. `replay_of`: a person had this one judged again.
    """

    id: int
    at: float
    source: str
    sender: str
    address: str
    state: DeliveryState
    status: int  # what the sender was told
    why: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    size: int = 0
    judged: tuple[Judged, ...] = ()
    replay_of: int | None = None
    by: str = ""  # the person who had it judged again
