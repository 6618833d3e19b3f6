"""Trouble with PostgreSQL: one clear line without a password, and work goes on when it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from autofix.errors import StoreError
from autofix.store import open_store, postgresql
from autofix.store.engine import parse
from autofix.store.faults import mapped
from autofix.store.verify import verify
from servers import postgres
from servers.mariadb import eventually
from storekit import at_once, event, give_back, incident, new_database, opened


@pytest.fixture
def url() -> Iterator[str]:
    made = new_database()
    yield made
    give_back(made)


@pytest.fixture(scope="module")
def own() -> Iterator[postgres.Cluster]:
    """A cluster for tests that stop and start it, and leave it running."""
    made = postgres.temporary()
    yield made
    postgres.remove(made)


def open_it(url: str, tmp_path: Path, **options: Any) -> Any:
    return open_store(url, state=tmp_path / "state", **options)


def test_a_restart_of_the_database_is_said_and_then_work_goes_on(
    own: postgres.Cluster, tmp_path: Path
) -> None:
    store = open_it(own.database(), tmp_path)
    first = opened(store)
    own.stop()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"PostgreSQL (does not answer|was stopped)") as down:
            opened(store, host="never")
        assert down.value.hint
        with pytest.raises(StoreError), store.reading():
            pass
    own.start()
    second = opened(store, host="redis2")
    with store.reading() as reads:
        assert reads.incidents() == [second, first]
        assert reads.audit_head()[0] == 2
    assert verify(store).holds
    store.close()


def test_a_restart_in_the_middle_of_a_block_commits_nothing_of_it(
    own: postgres.Cluster, tmp_path: Path
) -> None:
    store = open_it(own.database(), tmp_path)

    def cut() -> None:
        with store.transaction() as tx:
            tx.add_incident(incident(), event(incident=0))
            own.stop()
            own.start()
            tx.record(event())

    with pytest.raises(StoreError, match="was cut off"):
        cut()
    with store.reading() as reads:
        assert reads.incidents() == []
        assert reads.audit_head()[0] == 0
    opened(store)
    store.close()


def test_a_leader_leads_on_after_a_short_restart(own: postgres.Cluster, tmp_path: Path) -> None:
    store = open_it(own.database(), tmp_path, lease=0.8)
    with store.lead("first") as lead:
        own.stop()
        time.sleep(1.2)
        assert lead.lost() == ""
        assert not lead.holds()  # nobody can say: nothing is started
        own.start()
        eventually(lead.holds)
        opened(lead.store)
        assert store.leader() == "first"
    store.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace(":", ":wrong", 2).replace("wrong", "", 1), "refuses the password"),
        (lambda url: url.rpartition("/")[0] + "/nowhere", "does not exist"),
        (lambda url: url.replace("127.0.0.1", "nowhere.invalid"), "its host is not known"),
        (lambda url: url.replace(url.rpartition(":")[2].split("/")[0], "1"), "does not answer"),
        (lambda url: url.replace("autofix:", "stranger:"), "refuses the password or the user"),
    ],
)
def test_what_is_in_the_way_is_one_line_without_a_password(
    url: str, tmp_path: Path, change: Any, words: str
) -> None:
    secret = url.partition("@")[0].rpartition(":")[2]
    with pytest.raises(StoreError, match=words) as refused:
        open_it(change(url), tmp_path)
    shown = f"{refused.value}{refused.value.hint}"
    assert "\n" not in shown
    assert secret not in shown
    assert refused.value.hint


def test_a_password_beside_the_url_opens_the_store(url: str, tmp_path: Path) -> None:
    secret = url.partition("@")[0].rpartition(":")[2]
    bare = url.replace(f":{secret}@", "@")
    with pytest.raises(StoreError, match="refuses the password"):
        open_it(bare, tmp_path)
    store = open_it(bare, tmp_path, password=secret)
    opened(store)
    assert store.where == bare
    assert secret not in repr(store.engine)
    store.close()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "the disk is full"),
        ("53300", "no connection left"),
        ("25006", "read-only"),
        ("40001", "changed by somebody else"),
        ("40P01", "changed by somebody else"),
        ("55P03", "locked by another program"),
        ("57P01", "was cut off"),
        ("57P03", "starting or stopping"),
        ("25P03", "stood still for too long"),
        ("42501", "lacks the right"),
        ("58030", "its disk failed"),
        ("XX001", "is damaged"),
        ("28P01", "refuses the password"),
    ],
)
def test_each_sqlstate_has_its_line(url: str, tmp_path: Path, state: str, words: str) -> None:
    store = open_it(url, tmp_path)
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"

    def fail() -> None:
        with store.transaction() as tx:
            tx.record(event())
            tx._session.change(text(raising))

    with pytest.raises(StoreError, match=words) as refused:
        fail()
    assert refused.value.hint
    with store.reading() as reads:
        assert reads.audit_head()[0] == 0
    store.close()


def test_words_of_a_server_are_shown_inertly() -> None:
    error = OperationalError("SELECT", {}, Exception("connection failed: evil\x1b[31m\nmore"))
    assert "\x1b" not in str(mapped(error, "x"))


def test_commits_are_on_the_disk_whatever_the_databases_default(url: str, tmp_path: Path) -> None:
    name = url.rpartition("/")[2]
    postgres.cluster().execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    store = open_it(url, tmp_path)
    with store.transaction() as tx:
        assert tx._session.scalar(text("SHOW synchronous_commit")) == "on"
    store.close()
    postgres.cluster().execute(f'ALTER DATABASE "{name}" RESET ALL')


def test_a_reading_can_not_write(url: str, tmp_path: Path) -> None:
    store = open_it(url, tmp_path)
    with pytest.raises(StoreError, match="read-only"), store.reading() as reads:
        reads._session.change(text("DELETE FROM counters"))
    store.close()


def test_a_database_that_keeps_no_unicode_is_refused(tmp_path: Path) -> None:
    server = postgres.cluster()
    server.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(StoreError, match="keeps text as LATIN1") as refused:
            open_it(server.url("latin"), tmp_path)
        assert "UTF8" in refused.value.hint
    finally:
        server.drop(server.url("latin"))


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    server = postgres.cluster()
    url = server.database()
    server.execute("CREATE TABLE photos (id int)", url.rpartition("/")[2])
    with pytest.raises(StoreError, match=r"belongs to another program .table 'photos'"):
        open_it(url, tmp_path)
    server.drop(url)


def test_many_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    server = postgres.cluster()
    url = server.database()
    stores = at_once(*[lambda: open_it(url, tmp_path)] * 5)
    for store in stores:
        with store.reading() as reads:
            assert reads.audit_head()[0] == 0
        store.close()
    server.drop(url)


def test_two_processes_worth_of_writers_make_one_chain(url: str, tmp_path: Path) -> None:
    stores = [open_it(url, tmp_path) for _ in range(2)]

    def write(store: Any) -> None:
        for _ in range(20):
            with store.transaction() as tx:
                size, _ = tx.audit_head()
                tx.record(event(payload={"after": size}))

    assert at_once(*[lambda s=store: write(s) for store in stores * 3]) == [None] * 6
    entries = list(stores[0].audit_entries())
    # What a block has read is still so when it commits: each saw all that came before it.
    assert [entry.event.payload["after"] for entry in entries] == list(range(120))
    assert verify(stores[1]).holds
    for store in stores:
        store.close()


def test_a_missing_driver_says_what_to_install(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(postgresql, "create_engine", missing)
    with pytest.raises(StoreError, match=r"the driver for .* is not installed") as refused:
        open_it(url, tmp_path)
    assert refused.value.hint == "pip install 'autofix[postgresql]'"


def test_a_store_is_named_without_its_password() -> None:
    for url, name in (
        ("postgresql://me:pw@db1:5433/autofix", "postgresql://me@db1:5433/autofix"),
        ("postgresql:///autofix?host=/run/postgresql", "postgresql:///run/postgresql/autofix"),
    ):
        assert postgresql.named(parse(url)) == name
