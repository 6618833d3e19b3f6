"""What was held is decided anew at once, when what held it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from autofix.core.incidents import Incident, State
from autofix.errors import Conflict
from autofix.ports import Transaction

#: Incidents read at a time.
BATCH = 500


def wake(tx: Transaction, at: float, fits: Callable[[Incident], bool]) -> int:
    """Make the held incidents that fit due at this moment; how many."""
    count = 0
    for incident in _held(tx):
        if fits(incident):
            try:
                tx.save_incident(replace(incident, due_at=at), None)
            except Conflict:
                continue  # it moved meanwhile, and has been decided anew
            count += 1
    return count


def _held(tx: Transaction) -> Iterator[Incident]:
    before: int | None = None
    while True:
        found = tx.incidents(states=[State.HELD], before=before, limit=BATCH)
        yield from found
        if len(found) < BATCH:
            return
        before = found[-1].id
