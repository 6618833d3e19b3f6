"""The only home of SQL: the store on SQLAlchemy Core, its migrations, and the sealed record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

__all__ = ["open_store"]


def open_store(url: str, *, state: Path, busy_timeout: float = 10.0) -> SqlStore:
    """Open (and make, or upgrade) the store at an absolute URL such as `sqlite:////var/x.db`.

    `state` is the state folder (made 0700 if missing), `busy_timeout` how many seconds to wait
    for a lock of another program. StoreError in one line for anything that is in the way.
    """
    # Imported here: the database's libraries take their time, and `autofix --help` needs none.
    from autofix.store.engine import parse
    from autofix.store.sql import SqlStore

    return SqlStore(parse(url), state, busy_timeout=busy_timeout)
