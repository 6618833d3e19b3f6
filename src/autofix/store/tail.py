"""Before a checkpoint is signed: is what it would seal the record that was sealed before?"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from autofix.core.audit import walk
from autofix.errors import AuditError
from autofix.store import head as heads
from autofix.store.trust import Trust
from autofix.store.verify import Sealed, Walk


def doubts(store: Sealed, head_file: Path, key: str) -> str:
    """What is wrong with the entries since the last checkpoint, that one's own included; empty
    when nothing is. A signature on a changed record would bless the change.

    `key` is the fingerprint of the key that is about to sign.
    """
    try:
        seen = heads.read(head_file)
    except AuditError as error:
        return str(error)
    ledger = store.sealed_ledger()
    if ledger.faults:
        return ledger.faults[0].what
    size, head = ledger.base
    if ledger.checkpoints:
        last = ledger.checkpoints[-1]
        size, head = last.size, last.head
        with closing(store.sealed_rows(size - 1)) as rows:
            found = next(rows, None)
        if found is None or found[0] != size or found[10] not in (head, head.encode()):
            return f"entry {size} is not the one that its checkpoint has sealed"
    trust = Trust(None)
    walked = Walk({seen[0]} if seen else set(), trust, 0)
    with closing(store.sealed_rows(size)) as rows:
        for each in walk(walked.links(rows), size, head):
            return each.what
    for change in trust.rotations:  # a change of keys is sealed in its own transaction
        if change.new != key:
            return f"entry {change.seq} says that another key follows, which it does not"
    return _cut(seen, size, head, walked, head_file)


def _cut(seen: heads.Head | None, size: int, head: str, walked: Walk, head_file: Path) -> str:
    """The head file has seen what is not there any more."""
    if seen is None or seen[0] < size:
        return ""
    last, known = walked.last or size, {size: head, **walked.hashes}
    if seen[0] > last:
        return f"{head_file} has seen {seen[0]} entries, and there are {last}"
    return "" if known.get(seen[0]) == seen[1] else f"{head_file} has seen another entry {seen[0]}"
