"""One server per store: refused at once, and free again the moment its holder dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofix.errors import ServerBusy
from autofix.store import open_store
from storekit import at_once, open_sqlite

HOLD = """
import sys, time
from pathlib import Path
from autofix.store import open_store
store = open_store(sys.argv[1], state=Path(sys.argv[2]))
with store.lead("autofix serve (pid 4711)"):
    print("leading", flush=True)
    time.sleep(60)
"""


def test_a_second_server_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    store = open_sqlite(state)
    arguments = [sys.executable, "-c", HOLD, f"sqlite:///{state}/autofix.db", str(state)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "leading\n"
        begun = time.monotonic()
        with pytest.raises(ServerBusy) as busy, store.lead("second"):
            pass
        assert time.monotonic() - begun < 1
        assert str(busy.value) == "autofix serve (pid 4711) already works on this store"
        assert store.leader() == "autofix serve (pid 4711)"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(10)
    assert store.leader() == ""
    with store.lead("second"):
        assert store.leader() == "second"
    store.close()


def test_two_settings_with_one_database_can_not_both_lead(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
    first, second = (
        open_store(f"sqlite:///{database}", state=tmp_path / name) for name in ("one", "two")
    )
    with first.lead("first"):
        assert second.leader() == "first"
        with pytest.raises(ServerBusy, match=r"^first already"), second.lead("second"):
            pass
    with second.lead("second"):
        assert first.leader() == "second"
    first.close()
    second.close()


def test_looking_who_leads_never_refuses_a_server(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")

    def look() -> None:
        for _ in range(300):
            store.leader()

    def serve() -> None:
        for _ in range(100):
            with store.lead("server"):
                pass

    assert at_once(look, serve, look) == [None] * 3
    store.close()


def test_a_holders_text_is_shown_inertly_in_one_line(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.lead("evil\x1b[31m\nserver"):
        assert store.leader() == "evil [31m server"
    store.close()


def test_programs_started_by_the_leader_do_not_inherit_the_lock(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.lead("server"):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        assert store.leader() == ""
    finally:
        child.kill()
        child.wait()
    store.close()
