"""PostgreSQL: one writer at a time over all machines, readings of one moment, commits on the disk.

Writers stand in a line at one lock for their transaction, so that what a block has read is still so
when it commits, just as on SQLite: guards count on it, and the audit chain is made in that order.
The database ends a transaction whose client falls silent within it: a stopped process must not
hold everybody up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL

from autofix.errors import StoreError
from autofix.ports import Lead
from autofix.store import lease as leases
from autofix.store.faults import mapping
from autofix.store.files import state_folder

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

#: The lock's number within its database: "autofix" in ASCII.
LOCK = 0x6175746F666978
#: Seconds that a write transaction may be idle: its client is stopped, or its machine is gone.
IDLE = 5.0
_IN_TRANSACTION = 2  # libpq's PQTRANS_INTRANS

_BEGIN = text(
    "SELECT set_config('idle_in_transaction_session_timeout', :idle, true),"
    " set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:lock)"
)
#: A commit is on the disk before it is told, whatever the database's own default says.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)


class PostgresBackend:
    """A database of a server, shared by machines; `lease` in seconds is how long a leader leads
    without a sign of life."""

    shared = True
    snapshot: Mapping[str, Any] = {
        "isolation_level": "REPEATABLE READ",
        "postgresql_readonly": True,
    }

    def __init__(self, url: URL, state: Path, *, busy_timeout: float, lease: float) -> None:
        self.where = named(url)
        self.head_file = state / "audit.head"
        self._lease = lease
        state_folder(state)
        self.engine = make_engine(url, busy_timeout, self.where)

    def begin(self, patience: float) -> Connection:
        connection = self.engine.connect()
        try:
            connection.begin()
            values = {"idle": f"{IDLE:g}s", "wait": f"{max(0.05, patience) * 1000:.0f}ms"}
            connection.execute(_BEGIN, {**values, "lock": LOCK})
        except BaseException:
            connection.close()
            raise
        return connection

    def intact(self, connection: Connection) -> bool:
        if connection.invalidated or connection.closed:
            return False
        driver: Any = connection.connection.dbapi_connection
        return bool(driver.info.transaction_status == _IN_TRANSACTION)

    def fit(self, connection: Connection) -> None:
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"the database {self.where} keeps text as {encoding}",
                hint="make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
            )

    @contextmanager
    def lead(self, store: SqlStore, owner: str) -> Iterator[Lead]:
        with leases.lead(store, owner, self._lease) as lead:
            yield lead

    def changed(self) -> bool:
        return True  # asking would cost as much as looking at what is due

    def close(self) -> None:
        self.engine.dispose()

    def leader(self) -> str:
        with mapping(self.where), self.engine.connect() as connection, connection.begin():
            return leases.leader(connection)


def named(url: URL) -> str:
    """The store's name for people: user, host, port and database, no password, no options."""
    host = url.host or str(url.query.get("host", "")) or "localhost"
    port = f":{url.port}" if url.port else ""
    user = f"{url.username}@" if url.username else ""
    return f"postgresql://{user}{host}{port}/{url.database}"


def make_engine(url: URL, busy_timeout: float, where: str) -> Engine:
    """An engine safe for many threads, that notices when its server was restarted."""
    network = {
        "connect_timeout": "5",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "8000",
        "application_name": "autofix",
    }
    try:
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=24,
            pool_timeout=busy_timeout,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={key: each for key, each in network.items() if key not in url.query},
        )
    except ImportError:  # psycopg, or the libpq that it needs
        raise StoreError(
            f"the driver for {where} is not installed",
            hint="pip install 'autofix[postgresql]'",
        ) from None
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.execute(_DURABLE)
    connection.commit()
