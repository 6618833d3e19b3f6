"""Changes of brakes, marks and checkpoints in memory: a part of `MemoryTransaction`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autofix.core.acks import AckCode
from autofix.core.audit import AuditEvent, Canonical, seal
from autofix.core.breakers import Reset
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.core.marks import Mark
from autofix.core.pages import Member
from autofix.core.silences import Silence
from autofix.errors import Duplicate
from autofix.testing.memory_state import Data
from autofix.testing.memory_values import stored
from autofix.testing.memory_web_reads import WebReads


class MemoryTrust(WebReads):
    def __init__(self, data: Data, canonical: Canonical) -> None:
        super().__init__(data)
        self._canonical = canonical

    def record(self, event: AuditEvent) -> None:
        self._seal(stored(event))

    def _seal(self, event: AuditEvent | None) -> None:
        if event is None:
            return
        size, head = self.audit_head()
        self._data.audit[size + 1] = seal(size + 1, event, head, self._canonical)

    def add_silence(self, silence: Silence, event: AuditEvent) -> Silence:
        row, event = stored(silence), stored(event)
        row = replace(row, id=self._data.next("silences"))
        self._data.silences[row.id] = row
        self._seal(event)
        return row

    def end_silence(self, silence_id: int, at: float, by: str, event: AuditEvent) -> bool:
        event, row = stored(event), self._data.silences.get(silence_id)
        if row is None or row.ended_at is not None or row.until <= at:
            return False
        self._data.silences[silence_id] = stored(replace(row, ended_at=at, ended_by=by))
        self._seal(event)
        return True

    def reset_breaker(self, reset: Reset, event: AuditEvent) -> None:
        row, event = stored(reset), stored(event)
        self._data.resets[row.runbook, row.host, row.subject] = row
        self._seal(event)

    def add_members(self, members: Sequence[Member]) -> None:
        for row in map(stored, members):
            self._data.members[self._data.next("members")] = row

    def save_member(self, member: Member) -> None:
        row = stored(member)
        for number, old in self._data.members.items():
            if (old.page, old.incident) == (row.page, row.incident):
                self._data.members[number] = row

    def add_ack_code(self, code: AckCode) -> None:
        if code.digest in self._data.ack_codes:
            raise Duplicate("this code is in the store already")
        self._data.ack_codes[code.digest] = stored(code)

    def use_ack_code(self, digest: str, now: float) -> AckCode | None:
        row = self._data.ack_codes.get(digest)
        if row is None or row.used_at is not None or row.until <= now:
            return None
        self._data.ack_codes[digest] = used = replace(row, used_at=now)
        return used

    def set_mark(self, mark: Mark) -> None:
        self._data.marks[mark.name] = stored(mark)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._data.checkpoints.setdefault(checkpoint.size, stored(checkpoint))

    def add_archive(self, archive: Archive, event: AuditEvent) -> None:
        row, event = stored(archive), stored(event)
        self._seal(event)
        self._data.archives[row.first] = row
        for kept in (self._data.audit, self._data.checkpoints):
            for number in [each for each in kept if each <= row.last]:
                del kept[number]
