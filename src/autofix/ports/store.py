"""The store: changes, each one durable commit, and who leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.acks import AckCode
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.incidents import Incident
from autofix.core.marks import Mark
from autofix.core.pages import Member, Page
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunEvent
from autofix.core.series import Sample
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.triggers import Watch
from autofix.ports.reads import Reads


class Transaction(Reads, Protocol):
    """One durable commit. Every change of state brings its audit event with it.

    After Conflict and Duplicate the block may go on; after any other StoreError nothing commits.

    `save_*` are compare-and-set on `version`: the row must still have the version of the value
    that was read; the saved value comes back with the next version. Conflict when it moved.
    """

    def add_incident(self, incident: Incident, event: AuditEvent) -> Incident:
        """id 0 is replaced by the next number. Duplicate if a live one has the same target.

        In `event`, incident=0 is replaced by the new id (likewise run=0 in add_run).
        """

    def save_incident(self, incident: Incident, event: AuditEvent | None) -> Incident:
        """`event` may be None only when state and reason stay as they were."""

    def add_run(self, run: Run, event: AuditEvent) -> Run:
        """Duplicate if (incident, kind, step, attempt) exists."""

    def save_run(self, run: Run, event: AuditEvent | None) -> Run:
        """`event` may be None only when the state stays as it was (so for pages too)."""

    def add_run_events(self, run_id: int, events: Sequence[RunEvent]) -> None: ...
    def lock_host(self, host: str, run_id: int, until: float) -> int:
        """The fencing token, growing with each lock. Duplicate if another run holds the host.

        The same run may lock again: its older token is shut out.
        """

    def renew_host(self, host: str, token: int, until: float) -> bool:
        """False: the lock is not ours any more."""

    def free_host(self, host: str, token: int) -> None: ...
    def add_signal(self, signal: Signal, event: AuditEvent | None) -> Signal: ...
    def add_signals(self, signals: Sequence[tuple[Signal, AuditEvent | None]]) -> list[int]:
        """Many at once, much cheaper than one by one; their numbers, in order."""

    def save_signal(self, signal: Signal, event: AuditEvent | None) -> None:
        """Conflict unless the stored one is still `received`: a signal is handled once."""

    def save_watches(self, watches: Sequence[Watch]) -> None:
        """Insert or replace; a watch is what was last seen, not a state of the record."""

    def add_samples(self, samples: Sequence[Sample]) -> None:
        """What looks saw, for charts; like a watch, no state of the record."""

    def add_pause(self, pause: Pause, event: AuditEvent) -> None: ...
    def remove_pause(self, runbook: str, host: str, event: AuditEvent) -> bool: ...
    def add_silence(self, silence: Silence, event: AuditEvent) -> Silence: ...
    def end_silence(self, silence_id: int, at: float, by: str, event: AuditEvent) -> bool:
        """False (and no event): there is none of this number, or it has ended."""

    def reset_breaker(self, reset: Reset, event: AuditEvent) -> None: ...
    def add_ack_code(self, code: AckCode) -> None: ...
    def use_ack_code(self, digest: str, now: float) -> AckCode | None:
        """The code, used up now; None when it is unknown, used already or too old."""

    def set_mark(self, mark: Mark) -> None:
        """Insert or replace; like a watch, what was last seen and no state of the record."""

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Harmless when there is one of this size."""

    def add_archive(self, archive: Archive, event: AuditEvent) -> None:
        """The entries up to `archive.last`, and their checkpoints, leave the store; the row and
        the event say where they are."""

    def add_page(self, page: Page, event: AuditEvent) -> Page: ...
    def save_page(self, page: Page, event: AuditEvent | None) -> Page: ...
    def add_members(self, members: Sequence[Member]) -> None: ...
    def save_member(self, member: Member) -> None:
        """What the digest `member.page` says about `member.incident`, which is in it already."""

    def add_delivery(self, delivery: Delivery, event: AuditEvent | None) -> Delivery:
        """The row of what arrived. `event` may be None for a repetition that changes nothing."""

    def add_deliveries(self, deliveries: Sequence[tuple[Delivery, AuditEvent | None]]) -> list[int]:
        """Many at once, much cheaper than one by one; their numbers, in order."""

    def first_time(self, name: str, once: str, until: float, now: float) -> bool:
        """True for the first who shows `once` to `name`; remembered until then. Those whose time
        is over are dropped along the way."""

    def count_try(self, name: str, now: float, window: float) -> int:
        """How many tries under this name fell within the last `window` seconds, this one too."""

    def forget_tries(self, name: str) -> None: ...
    def add_user(self, user: User, event: AuditEvent) -> User:
        """Duplicate when there is one of this name."""

    def save_user(self, user: User, event: AuditEvent | None) -> User:
        """`event` may be None only for `seen_at` and `last_code`."""

    def remove_user(self, user: User, event: AuditEvent) -> None:
        """With his sessions; his tokens are revoked in the same transaction."""

    def add_token(self, token: Token, event: AuditEvent) -> Token: ...
    def save_token(self, token: Token, event: AuditEvent | None) -> Token:
        """`event` may be None only for `used_at`."""

    def put_session(self, session: Session) -> None:
        """Insert or replace."""

    def end_sessions(self, *, digest: str = "", user: str = "", before: float = 0.0) -> int:
        """This one, all of this user, or all whose `until` was before; how many. With nothing
        given: none."""

    def put_kept(self, kept: Kept, event: AuditEvent | None) -> None:
        """Insert or replace; `event` may be None only when the key is changed and not the value."""

    def remove_kept(self, name: str, event: AuditEvent) -> bool:
        """False (and no event): there is none of this name."""

    def begin_answer(self, answer: Answered) -> Answered | None:
        """None: nobody used this key before, and it is ours now; else what stands there."""

    def end_answer(self, answer: Answered) -> None:
        """What it was told in the end; with status 0 the key is free again."""

    def claim_slot(self, job: str, slot: str) -> bool:
        """True for the first who claims this cron slot, for ever."""

    def record(self, event: AuditEvent) -> None:
        """An audit event that has no state beside it (a refused attempt, a reload)."""

    def forget(self, before: float) -> int:
        """Retention: drop run output, ended incidents, watches, silences, codes, deliveries and
        what was kept of logins and requests, as far as older than this; how many rows. The audit
        stays."""

    def forget_samples(self, before: float, since: float = 0.0) -> int:
        """Drop samples from `since` to `before` that are not within an hour of an incident that
        is still kept, and in the middle of long ones (`series.LONG`); how many. A later `since`
        spares looking at those once more."""


class Lead(Protocol):
    """That we lead a store, for as long as we do."""

    @property
    def store(self) -> Store:
        """The store for who leads: once another leads, its transactions raise Deposed."""

    def lost(self) -> str:
        """Why we lead no more, empty while we do; cheap."""

    def holds(self) -> bool:
        """We lead at this very moment: looked at anew if that is in doubt. For before an act."""


class Store(Protocol):
    @property
    def shared(self) -> bool:
        """Servers on several machines may lead it, one after the other: the owner of a live run
        may be alive there."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commits at the end of the block; an exception rolls all of it back."""

    def reading(self) -> AbstractContextManager[Reads]:
        """A consistent snapshot, no changes."""

    def changed(self) -> bool:
        """May anybody have changed it since this was last asked? For one asker, and cheap; True
        when it is not known."""

    def audit_entries(self) -> Iterator[AuditEntry]:
        """The whole chain from its beginning, streamed."""

    def lead(self, owner: str) -> AbstractContextManager[Lead]:
        """Be the one that decides on this store, or raise ServerBusy at once, naming who is."""

    def leader(self) -> str:
        """Who leads now (`serve pid 4711`), empty when nobody does."""

    def close(self) -> None: ...
