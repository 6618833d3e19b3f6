"""The only home of SQL: the store on SQLAlchemy Core, its migrations, and the sealed record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

__all__ = ["open_store"]


def open_store(
    url: str, *, state: Path, password: str = "", busy_timeout: float = 10.0, lease: float = 8.0
) -> SqlStore:
    """Open (and make, or upgrade) the store at `sqlite:////var/x.db` or `postgresql://u@host/db`.

    `state` is the state folder (made 0700 if missing), `busy_timeout` how many seconds to wait
    for a lock of another program, `lease` how long a leader on PostgreSQL leads without a sign of
    life. StoreError in one line for anything that is in the way; it never shows a password.
    """
    # Imported here: the database's libraries take their time, and `autofix --help` needs none.
    from autofix.store.engine import backend, parse
    from autofix.store.sql import SqlStore

    made = backend(parse(url, password), state, busy_timeout=busy_timeout, lease=lease)
    return SqlStore(made, busy_timeout=busy_timeout)
