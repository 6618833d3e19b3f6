"""The database's own clock, which the doctor compares with this machine's."""

from __future__ import annotations

import time
from pathlib import Path

from storekit import give_back, new_database, open_postgresql, open_sqlite


def test_postgresql_has_one_and_sqlite_none(tmp_path: Path) -> None:
    own = open_sqlite(tmp_path / "own")
    assert own.clock() is None
    own.close()
    url = new_database()
    try:
        store = open_postgresql(url, tmp_path / "shared")
        before = time.time()
        assert before - 1 <= store.clock() <= time.time() + 1
        store.close()
    finally:
        give_back(url)
