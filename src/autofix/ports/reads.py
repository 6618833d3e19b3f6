"""Questions to the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.acks import AckCode
from autofix.core.alerts import Delivery, DeliveryState, Standing
from autofix.core.audit import AuditEntry
from autofix.core.batches import InWave
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.counting import Tallies
from autofix.core.due import Due
from autofix.core.histories import Counted
from autofix.core.incidents import AtWork, Incident, State
from autofix.core.marks import Mark
from autofix.core.overview import Holding
from autofix.core.pages import Counts, Member, Page, PageKind, PageState
from autofix.core.pauses import Pause
from autofix.core.series import Sample
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.triggers import Watch
from autofix.ports.reads_runs import RunReads


class Reads(RunReads, Protocol):
    """Questions to the store. Lists are newest first unless said otherwise."""

    def incident(self, incident_id: int) -> Incident | None: ...
    def live_incident(self, runbook: str, host: str, subject: str) -> Incident | None: ...
    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
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

    def tallies(self) -> Tallies:
        """Live incidents by state and severity, and how much waits: `signals` received, `runs`
        planned, `pages` queued."""

    def worst(self, *, states: Iterable[State] | None = None, limit: int = 50) -> list[Incident]:
        """Live incidents, the worst severity first, of one severity the oldest first."""

    def holdings(self, limit: int = 20) -> list[Holding]:
        """Why incidents are held, each reason once; what holds most first."""

    def takers(self, incidents: Collection[int]) -> Mapping[int, str]:
        """Who has these, by number: who took each last. What nobody has is not in it."""

    def missed(self, limit: int = 50) -> list[Watch]:
        """What the last look failed on, the longest row of failed looks first."""

    def counted(self, since: float, runbook: str = "") -> list[Counted]:
        """How often each runbook fired, healed and paged, of the incidents opened since then, no
        rehearsals: one question. A runbook may come in several parts."""

    def host_lock(self, host: str) -> int | None:
        """The run that holds this host now."""

    def lock_until(self, host: str) -> float | None:
        """When the lease of this host's lock is over; None: it is not locked."""

    def lapsed_locks(self, now: float) -> list[tuple[str, int]]:
        """Hosts whose lock's lease is over, each with its run, by name."""

    def watch(self, runbook: str, trigger: int, host: str, subject: str) -> Watch | None: ...
    def watches(self, runbook: str = "", host: str = "") -> list[Watch]: ...
    def samples(
        self,
        runbook: str,
        host: str,
        subject: str,
        since: float,
        until: float,
        limit: int = 50_000,
    ) -> list[Sample]:
        """What was seen of a target, oldest first; of more than `limit` the newest."""

    def standing(
        self, targets: Collection[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str, str], Standing]:
        """What is open or waits for these (runbook, host, subject); those with nothing are not in
        it."""

    def signals(self, *, received: bool = False, limit: int = 100) -> list[Signal]:
        """Newest first; with `received` only those not yet handled, oldest first."""

    def signal(self, signal_id: int) -> Signal | None: ...
    def pauses(self) -> list[Pause]: ...
    def silences(
        self,
        *,
        active_at: float | None = None,
        standing_at: float | None = None,
        over_at: float | None = None,
        before: int | None = None,
        limit: int = 100_000,
    ) -> list[Silence]:
        """Newest first: those active then, those not over then (active or to come), those over."""

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

    def members(
        self,
        page_id: int,
        *,
        waiting: bool = False,
        incident: int | None = None,
        limit: int = 100,
    ) -> list[Member]:
        """What a digest is about, in the order of joining; `waiting`: only what still needs
        somebody, and has not been answered; `incident`: only what is said of this one."""

    def member_counts(self, page_id: int) -> Counts: ...

    def asking(self, page_id: int, limit: int = 500) -> list[Incident]:
        """The incidents of a digest that ask for a person, and that nobody has acknowledged."""

    def digests(self, incident_id: int) -> list[Page]:
        """The digests that this incident is in, newest first."""

    def ack_code(self, digest: str) -> AckCode | None:
        """Used or not, too old or not."""

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
        since: float | None = None,
        until: float | None = None,
        newest_first: bool = False,
    ) -> list[AuditEntry]:
        """Of the time from `since` to before `until`. The place of a moment is sought in the order
        of numbers: where a clock was set back by more than a day, not all may be found."""

    def deliveries(
        self,
        *,
        source: str = "",
        states: Iterable[DeliveryState] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]: ...
    def delivery(self, delivery_id: int) -> Delivery | None: ...
    def users(self) -> list[User]:
        """By name."""

    def user(self, name: str) -> User | None: ...
    def tokens(self, *, owner: str = "") -> list[Token]: ...
    def token(self, token_id: int) -> Token | None: ...
    def session(self, digest: str) -> Session | None: ...
    def sessions(self, user: str) -> list[Session]:
        """Of this user, good or over, the newest login first."""

    def kept(self) -> list[Kept]:
        """By name."""

    def answered(self, key: str, by: str) -> Answered | None: ...
