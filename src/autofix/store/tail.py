"""Before a checkpoint is signed: is what it would seal the record that was sealed before?"""

from __future__ import annotations

from autofix.core.audit import walk
from autofix.store.trust import Trust
from autofix.store.verify import Sealed, Walk


def doubts(store: Sealed) -> str:
    """What is wrong with the entries since the last checkpoint, that one's own included; empty
    when nothing is. A signature on a changed record would bless the change."""
    ledger = store.sealed_ledger()
    if ledger.faults:
        return ledger.faults[0].what
    size, head = ledger.base
    if ledger.checkpoints:
        last = ledger.checkpoints[-1]
        size, head = last.size, last.head
        found = next(iter(store.sealed_rows(size - 1)), None)
        if found is None or found[0] != size or found[10] not in (head, head.encode()):
            return f"entry {size} is not the one that its checkpoint has sealed"
    links = Walk(set(), Trust(None)).links(store.sealed_rows(size))
    return next((each.what for each in walk(links, size, head)), "")
