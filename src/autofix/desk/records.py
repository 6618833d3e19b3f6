"""The sealed record: read, verified, exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.record_checks import RecordCheck
from autofix.core.roles import Permission
from autofix.desk.base import Room
from autofix.errors import NotFound

FORMATS = ("jsonl", "csv")


def _untold(_done: int, _size: int) -> None:
    """Who waits for the end is told nothing before it."""


class Records(Room):
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
        since: float | None = None,
        until: float | None = None,
        newest_first: bool = True,
    ) -> list[AuditEntry]:
        self.may(Permission.AUDIT, "audit")
        with self.ctx.store.reading() as reads:
            return reads.audit(
                after=after,
                before=before,
                limit=limit,
                actor=actor,
                action=action,
                runbook=runbook,
                host=host,
                incident=incident,
                since=since,
                until=until,
                newest_first=newest_first,
            )

    def audit_entry(self, number: int) -> AuditEntry:
        self.may(Permission.AUDIT, "audit")
        with self.ctx.store.reading() as reads:
            found = reads.audit(after=number - 1, limit=1)
            gone = [each for each in reads.archives() if each.first <= number <= each.last]
        if gone:
            raise NotFound(
                f"event {number} was archived: it is in {gone[0].file}",
                hint="the archive is a file of JSON lines: zcat it",
            )
        if not found or found[0].seq != number:
            raise NotFound(f"the record has no event {number}", hint="see `autofix audit list`")
        return found[0]

    def verify_audit(self) -> Mapping[str, Any]:
        self.may(Permission.AUDIT, "audit verify")
        return self.place.verify(_untold)

    def record_check(self) -> RecordCheck:
        self.may(Permission.AUDIT, "audit verify")
        return self.place.checker.latest()

    def check_record(self) -> RecordCheck:
        self.may(Permission.AUDIT, "audit verify")
        clock = self.ctx.clock.now
        return self.place.checker.begin(self.actor, clock, self.place.verify, self._checked)

    def _checked(self, check: RecordCheck) -> None:
        """Whoever asks later whether anybody has looked finds it on the record itself."""
        found: dict[str, Any] = {"why": check.why}
        if check.report is not None:
            said = check.report
            found = {name: said.get(name) for name in ("holds", "size")}
            found["breaks"] = len(said.get("breaks", ()))
        at = self.ctx.clock.now() if check.ended_at is None else check.ended_at
        with self.ctx.store.transaction() as tx:
            tx.record(AuditEvent(at, check.by, "audit.checked", payload=found))

    def export_audit(self, form: str) -> Iterator[str]:
        self.may(Permission.AUDIT, "audit export")
        return self.place.export(form)
