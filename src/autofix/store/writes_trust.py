"""Changes of brakes, marks and checkpoints: the second half of `ports.Transaction`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from autofix.core.acks import AckCode
from autofix.core.audit import AuditEvent
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.marks import Mark
from autofix.core.pages import Member
from autofix.core.plain import text
from autofix.core.silences import Silence
from autofix.errors import Duplicate
from autofix.store import rows, tables
from autofix.store.canonical import finite
from autofix.store.reads import SqlReads
from autofix.store.sealing import Sealer
from autofix.store.session import Session, Taken


class TrustWrites(SqlReads):
    def __init__(self, session: Session, head: tuple[int, str] | None = None) -> None:
        """`head`: where an earlier block of the same transaction left the audit chain's end."""
        super().__init__(session)
        self.sealer = Sealer(session, head)

    def record(self, event: AuditEvent) -> None:
        self.sealer.append(event)

    def add_silence(self, silence: Silence, event: AuditEvent) -> Silence:
        self.sealer.prepare(event)
        row = rows.SILENCE.row(silence)
        del row["id"]
        number: int = self._session.insert(tables.silences, row)
        self.sealer.append(event)
        return rows.SILENCE.value([(row | {"id": number})[name] for name in rows.SILENCE.names])

    def end_silence(self, silence_id: int, at: float, by: str, event: AuditEvent) -> bool:
        self.sealer.prepare(event)
        t = tables.silences.c
        here = update(tables.silences).where(t.id == silence_id, t.ended_at.is_(None), t.until > at)
        if not self._session.change(here.values(ended_at=finite(at), ended_by=text(by))):
            return False
        self.sealer.append(event)
        return True

    def reset_breaker(self, reset: Reset, event: AuditEvent) -> None:
        self.sealer.prepare(event)
        self._session.upsert(tables.resets, [rows.RESET.row(reset)])
        self.sealer.append(event)

    def add_members(self, members: Sequence[Member]) -> None:
        if members:
            self._session.insert_all(tables.members, [rows.MEMBER.row(each) for each in members])

    def save_member(self, member: Member) -> None:
        t = tables.members.c
        here = update(tables.members).where(t.page == member.page, t.incident == member.incident)
        self._session.change(here.values(rows.MEMBER.row(member)))

    def add_ack_code(self, code: AckCode) -> None:
        try:
            self._session.insert(tables.ack_codes, rows.ACK_CODE.row(code))
        except Taken:
            raise Duplicate("this code is in the store already") from None

    def use_ack_code(self, digest: str, now: float) -> AckCode | None:
        t = tables.ack_codes.c
        here = update(tables.ack_codes).where(t.digest == digest)
        good = here.where(t.used_at.is_(None), t.until > now)
        if not self._session.change(good.values(used_at=finite(now))):
            return None
        found = rows.ACK_CODE.every.where(t.digest == digest)
        return self._one(rows.ACK_CODE, found)

    def set_mark(self, mark: Mark) -> None:
        self._session.upsert(tables.marks, [rows.MARK.row(mark)])

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        here = select(tables.checkpoints.c.size)
        if self._session.first(here.where(tables.checkpoints.c.size == checkpoint.size)) is None:
            self._session.insert(tables.checkpoints, rows.CHECKPOINT.row(checkpoint))
            self.sealer.touch()

    def add_archive(self, archive: Archive, event: AuditEvent) -> None:
        self.sealer.append(event)  # first: the chain's end must stay where it is
        self._session.insert(tables.archives, rows.ARCHIVE.row(archive))
        for number in (tables.audit.c.seq, tables.checkpoints.c.size):
            self._session.change(delete(number.table).where(number <= archive.last))
