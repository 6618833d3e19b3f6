"""What places outside the store have seen of the record: the head file, and witness files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofix.core.audit import Break
from autofix.core.checkpoints import Checkpoint, parse_lines
from autofix.errors import AuditError
from autofix.store import head as heads
from autofix.store.seals import Copy
from autofix.store.trust import Trust


@dataclass
class Seen:
    """Copies to compare the chain with, and what is wrong with those places themselves."""

    copies: list[Copy] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    head_size: int = 0
    has_head: bool = False
    _notes: list[str] = field(default_factory=list)
    witnessed: bool = False

    def notes(self) -> list[str]:
        if self.witnessed:
            return self._notes
        return [*self._notes, "no witness given: an old copy of the whole store does not show"]


def read(head: Path | None, witnesses: Sequence[Path], known: Sequence[Path], trust: Trust) -> Seen:
    """AuditError when a witness can't be read or says nothing; a note when a known one does."""
    seen = Seen()
    if head is not None:
        _head(seen, head, trust)
    for path in witnesses:
        _witness(seen, path, trust)
    for path in known:
        try:
            _witness(seen, path, trust)
        except AuditError as error:
            seen._notes.append(str(error))
    return seen


def _head(seen: Seen, path: Path, trust: Trust) -> None:
    try:
        found = heads.read(path)
    except AuditError as error:
        seen.breaks.append(Break(0, str(error)))
        seen.has_head = True
        return
    seen.has_head = found is not None
    if found is None:
        seen._notes.append(f"{path} is missing: entries cut off at the end don't show")
        return
    seen.head_size = found[0]
    seen.copies.append(Copy(*found, str(path)))
    _checkpoints(seen, heads.checkpoints(path), str(path), trust, shared=False)


def _witness(seen: Seen, path: Path, trust: Trust) -> None:
    signed: list[Checkpoint] = []
    plain: list[heads.Head] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for text in lines:  # a log may be large
                found = parse_lines(text)
                signed += found
                known = {(each.size, each.head) for each in found}
                plain += [copy for copy in heads.parse(text) if copy not in known]
    except OSError as error:
        raise AuditError(f"the witness {path} can't be read: {error.strerror}") from None
    if not signed and not plain:
        raise AuditError(f"the witness {path} holds no checkpoint and no line `<size> <hash>`")
    seen.witnessed = True
    seen.copies += [Copy(size, digest, str(path)) for size, digest in plain]
    _checkpoints(seen, signed, str(path), trust, shared=True)


def _checkpoints(
    seen: Seen, found: Iterable[Checkpoint], origin: str, trust: Trust, *, shared: bool
) -> None:
    strangers = 0
    for each in dict.fromkeys(found):
        if shared and trust.checks and not trust.knows(each.key):
            strangers += 1  # several projects may share a log
        elif fault := trust.fault(each):
            seen.breaks.append(
                Break(each.size, f"the checkpoint of entry {each.size} in {origin} {fault}")
            )
        else:
            seen.copies.append(Copy(each.size, each.head, origin, each))
    if strangers:
        seen._notes.append(f"{origin}: {strangers} checkpoints of other keys were passed over")
