"""Leading on PostgreSQL: a lease on the database's clock, and who is deposed commits nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.errors import Deposed, ServerBusy, StoreError
from autofix.store import open_store
from servers import postgres
from servers.mariadb import eventually
from storekit import event, give_back, new_database, opened

LEASE = 0.8
TESTS = str(Path(__file__).parents[2])

HOLD = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from autofix.errors import StoreError
from autofix.store import open_store
from storekit import event
store = open_store(sys.argv[1], state=Path(sys.argv[2]), lease=float(sys.argv[4]))
with store.lead("serve pid 4711 on ops1") as lead:
    print("leading", flush=True)
    while not lead.lost():
        try:
            with lead.store.transaction() as tx:
                tx.record(event("by the first"))
        except StoreError as error:  # deposed, or cut off for standing still within a block
            print("refused:", error, flush=True)
        time.sleep(0.005)
    print("lost:", lead.lost(), flush=True)
"""


@pytest.fixture
def url() -> Iterator[str]:
    made = new_database()
    yield made
    give_back(made)


def open_it(url: str, tmp_path: Path, **options: Any) -> Any:
    return open_store(url, state=tmp_path / "state", **{"lease": LEASE, **options})


def actions(store: Any) -> list[str]:
    return [entry.event.action for entry in store.audit_entries()]


def test_a_second_server_is_refused_and_told_who_leads(url: str, tmp_path: Path) -> None:
    first, second = open_it(url, tmp_path), open_it(url, tmp_path)
    with first.lead("serve pid 1 on ops1"):
        assert second.leader() == "serve pid 1 on ops1"
        begun = time.monotonic()
        with (
            pytest.raises(ServerBusy, match=r"^serve pid 1 on ops1 already"),
            second.lead("second"),
        ):
            pass
        assert time.monotonic() - begun < 1
    assert second.leader() == ""
    with second.lead("second"):
        assert first.leader() == "second"
    first.close()
    second.close()


def test_a_lease_is_renewed_for_as_long_as_its_holder_lives(url: str, tmp_path: Path) -> None:
    first, second = open_it(url, tmp_path), open_it(url, tmp_path)
    with first.lead("first") as lead:
        end = time.monotonic() + 3 * LEASE
        while time.monotonic() < end:
            assert second.leader() == "first"
            assert lead.holds()
            with lead.store.transaction() as tx:
                tx.record(event())
            time.sleep(0.05)
    first.close()
    second.close()


def test_a_stopped_leader_is_followed_and_commits_nothing_when_it_wakes(
    url: str, tmp_path: Path
) -> None:
    store = open_it(url, tmp_path)
    arguments = [url, str(tmp_path / "other"), TESTS, str(LEASE)]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, *arguments], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "leading\n"
        eventually(lambda: actions(store))
        os.kill(holder.pid, signal.SIGSTOP)

        def taken() -> Any:
            try:
                lead = store.lead("second")
                return lead, lead.__enter__()
            except ServerBusy:
                return None

        # A stopped process may hold the writers' line until the database cuts it off.
        manager, lead = eventually(taken, within=30)
        with lead.store.transaction() as tx:
            tx.record(event("by the second"))
        os.kill(holder.pid, signal.SIGCONT)
        said = holder.stdout.read().splitlines()
        assert holder.wait(10) == 0
    assert said[-1] == "lost: second leads this store now"
    assert not lead.lost()
    manager.__exit__(None, None, None)
    found = actions(store)
    assert found[-1] == "by the second"
    assert set(found[:-1]) == {"by the first"}
    store.close()


def test_a_process_stopped_within_a_transaction_holds_nobody_up_for_long(
    url: str, tmp_path: Path
) -> None:
    store = open_it(url, tmp_path, busy_timeout=30.0)
    within = HOLD.replace(
        '                tx.record(event("by the first"))',
        '                tx.record(event("half"))\n                print("within", flush=True)\n'
        "                time.sleep(60)",
    )
    arguments = [url, str(tmp_path / "other"), TESTS, "60"]
    with subprocess.Popen(
        [sys.executable, "-c", within, *arguments], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "leading\n"
        assert holder.stdout.readline() == "within\n"
        os.kill(holder.pid, signal.SIGSTOP)
        begun = time.monotonic()
        with store.transaction() as tx:
            tx.record(event("whole"))
        assert time.monotonic() - begun < 8
        holder.kill()
    assert actions(store) == ["whole"]
    store.close()


def test_who_was_deposed_writes_nothing_and_others_still_may(url: str, tmp_path: Path) -> None:
    first, second = open_it(url, tmp_path), open_it(url, tmp_path)
    with first.lead("first") as lead:
        take_away(url)
        with second.lead("second"):
            row = None
            for _ in range(2):
                with pytest.raises(Deposed, match=r"^second leads this store now") as deposed:
                    row = opened(lead.store)
                assert deposed.value.exit_code == 4
                assert deposed.value.hint
            assert row is None
            assert lead.lost() == "second leads this store now"
            assert not lead.holds()
            opened(first)  # as a command beside the leader does
    with first.reading() as reads:
        assert len(reads.incidents()) == reads.audit_head()[0] == 1
    first.close()
    second.close()


def test_a_block_begun_in_time_is_not_overtaken(url: str, tmp_path: Path) -> None:
    first, second = open_it(url, tmp_path), open_it(url, tmp_path, busy_timeout=0.2)
    with first.lead("first") as lead, lead.store.transaction() as tx:
        tx.record(event("first"))
        take_away(url)
        with pytest.raises(StoreError, match="locked by another program"), second.lead("second"):
            pass
    assert actions(second) == ["first"]
    first.close()
    second.close()


def test_a_lease_that_ran_out_while_nobody_else_led_goes_on(url: str, tmp_path: Path) -> None:
    store = open_it(url, tmp_path)
    with store.lead("first") as lead:
        take_away(url)
        with lead.store.transaction() as tx:
            tx.record(event())
        assert store.leader() == "first"
        assert lead.lost() == ""
    store.close()


def test_a_view_of_a_lead_that_was_given_up_writes_nothing(url: str, tmp_path: Path) -> None:
    store = open_it(url, tmp_path)
    with store.lead("first") as lead:
        pass
    with pytest.raises(Deposed):
        opened(lead.store)
    assert store.leader() == ""
    store.close()


def take_away(url: str) -> None:
    """The lease is over now, and its holder doesn't know."""
    database = url.rpartition("/")[2]
    postgres.cluster().execute("UPDATE leaders SET until = 0", database)
