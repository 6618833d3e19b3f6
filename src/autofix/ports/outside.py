"""The world that the flow works on: clock, probes, runner, channels, inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from autofix.core.accounts import Kept
from autofix.core.alerts import Admission, Alert, Post
from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.readings import Fact, Reading, Target
from autofix.core.runs import RunEvent, RunOrder, RunResult
from autofix.ports.store import Store


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


@runtime_checkable
class FleetProbe(Protocol):
    """A probe that asks once about many hosts: a monitoring that knows them all.

    It is a Probe as well: `look` is for one host, at a verification or when a person asks.
    """

    def look_at_all(
        self,
        targets: Sequence[Target],
        options: Mapping[str, Any],
        *,
        timeout: float,
        now: float,
    ) -> Mapping[str, list[Reading]]:
        """Readings by host, at least one for each target; like `Probe.look`, never raises."""


class Source(Protocol):
    """A sender of alerts: how it shows who it is, and what its bodies mean."""

    name: str
    type: str
    runbooks: Sequence[str]  # what its alerts may trigger; empty: every runbook that names them
    unknown_host: str  # "record" or "page": what becomes of an alert about no host of ours
    no_runbook: str  # the same for one that no runbook is for
    policy: str  # who is paged for these

    def admit(self, post: Post, now: float) -> Admission:
        """Is it who it says, and fresh? Never raises; compares in constant time."""

    def handshake(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Headers that answer an OPTIONS which asks for leave to post; empty: there is none."""

    def alerts(self, post: Post) -> list[Alert]:
        """Pure parsing. Raises core.door.Refused with one line for what is not its shape."""


class Sealer(Protocol):
    """Seals what autofix itself keeps (AES-256-GCM), with a key that lies outside the store."""

    def seal(self, name: str, value: str, *, at: float, by: str) -> Kept:
        """As it is put into the store; bound to its name."""

    def open(self, kept: Kept) -> str:
        """Raises StoreError with one line when the key is missing or it was changed."""


class Vault(Sealer, Protocol):
    """The sealer with its keys."""

    def rotate(
        self, store: Store, event: Callable[[Mapping[str, Any]], AuditEvent]
    ) -> Mapping[str, Any]:
        """A new key, and everything that is kept sealed anew with it, in one transaction with the
        event made of what is given back: `old`, `new` (names of keys), `secrets` (how many).

        HeldError when the system hands in the key, and a new one is not there yet.
        """


class Meter(Protocol):
    """What is measured while it happens; everything else is counted from the record."""

    def looked(self, probe: str, seconds: float, failed: bool) -> None: ...
    def late(self, job: str, seconds: float) -> None: ...
    def delivered(self, source: str, status: int, seconds: float) -> None: ...


class PlaybookRunner(Protocol):
    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        """Run to the end (blocking). Never raises for what the playbook or host does."""

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        """End every process of these runs of a dead owner; the runs that had any."""


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
