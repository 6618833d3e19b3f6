"""What the flow needs from the outside, as Protocols. Each has a fake in `autofix.testing` and a
conformance suite that the fake and the real thing both pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from autofix.core.acks import AckCode
from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.batches import InWave
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.due import Due
from autofix.core.incidents import AtWork, Incident, State
from autofix.core.marks import Mark
from autofix.core.pages import Counts, Member, Page, PageKind, PageState
from autofix.core.pauses import Pause
from autofix.core.readings import Fact, Reading, Target
from autofix.core.runs import Run, RunEvent, RunKind, RunOrder, RunResult, RunState
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.triggers import Watch


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; a fake clock moves its hands instead."""


class Probe(Protocol):
    """Reads facts from a target. Never raises for a target that is down: see Reading.unseen."""

    name: str
    facts: Mapping[str, Fact]  # what it can give; checked against `when` at check time
    open_ended: bool  # True: names beyond `facts` are possible (JSON of a command)

    def options_schema(self) -> Mapping[str, Any]:
        """JSON Schema of the `with:` block."""

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        """What is wrong with a `with:` block, in words; empty when nothing is."""

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading per thing looked at: usually one, several for several ports or mounts.

        At least one reading comes back, within about `timeout` seconds.
        """


class Cancel(Protocol):
    """Set from another thread to end a run; `threading.Event` fits."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class PlaybookRunner(Protocol):
    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        """Run to the end (blocking). Never raises for what the playbook or host does."""

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        """End every process of these runs of a dead owner; the runs that had any."""


class Dispatcher(Protocol):
    def dispatch(self, run_id: int) -> None:
        """Get a planned run executed soon, elsewhere or in a pool. Twice is harmless."""


class Channel(Protocol):
    name: str
    closes: bool  # it can close, by its dedup_key, what it sent: then it is given closing pages

    def send(self, page: Page, *, timeout: float) -> str:
        """Deliver; the provider's own id or answer in one line. Raises ChannelError if refused."""


class Switch(Protocol):
    """Pauses that hold without the store, and for every process on one state folder."""

    def pauses(self) -> list[Pause]:
        """In force by themselves, oldest first. Never raises: what can't be read is a pause of
        everything that says so."""

    def set(self, pause: Pause) -> Pause:
        """In force at once and durably; it comes back with its id. StoreError if it can't be."""

    def lift(self, ids: Iterable[str]) -> None:
        """These are over; harmless for those that are not there. StoreError if it can't be."""


class Signer(Protocol):
    """Signs what seals the record. Raises AuditError, with what to do, when the key is no good."""

    def turn(self) -> AbstractContextManager[None]:
        """Held while something is signed and stored: one process at a time."""

    def sign(self, draft: Checkpoint) -> Checkpoint:
        """The same with `key` and `signature`."""

    def sign_archive(self, draft: Archive) -> Archive: ...


class Witness(Protocol):
    """A place where copies of checkpoints are kept, out of reach of whoever can write the store."""

    name: str
    every: float  # seconds between two copies at least; 0: each checkpoint

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
        """Keep a copy. Raises ChannelError or AuditError, in one line, when it did not."""


class Inventory(Protocol):
    """The hosts that exist. Names are compared exactly, never expanded as patterns."""

    def hosts(self, selector: str) -> list[str]:
        """Canonical names in a group or the host itself; commas join. Empty means nothing."""

    def known(self, name: str) -> bool:
        """A host or a group (perhaps empty) of this name exists."""

    def groups_of(self, host: str) -> Sequence[str]:
        """The groups that the host is in, parents too."""

    def target(self, host: str) -> Target: ...

    def resolve(self, alias: str) -> str | None:
        """The host whose alias is exactly this: name, ansible_host, autofix_aliases."""

    def host_facts(self, host: str) -> Mapping[str, Any]:
        """The `host.` names of expressions: inventory variables without secrets."""

    def secrets(self, host: str) -> Sequence[str]:
        """Values that must be struck out wherever text of this host is shown or kept."""


