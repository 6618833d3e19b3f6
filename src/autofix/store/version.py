"""Has anybody written to the file of SQLite? A question of microseconds, for who asks often."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path


class Version:
    """A connection of its own that only asks: SQLite counts for it the commits of all others, of
    this process and of every other."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None
        self._lock = threading.Lock()

    def moved(self) -> bool:
        """Since this was last asked; True the first time, and when it can't be told."""
        with self._lock:
            try:
                now = self._ask()
            except sqlite3.Error:
                self._drop()
                return True
            moved, self._seen = now != self._seen, now
            return moved

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ask(self) -> int:
        if self._connection is None:
            there = f"{self._database.resolve().as_uri()}?mode=rw"  # never made anew
            self._connection = sqlite3.connect(
                there, uri=True, isolation_level=None, check_same_thread=False
            )
        found: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        return found[0]

    def _drop(self) -> None:
        self._seen = None
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
