"""Group commit: blocks of several threads stand in one transaction and share its COMMIT.

A durable commit waits for the disk, and while it does, other threads queue for their turn. Each of
those runs its block in a savepoint of one shared transaction and hands its turn on; the last one
commits for all, and only then do all of them return. A block that raises goes back to its own
savepoint. When the shared transaction fails, every block in it fails: nobody is told of a commit
that did not happen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, NestedTransaction

from autofix import crashpoints
from autofix.errors import StoreError
from autofix.store.backend import Backend
from autofix.store.faults import mapped, of_database
from autofix.store.turns import Turns

#: A group takes no further block when it is so old (seconds) or so large: who was in it first
#: waits that much longer, and no more. Where a commit takes longer (a busy disk), so long; but
#: never longer than `OLDEST`.
OLD, OLDEST, LARGE = 0.010, 0.050, 64

Head = tuple[int, str]


class Group:
    """One transaction of the database, and the blocks that stand or fall with it."""

    def __init__(self, backend: Backend, connection: Connection, old: float) -> None:
        """`old`: the age in seconds from which on nobody joins it any more."""
        self.connection = connection
        self.head: Head | None = None  # where the audit chain ends when this is committed
        self._backend = backend
        self._born, self._old = time.monotonic(), old
        self._blocks = 0
        self._over = threading.Event()
        self._error: StoreError | None = None

    @property
    def over(self) -> bool:
        return self._over.is_set()

    @property
    def open(self) -> bool:
        """One block more may come in."""
        return self._blocks < LARGE and time.monotonic() - self._born < self._old

    @contextmanager
    def block(self) -> Iterator[None]:
        """The first block is the transaction itself; each after it has a savepoint."""
        savepoint: NestedTransaction | None = None
        head = self.head
        try:
            if self._blocks:
                savepoint = self.connection.begin_nested()
            yield
            if not self._backend.intact(self.connection):
                raise StoreError(f"the store {self._backend.where} ended the transaction itself")
            if savepoint is not None:
                savepoint.commit()
        except BaseException as error:
            self.head = head
            self._undo(savepoint, error)
            raise
        self._blocks += 1

    def _undo(self, savepoint: NestedTransaction | None, error: BaseException) -> None:
        """Back to before this block; if that can't be, everything goes back."""
        if self._blocks and savepoint is not None:
            try:
                savepoint.rollback()
                if self._backend.intact(self.connection):
                    return
            except Exception as worse:  # noqa: BLE001 - whatever it is, the others must not commit
                error = worse
        self.fail(error)

    def commit(self, committed: Callable[[Head], None]) -> None:
        """Make all blocks durable; `wait` tells each of them how it went."""
        transaction = self.connection.get_transaction()
        try:
            if transaction is not None:
                crashpoints.reach("commit.before")
                transaction.commit()
                crashpoints.reach("commit.after")
        except BaseException as error:
            self.fail(error)
            if not isinstance(error, Exception):
                raise
            return
        try:
            self._close()
            if self.head is not None:
                committed(self.head)
        finally:
            self._over.set()

    def fail(self, error: BaseException) -> None:
        """Nothing of this group happened."""
        found = error if isinstance(error, StoreError) else mapped(error, self._backend.where)
        self._error = StoreError(str(found), hint=found.hint)
        try:
            transaction = self.connection.get_transaction()
            with suppress(Exception):
                if transaction is not None:
                    transaction.rollback()
            if of_database(error):
                # It may be good for nothing from now on: opened for reading only, for example,
                # because at that moment it could not be opened otherwise.
                with suppress(Exception):
                    self.connection.invalidate()
            self._close()
        finally:
            self._over.set()

    def _close(self) -> None:
        with suppress(Exception):
            self.connection.close()

    def wait(self) -> None:
        """Until it is durable. StoreError when it failed."""
        self._over.wait()
        if self._error is not None:
            raise StoreError(str(self._error), hint=self._error.hint) from self._error


class Commits:
    """The writers of one process: a turn each, and a commit for those who came close together."""

    def __init__(
        self, backend: Backend, patience: float, committed: Callable[[Head], None]
    ) -> None:
        self._backend = backend
        self._patience = patience
        self._committed = committed
        self._turns = Turns(self._leave)
        self._group: Group | None = None
        self._writer: int | None = None
        self._took = 0.0  # the last commit, in seconds

    @contextmanager
    def block(self) -> Iterator[Group]:
        """A block of changes. When it ends without an exception, they are durable."""
        begun = time.monotonic()
        self._enter()
        try:
            group = self._group or self._begin(begun)
            with group.block():
                yield group
        finally:
            self._leave()
        group.wait()

    def _enter(self) -> None:
        if self._writer == threading.get_ident():
            raise RuntimeError("a transaction is open in this thread already")
        if not self._turns.take(self._patience):
            raise StoreError(
                f"the store {self._backend.where} is busy: another thread holds it for too long",
                hint="try again",
            )
        self._writer = threading.get_ident()

    def _begin(self, begun: float) -> Group:
        waited = time.monotonic() - begun
        # What was waited for other threads is not waited again for other programs.
        patience = self._patience if waited < 0.1 else max(0.05, self._patience - waited)
        old = max(OLD, min(self._took, OLDEST))
        self._group = Group(self._backend, self._backend.begin(patience), old)
        return self._group

    def _leave(self) -> None:
        """Commit, unless who waits for a turn can share that commit."""
        self._writer = None
        group = self._group
        if group is not None and not group.over:
            if group.open and self._turns.hand_on():
                return
            begun = time.monotonic()
            try:
                group.commit(self._committed)
            finally:
                self._took = time.monotonic() - begun
                self._give()
        else:
            self._give()

    def _give(self) -> None:
        self._group = None
        self._turns.give()
