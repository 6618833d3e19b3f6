"""The store on PostgreSQL: durable appends, and how soon another server leads when one dies.

The cluster is a real one, started for this, with fsync on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autofix.errors import ServerBusy
from autofix.store import open_store
from bench import Row
from bench.measure_record import appended

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import postgres

HOLD = """
import sys, time
from pathlib import Path
from autofix.store import open_store
store = open_store(sys.argv[1], state=Path(sys.argv[2]))
with store.lead("first"):
    print("leading", flush=True)
    time.sleep(600)
"""


def measure() -> Iterator[Row]:
    server = postgres.cluster()
    with tempfile.TemporaryDirectory() as folder:
        url = server.database()
        store = open_store(url, state=Path(folder) / "state")
        try:
            yield from appended(store, "postgresql", "synchronous_commit=on")
            yield Row("postgresql: failover", _failover(store, url, folder), "s", "", "kill -9")
        finally:
            store.close()
            server.drop(url)


def _failover(store: Any, url: str, folder: str) -> float:
    """Seconds from the death of the leader until another one leads."""
    words = [sys.executable, "-c", HOLD, url, str(Path(folder) / "other")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as leader:
        if not leader.stdout or leader.stdout.readline() != "leading\n":
            raise RuntimeError("the first server does not lead")
        os.kill(leader.pid, signal.SIGKILL)
    died = time.perf_counter()
    while True:
        try:
            with store.lead("second"):
                return time.perf_counter() - died
        except ServerBusy:
            time.sleep(0.1)
