"""Connections to any database that SQLAlchemy knows: read-only, and over when the time is over.

PostgreSQL, MySQL, MariaDB and SQLite are connected to by our own code, which keeps a deadline from
the name lookup on. Others go through SQLAlchemy's own drivers, in a thread that is left behind
when it does not come back.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes import links, mysql_session, postgres_session, variables
from autofix.probes.links import LinkError, Tls
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

Found = TypeVar("Found")
_POSTGRESQL = ("postgresql", "postgresql+psycopg", "postgres")
_MYSQL = ("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql")
_LATE = (1969, 3024)  # MariaDB and MySQL: the statement took longer than it may
_SQLITE = ("sqlite", "sqlite+pysqlite")
#: Questions to one database that were left behind, until it is not asked any more.
MOST_LEFT = 3


@dataclass(frozen=True)
class Place:
    """Which database, and as whom. The password is apart, and stays out of repr."""

    url: URL
    password: str = field(default="", repr=False)
    tls: Tls | None = None
    plain: bool = False

    def __str__(self) -> str:
        if self.url.drivername in _SQLITE:
            return f"the SQLite file {one_line(self.url.database, 200)}"
        host, port = self.url.host or "127.0.0.1", self.url.port
        return f"{one_line(self.url.get_backend_name(), 40)} at {one_line(host, 200)}" + (
            f" port {port}" if port else ""
        )


def place_of(target: Target, name: str) -> Place:
    """From `sql_url`, `sql_password`, `sql_tls…`; with a name from `sql_<name>_url` and so on."""
    prefix = f"sql_{name}" if name else "sql"
    text = variables.text(target, f"{prefix}_url")
    if not text:
        raise variables.VariableError(f"{prefix}_url is not set for {target.host}: which database?")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # What stands there may have a secret in it.
        raise variables.VariableError(
            f"{prefix}_url is no URL of a database: dialect://user@host/database"
        ) from None
    if url.password is not None:
        raise variables.VariableError(f"{prefix}_url has a password in it: set {prefix}_password")
    known = url.drivername in (*_POSTGRESQL, *_MYSQL)
    if known and url.query:
        raise variables.VariableError(f"{prefix}_url: no ? in it; for TLS set {prefix}_tls")
    encrypted = variables.flag(target, f"{prefix}_tls")
    return Place(
        url,
        variables.text(target, f"{prefix}_password"),
        Tls.of(target, prefix) if encrypted else None,
        encrypted is False,
    )


def asked(
    place: Place, deadline: Deadline, most_rows: int, ask: Callable[[Connection], Found]
) -> Found:
    """What `ask` gives on a read-only connection; it is rolled back. LinkError in one line."""
    try:
        if place.url.drivername in _SQLITE:
            opened = _sqlite(place, deadline)
        elif place.url.drivername in _POSTGRESQL:
            opened = _postgresql(place, deadline)
        elif place.url.drivername in _MYSQL:
            opened = _mysql(place, deadline, most_rows)
        else:
            return in_thread(place, deadline, lambda: _through(other(place), ask, place, deadline))
        return _through(opened, ask, place, deadline)
    except ProbeError:
        raise
    except (NoSuchModuleError, ImportError) as error:
        name = one_line(place.url.drivername, 60)
        raise LinkError(f"no driver for {name!r} is installed here: {one_line(error)}") from error
    except Exception as error:
        # Any: drivers fail in many ways on an answer that is not their database's.
        raise LinkError(_words(error, place, deadline)) from error


def _through(
    opened: Any, ask: Callable[[Connection], Found], place: Place, deadline: Deadline
) -> Found:
    with opened as connection:
        try:
            return ask(connection)
        except SQLAlchemyError as error:
            raise LinkError(_words(error, place, deadline)) from error


def _words(error: Exception, place: Place, deadline: Deadline) -> str:
    original: Any = getattr(error, "orig", None) or error
    code = original.args[0] if original.args else None
    late = type(original).__name__ in ("QueryCanceled", "LockNotAvailable") or code in _LATE
    if deadline.passed or late:
        return links.late(str(place), deadline)
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    said = primary or (original.args[-1] if original.args else original)
    return f"{place}: {one_line(said)}"


# -- each kind --------------------------------------------------------------------------------


@contextmanager
def _sqlite(place: Place, deadline: Deadline) -> Iterator[Connection]:
    path = place.url.database or ""
    if not path or path == ":memory:" or not Path(path).is_absolute():
        raise LinkError("sql_url: write the whole path of the SQLite file: sqlite:////path/file.db")

    def connect() -> sqlite3.Connection:
        made = sqlite3.connect(
            f"file:{quote(path)}?mode=ro", uri=True, timeout=deadline.left(), isolation_level=None
        )
        made.execute("PRAGMA query_only = ON")
        made.set_progress_handler(lambda: deadline.passed, 10_000)
        return made

    with _engined("sqlite://", connect) as connection:
        yield connection


@contextmanager
def _postgresql(place: Place, deadline: Deadline) -> Iterator[Connection]:
    server = postgres_session.Server(
        host=place.url.host or "127.0.0.1",
        port=place.url.port or postgres_session.PORT,
        user=place.url.username or "",
        password=place.password,
        database=place.url.database or "postgres",
        tls=place.tls,
        plain=place.plain,
    )
    raw: Any = postgres_session.connected(server, deadline)
    try:
        with postgres_session.cut_at(deadline, raw):
            postgres_session.bound(raw, deadline)
            raw.autocommit = False
            raw.row_factory = postgres_session.tuples()
            with _engined("postgresql+psycopg://", lambda: raw) as connection:
                yield connection
    finally:
        postgres_session.closed(raw)


@contextmanager
def _mysql(place: Place, deadline: Deadline, most_rows: int) -> Iterator[Connection]:
    server = mysql_session.Server(
        host=place.url.host or "127.0.0.1",
        port=place.url.port or 3306,
        user=place.url.username or "",
        password=place.password,
        tls=place.tls,
        plain=place.plain,
        database=place.url.database or "",
    )
    with mysql_session.opened(server, deadline) as session:
        session.for_rows(most_rows)
        with _engined("mysql+pymysql://", lambda: session.raw) as connection:
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
            yield connection


@contextmanager
def other(place: Place) -> Iterator[Connection]:
    """Any other dialect, with its own driver: what it does is rolled back."""
    url = place.url.set(password=place.password or None)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        try:
            yield connection
        finally:
            connection.rollback()


@contextmanager
def _engined(dialect: str, connect: Callable[[], Any]) -> Iterator[Connection]:
    engine = create_engine(dialect, creator=connect, poolclass=NullPool)
    with engine.connect() as connection:
        try:
            yield connection
        finally:
            with suppress(SQLAlchemyError, sqlite3.Error):
                connection.rollback()


class _Left:
    """Threads that were left behind, by place: what never comes back must not become many."""

    def __init__(self) -> None:
        self._threads: dict[str, list[threading.Thread]] = {}
        self._lock = threading.Lock()

    def add(self, place: str, thread: threading.Thread) -> None:
        with self._lock:
            self._threads.setdefault(place, []).append(thread)

    def count(self, place: str) -> int:
        with self._lock:
            alive = [each for each in self._threads.pop(place, []) if each.is_alive()]
            if alive:
                self._threads[place] = alive
            return len(alive)


_left = _Left()


def in_thread(place: Place, deadline: Deadline, work: Callable[[], Found]) -> Found:
    """A driver that knows no deadline is left behind when it does not come back in time; of one
    place only so many, then it is not asked until one of them has come back."""
    key = place.url.render_as_string(hide_password=True)
    if (stuck := _left.count(key)) >= MOST_LEFT:
        raise LinkError(f"{place}: {stuck} questions to it have not come back")
    found: list[Found] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, name="sql", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failed:
        raise failed[0]
    if not found:
        _left.add(key, thread)
        raise LinkError(links.late(str(place), deadline))
    return found[0]
