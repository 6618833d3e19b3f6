"""A small sealed record in a folder, and copies of it to be tampered with."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from autofix.core.audit import GENESIS, AuditEvent, Break
from autofix.core.checkpoints import Checkpoint, line
from autofix.store import chain, stored
from autofix.store import head as heads
from autofix.store.keys import Keys
from autofix.store.sealing import SEALED
from autofix.store.seals import Ledger
from autofix.store.verify import Report, verify
from storekit import open_sqlite

SIZE, EVERY, OLD = 40, 8, 29  # OLD: the size of the copy that is put back
COLUMNS = (*SEALED, "hash")


def build(folder: Path) -> None:
    """`state`: 40 entries, a checkpoint after every 8th; `old`: a copy of it when it was shorter;
    `witness`: every checkpoint; `stranger`: another project's key."""
    state = folder / "state"
    keys, store = Keys(state / "keys"), open_sqlite(state)
    keys.make()
    Keys(folder / "stranger").make()
    lines, before = [], 0
    for number in range(1, SIZE + 1):
        with store.transaction() as tx:
            tx.record(entry(number))
            size, head = tx.audit_head()
            if number % EVERY == 0:
                made = keys.sign(Checkpoint(size, head, 2000.0 + number, "", before))
                tx.add_checkpoint(made)
                lines.append(line(made))
                before = size
        if number == OLD:
            store._head.flush()
            _copy_database(state, folder / "old")
    (folder / "witness").write_text("\n".join(lines) + "\n")
    store.close()


def _copy_database(state: Path, target: Path) -> None:
    target.mkdir()
    with (
        closing(sqlite3.connect(state / "autofix.db")) as live,
        closing(sqlite3.connect(target / "autofix.db")) as copy,
    ):
        live.backup(copy)
    shutil.copy(state / "audit.head", target)


def entry(number: int) -> AuditEvent:
    payload = {"reason": 'ü "b" \\ \x1b', "n": [1.5, None, True, number], "x": {"y": 1}}
    return AuditEvent(
        1000.25 + number, f"actor{number}", "run.started", "redis-memory-high", f"redis{number}",
        number, number * 2, payload,
    )  # fmt: skip


class Bare:
    """`verify.Sealed` on a database file, read just as the store reads it."""

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)

    def _ask(self, question: Callable[[Connection], Any]) -> Any:
        with self._engine.connect() as connection:
            return question(connection)

    def sealed_rows(self, after: int = 0) -> Iterator[chain.Row]:
        with self._engine.connect() as connection:
            yield from stored.rows(connection, after)

    def sealed_size(self) -> int:
        size: int = self._ask(stored.size)
        return size

    def sealed_oddities(self) -> list[Break]:
        found: list[Break] = self._ask(stored.oddities)
        return found

    def sealed_ledger(self) -> Ledger:
        found: Ledger = self._ask(stored.ledger)
        return found


@dataclass(frozen=True)
class Done:
    """What was done, and between which numbers the first break must lie. `by_witness`: without a
    witness nothing shows, by the nature of the thing."""

    what: str
    low: int
    high: int
    by_witness: bool = False


class Record:
    """A copy of the record to be mutated."""

    def __init__(self, master: Path, work: Path) -> None:
        self.master, self.state, self.witness = master, work / "state", master / "witness"
        self.head, self.file = self.state / "audit.head", self.state / "autofix.db"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(master / "state", self.state)
        self.trusted = Keys(self.state / "keys").trusted()
        self.stranger = Keys(master / "stranger")

    def report(self, *, witness: bool) -> Report:
        witnesses = [self.witness] if witness else []
        return verify(
            Bare(self.file), head=self.head, witnesses=witnesses, trusted=self.trusted,
            archives=self.state / "archive",
        )  # fmt: skip

    def edit(self, *statements: str, values: tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(self.file)) as database, database:
            for statement in statements:
                database.execute(statement, values)

    def rows(self) -> list[list[Any]]:
        with closing(sqlite3.connect(self.file)) as database:
            database.text_factory = bytes
            found = database.execute(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY seq")
            return [list(row) for row in found]

    def rechain(self, first: int, change: Callable[[list[Any]], None]) -> None:
        """Change entry `first` and seal it and all after it again, with hashes that are right."""
        rows = self.rows()
        prev = GENESIS.encode()
        for row in rows:
            if row[0] == first:
                change(row)
            if row[0] >= first:
                row[9] = prev
                row[10] = chain.digest(tuple(row)).encode()
            prev = row[10]
        marks = ",".join("CAST(? AS TEXT)" if c in TEXTS else "?" for c in COLUMNS)
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute("DELETE FROM audit")
            database.executemany(f"INSERT INTO audit ({', '.join(COLUMNS)}) VALUES ({marks})", rows)

    def write_head(self, upto: int) -> None:
        """The head file as if the chain had always been as it is now."""
        rows = self.rows()
        with closing(sqlite3.connect(self.file)) as database:
            found = database.execute(
                "SELECT size, head, at, key, before, signature FROM checkpoints "
                "WHERE size <= ? ORDER BY size DESC", (upto,),
            ).fetchone()  # fmt: skip
        last = Checkpoint(*found) if found else None
        size, head = (rows[-1][0], rows[-1][10].decode()) if rows else (0, GENESIS)
        heads.write(self.head, (size, head), last)


TEXTS = ("actor", "action", "runbook", "host", "payload", "prev", "hash")