class Reads(Protocol):
    """Questions to the store. Lists are newest first unless said otherwise."""

    def incident(self, incident_id: int) -> Incident | None: ...
    def live_incident(self, runbook: str, host: str, subject: str) -> Incident | None: ...
    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Incident]:
        """`before`: only ids below this (the cursor of the next page)."""

    def due_incidents(self, now: float, limit: int = 500) -> list[Incident]:
        """Live incidents whose due_at has come, oldest due first."""

    def due(self, now: float, limit: int = 500) -> Due:
        """All that is due, at most `limit` of each kind: what the engine asks at each tick."""

    def next_due(self) -> float | None:
        """The earliest moment over incidents (due, call, deadline), runs and pages."""

    def due_calls(self, now: float, limit: int = 500) -> list[Incident]:
        """Incidents whose call_at has come, oldest first: the next level of their policy, or for
        ended ones the closing of what was called."""

    def due_deadlines(self, now: float, limit: int = 500) -> list[Incident]:
        """Live incidents whose deadline_at has come, oldest first."""

    def attempts(
        self, runbook: str, host: str, subject: str, since: float = 0.0, limit: int = 100
    ) -> list[Incident]:
        """Incidents (no rehearsals) that started at least one run since then, newest first."""

    def often_tried(self, at_least: int) -> list[tuple[str, str, str]]:
        """Targets (runbook, host, subject) with so many attempts, or with a breaker's trial."""

    def at_work(self) -> list[AtWork]:
        """Incidents that autofix works on now, rehearsals too."""

    def last_ended(self, runbook: str, host: str, subject: str) -> Incident | None:
        """The latest incident (no rehearsal) that started a run and has ended."""

    def run(self, run_id: int) -> Run | None: ...
    def runs(
        self,
        *,
        incident: int | None = None,
        states: Iterable[RunState] | None = None,
        kinds: Iterable[RunKind] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> list[Run]: ...
    def due_runs(self, now: float, limit: int = 100) -> list[Run]:
        """Planned runs whose due_at has come, oldest first."""

    def run_events(
        self, run_id: int, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, RunEvent]]:
        """Kept events in order, each with its number from 1."""

    def host_lock(self, host: str) -> int | None:
        """The run that holds this host now."""

    def lock_until(self, host: str) -> float | None:
        """When the lease of this host's lock is over; None: it is not locked."""

    def lapsed_locks(self, now: float) -> list[tuple[str, int]]:
        """Hosts whose lock's lease is over, each with its run, by name."""

    def watch(self, runbook: str, trigger: int, host: str, subject: str) -> Watch | None: ...
    def watches(self, runbook: str = "", host: str = "") -> list[Watch]: ...
    def signals(self, *, received: bool = False, limit: int = 100) -> list[Signal]:
        """Newest first; with `received` only those not yet handled, oldest first."""

    def signal(self, signal_id: int) -> Signal | None: ...
    def pauses(self) -> list[Pause]: ...
    def silences(self, *, active_at: float | None = None, limit: int = 1000) -> list[Silence]: ...
    def wave(self, runbook: str) -> list[InWave]:
        """Incidents (no rehearsals) of this runbook that are live, or that ended since the oldest
        of the live ones opened; by number. Nothing when none is live."""

    def reset(self, runbook: str, host: str, subject: str) -> Reset | None:
        """The last time a person reset this target's breaker."""

    def starts(self, since: float) -> list[float]:
        """When fixes (no rehearsals, not the synthetic check's) of any runbook started since then,
        oldest first."""

    def page(self, page_id: int) -> Page | None: ...
    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        states: Iterable[PageState] | None = None,
        kinds: Iterable[PageKind] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Page]: ...
    def latest_call(self, runbook: str, policy: str, level: int) -> Page | None:
        """The digest of these that still gathers, else the newest call or digest not dropped."""

    def members(self, page_id: int, *, waiting: bool = False, limit: int = 100) -> list[Member]:
        """What a digest is about, in the order of joining; `waiting`: only what still needs
        somebody, and has not been answered."""

    def member_counts(self, page_id: int) -> Counts: ...

    def asking(self, page_id: int, limit: int = 500) -> list[Incident]:
        """The incidents of a digest that ask for a person, and that nobody has acknowledged."""

    def digests(self, incident_id: int) -> list[Page]:
        """The digests that this incident is in, newest first."""

    def due_pages(self, now: float, limit: int = 100) -> list[Page]: ...
    def mark(self, name: str) -> Mark | None: ...
    def checkpoints(self, *, after: int = 0, limit: int = 1000) -> list[Checkpoint]:
        """By size, smallest first, only those larger than `after`."""

    def last_checkpoint(self) -> Checkpoint | None: ...
    def archives(self) -> list[Archive]:
        """Oldest first."""

    def audit_head(self) -> tuple[int, str]:
        """(size, hash of the last entry); (0, GENESIS) when empty."""

    def audit(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 1000,
        actor: str = "",
        action: str = "",
        runbook: str = "",
        host: str = "",
        incident: int | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]: ...


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
    def save_signal(self, signal: Signal, event: AuditEvent | None) -> None:
        """Conflict unless the stored one is still `received`: a signal is handled once."""

    def save_watches(self, watches: Sequence[Watch]) -> None:
        """Insert or replace; a watch is what was last seen, not a state of the record."""

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
    def claim_slot(self, job: str, slot: str) -> bool:
        """True for the first who claims this cron slot, for ever."""

    def record(self, event: AuditEvent) -> None:
        """An audit event that has no state beside it (a refused attempt, a reload)."""

    def forget(self, before: float) -> int:
        """Retention: drop run output, ended incidents, watches, silences and codes older than
        this; how many rows. The audit stays."""


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
