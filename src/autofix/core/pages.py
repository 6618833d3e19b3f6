"""A page: calling a person. What it says, and how it stands in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class PageState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"  # somebody took the incident before any channel took the page


class PageKind(StrEnum):
    CALL = "call"  # somebody must do something
    DIGEST = "digest"  # the same for several incidents of one runbook: a storm
    NOTICE = "notice"  # about autofix itself, or a target it can't see
    TAKEN = "taken"  # somebody has it: for channels that can close a page
    CLOSING = "closing"  # what was called for is over: likewise


@dataclass(frozen=True)
class Page:
    """One row of the outbox: delivered at least once, by the first channel that takes it.

    `channels` are tried in order; `tried` counts deliveries attempted. `dedup_key` is handed to
    providers that can fold repeats.
    """

    id: int
    incident: int | None
    policy: str
    channels: tuple[str, ...]
    severity: str
    title: str  # one line
    text: str  # plain text, several lines
    dedup_key: str
    created_at: float
    due_at: float | None
    state: PageState = PageState.QUEUED
    tried: int = 0
    sent_by: str = ""  # the channel that took it
    sent_at: float | None = None
    last_error: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)  # runbook, host, incident: for machines
    version: int = 0
    kind: PageKind = PageKind.CALL
    runbook: str = ""
    level: int = 0  # of the escalation policy
    count: int = 1  # incidents that it is about

    @property
    def gathers(self) -> bool:
        """A digest that has not been written yet: more may join it."""
        return self.kind is PageKind.DIGEST and not self.text

    def with_(self, **changes: Any) -> Page:
        return replace(self, **changes)

    @property
    def next_channel(self) -> str:
        return self.channels[self.tried % len(self.channels)]


#: Pages that ask somebody to do something; a storm is measured by these.
CALLS = (PageKind.CALL, PageKind.DIGEST)


@dataclass(frozen=True)
class Member:
    """One of those that a digest is about, in the order of joining."""

    page: int
    incident: int | None
    target: str
    why: str
    at: float
    lasting: bool = False  # somebody must hear of it even if the incident is over by then


@dataclass(frozen=True)
class Counts:
    """Of a digest's members: all, those that still need somebody, those whose incident is live."""

    joined: int
    waiting: int
    live: int
