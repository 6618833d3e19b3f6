"""The desk: everything that people and programs may ask and do, as one person at a time.

Two of them exist: one works on the store and the files here, the other asks a server. Both give the
same values and raise the same errors: NotFound, Denied, HeldError, UsageError, StoreError.
Every call looks at what its principal may do, and a refusal is on the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from autofix.core.accounts import Token, User
from autofix.core.alerts import Delivery
from autofix.core.audit import AuditEntry
from autofix.core.breakers import Standing
from autofix.core.incidents import Incident, State
from autofix.core.pages import Page
from autofix.core.pauses import Pause
from autofix.core.readings import Reading
from autofix.core.roles import Principal, Role
from autofix.core.runs import Run, RunEvent, RunState
from autofix.core.signals import Signal
from autofix.core.silences import Silence
from autofix.core.stories import (
    Answer,
    BreakerReset,
    IncidentStory,
    PageStory,
    Paused,
    ProbeCard,
    Resumed,
    RunbookCard,
    Status,
)


class LooksDesk(Protocol):
    """Questions. Lists are newest first; `before` is the cursor: only numbers below it."""

    principal: Principal

    def status(self) -> Status: ...

    def runbooks(self) -> list[RunbookCard]: ...
    def runbook(self, name: str) -> RunbookCard: ...
    def why(self, runbook: str, host: str) -> Answer: ...
    def hosts(self) -> list[str]: ...
    def probes(self) -> list[ProbeCard]: ...
    def incidents(
        self,
        *,
        states: Iterable[State] | None = None,
        runbook: str = "",
        host: str = "",
        severity: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Incident]: ...
    def incident(self, number: int) -> IncidentStory: ...
    def signal(self, number: int) -> Signal: ...
    def runs(
        self,
        *,
        incident: int | None = None,
        states: Iterable[RunState] | None = None,
        runbook: str = "",
        host: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Run]: ...
    def run(self, number: int) -> Run: ...
    def run_events(
        self, number: int, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, RunEvent]]:
        """What was kept of its output after event `after`, each with its number."""

    def pages(
        self,
        *,
        incident: int | None = None,
        runbook: str = "",
        waiting: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Page]: ...
    def page(self, number: int) -> PageStory: ...
    def alerts(
        self, *, source: str = "", before: int | None = None, limit: int = 50
    ) -> list[Delivery]: ...
    def alert(self, number: int) -> Delivery: ...
    def silences(self, *, everything: bool = False) -> list[Silence]: ...
    def pauses(self) -> list[Pause]: ...
    def breakers(self) -> list[Standing]: ...
    def audit(
        self,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
        actor: str = "",
        action: str = "",
        runbook: str = "",
        host: str = "",
        incident: int | None = None,
        newest_first: bool = True,
    ) -> list[AuditEntry]: ...
    def audit_entry(self, number: int) -> AuditEntry: ...
    def verify_audit(self) -> Mapping[str, Any]:
        """The report of `autofix audit verify --json`."""

    def export_audit(self, form: str) -> Iterator[str]:
        """Lines of `autofix audit export --format FORM`."""


class ActsDesk(Protocol):
    """Acts, each on the record under the principal's name."""

    def start(
        self,
        runbook: str,
        hosts: Sequence[str],
        *,
        subject: str = "",
        inputs: Mapping[str, Any] | None = None,
        accept: bool = False,
        check: bool = False,
        from_text: bool = False,
    ) -> list[Signal]:
        """Ask for a run on each host; what becomes of it shows in the signal, then the incident.

        An empty list of hosts is refused; of several each waits for its turn. `accept`: as
        `--yes`. `from_text`: the inputs are texts that a person typed, read by their type.
        """

    def cancel(self, run: int, reason: str = "") -> Run: ...
    def acknowledge(self, incident: int) -> Incident: ...
    def acknowledge_page(self, page: int) -> list[Incident]: ...
    def triage(self, incident: int, note: str = "") -> Incident: ...
    def workaround(self, incident: int, note: str = "") -> Incident: ...
    def approve(self, incident: int) -> Incident: ...
    def reject(self, incident: int, note: str = "") -> Incident: ...
    def resolve(self, incident: int, note: str = "") -> Incident: ...
    def close(self, incident: int, note: str = "") -> Incident: ...
    def comment(self, incident: int, text: str) -> Incident: ...
    def pause(
        self,
        *,
        runbook: str = "",
        host: str = "",
        reason: str = "",
        cancel_running: bool = False,
    ) -> Paused: ...
    def resume(self, *, runbook: str = "", host: str = "") -> Resumed: ...

    def add_silence(
        self,
        *,
        until: float,
        reason: str,
        starts_at: float | None = None,
        runbook: str = "",
        host: str = "",
        group: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Silence: ...
    def end_silence(self, number: int) -> int:
        """How many incidents it held that are decided anew."""

    def reset_breaker(
        self, runbook: str, host: str, subject: str = "", reason: str = ""
    ) -> BreakerReset: ...
    def look(
        self, probe: str, host: str, options: Mapping[str, Any], timeout: float = 10.0
    ) -> list[Reading]: ...
    def replay_alert(self, number: int) -> Delivery:
        """Judge it anew, as if it had come now."""

    def test_alert(self, source: str, body: str, headers: Mapping[str, str]) -> Delivery:
        """What it would mean now; nothing is written and nothing fires. `id` is 0."""


class AccountsDesk(Protocol):
    """Who may come in. Secrets leave these calls once, and are never readable again."""

    def users(self) -> list[User]: ...
    def add_user(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        password: str = "",
        runbooks: Sequence[str] | None = None,
    ) -> User: ...
    def change_user(
        self,
        name: str,
        *,
        roles: Sequence[Role] | None = None,
        runbooks: Sequence[str] | None = None,
        all_runbooks: bool = False,
        password: str | None = None,
        disabled: bool | None = None,
        drop_second_factor: bool = False,
    ) -> User: ...
    def remove_user(self, name: str) -> None: ...
    def tokens(self, *, everybody: bool = False) -> list[Token]: ...
    def add_token(
        self,
        name: str,
        *,
        lasts: float,
        owner: str = "",
        roles: Sequence[Role] = (),
        runbooks: Sequence[str] | None = None,
        source: str = "",
    ) -> tuple[Token, str]:
        """The token and what its user shows: `af_<id>_<secret>`, seen this once."""

    def revoke_token(self, number: int) -> Token: ...
    def kept_secrets(self) -> list[Mapping[str, Any]]:
        """Name, since when, by whom; never the value."""

    def keep_secret(self, name: str, value: str) -> None: ...
    def remove_secret(self, name: str) -> None: ...
    def rotate_keys(self) -> Mapping[str, Any]:
        """A new key; everything that is kept is sealed anew with it."""


class Desk(LooksDesk, ActsDesk, AccountsDesk, Protocol):
    """All of it."""
