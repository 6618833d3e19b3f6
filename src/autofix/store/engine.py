"""From the URL of a store to the kind of database that it names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from autofix.errors import StoreError
from autofix.store.backend import Backend

HINT = "write for example store: sqlite:///.autofix/autofix.db or postgresql://autofix@db1/autofix"


def parse(url: str, password: str = "") -> URL:
    """The URL of a store this program can open; StoreError says what would be right.

    `password` stands beside the URL in the settings, and goes before one within it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("`store` is not the URL of a database", hint=HINT) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _file(parsed)
    if parsed.drivername != "postgresql":
        name = parsed.drivername
        raise StoreError(f"a store of the kind {name!r} is not known to this version", hint=HINT)
    if not parsed.database:
        raise StoreError("the URL of the store names no database", hint=HINT)
    parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.set(password=password) if password else parsed


def _file(parsed: URL) -> URL:
    if not parsed.database or parsed.database.startswith((":memory:", "file:")) or parsed.query:
        raise StoreError("the store must be a file: nothing else outlives the process", hint=HINT)
    return parsed


def backend(url: URL, state: Path, *, busy_timeout: float, lease: float) -> Backend:
    """Ready to be connected to; nothing but SQLite's empty file is made yet."""
    if url.get_backend_name() == "sqlite":
        from autofix.store.sqlite import SqliteBackend

        return SqliteBackend(url, state, busy_timeout=busy_timeout)
    from autofix.store.postgresql import PostgresBackend

    return PostgresBackend(url, state, busy_timeout=busy_timeout, lease=lease)
