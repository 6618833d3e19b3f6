"""Group commit: blocks that share a commit stand or fall with it, and only with it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as hook
from sqlalchemy import text

from autofix.errors import StoreError
from autofix.ports import Transaction
from autofix.store.verify import verify
from servers.mariadb import eventually
from storekit import event, incident, opened, opened_store


@pytest.fixture(params=["postgresql", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with opened_store(request.param, tmp_path) as store:
        yield store


class Line:
    """Blocks that are sure to share one commit: they queue while the first is under way."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.results: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []
        self._go = threading.Event()

    def __call__(self, name: str, work: Callable[[Transaction], Any]) -> None:
        first = not self._threads
        inside = threading.Event()

        def block() -> None:
            try:
                with self._store.transaction() as tx:
                    inside.set()
                    if first:
                        assert self._go.wait(30)
                    self.results[name] = work(tx)
            except Exception as error:
                self.results[name] = error

        queued = len(self._store._commits._turns._queue)
        self._threads.append(threading.Thread(target=block))
        self._threads[-1].start()
        if first:
            assert inside.wait(30)
        else:
            eventually(lambda: len(self._store._commits._turns._queue) > queued)

    def finish(self) -> dict[str, Any]:
        self._go.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.results


def commits(store: Any) -> list[int]:
    """Grows by one with each COMMIT."""
    found: list[int] = []
    hook.listen(store.engine, "commit", lambda _: found.append(1))
    return found


def hosts(store: Any) -> list[str]:
    with store.reading() as reads:
        assert len(reads.incidents()) == reads.audit_head()[0]
        return sorted(row.host for row in reads.incidents())


def add(host: str) -> Callable[[Transaction], Any]:
    return lambda tx: tx.add_incident(incident(host=host), event(incident=0)).host


def fail(host: str) -> Callable[[Transaction], Any]:
    def work(tx: Transaction) -> None:
        add(host)(tx)
        raise KeyError(host)

    return work


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, blocks that queue share the commit."""
    monkeypatch.setattr("autofix.store.commits.OLD", 60.0)


def test_blocks_that_queue_share_one_commit(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)
    made, line = commits(store), Line(store)
    for name in "abcd":
        line(name, add(name))
    assert line.finish() == {name: name for name in "abcd"}
    assert len(made) == 1
    assert hosts(store) == list("abcd")
    assert verify(store).holds


@pytest.mark.parametrize("bad", ["a", "b", "d", "ab", "bd", "abcd"])
def test_a_block_that_raises_takes_no_other_with_it(
    store: Any, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    patient(monkeypatch)
    line = Line(store)
    for name in "abcd":
        line(name, (fail if name in bad else add)(name))
    results = line.finish()
    good = [name for name in "abcd" if name not in bad]
    assert [name for name in "abcd" if results[name] == name] == good
    assert all(isinstance(results[name], KeyError) for name in bad)
    assert hosts(store) == good
    assert verify(store).holds


def test_when_the_commit_fails_every_block_in_it_fails(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    line = Line(store)
    for name in "abc":
        line(name, add(name))

    def refuse(_: Any) -> None:
        raise OSError("no space left")

    hook.listen(store.engine, "commit", refuse)
    results = line.finish()
    hook.remove(store.engine, "commit", refuse)
    assert all(isinstance(results[name], StoreError) for name in "abc"), results
    assert len({id(error) for error in results.values()}) == 3
    assert hosts(store) == []
    opened(store, host="after")
    assert hosts(store) == ["after"]


def test_a_transaction_that_the_database_ended_fails_for_all_in_it(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    line = Line(store)
    line("a", add("a"))

    def end(tx: Any) -> None:
        tx._session._connection.connection.dbapi_connection.execute("ROLLBACK")

    line("b", end)
    line("c", add("c"))
    results = line.finish()
    assert isinstance(results["a"], StoreError)
    assert isinstance(results["b"], StoreError)
    assert hosts(store) == (["c"] if results["c"] == "c" else [])
    opened(store, host="z")
    assert "z" in hosts(store)


def test_a_swallowed_error_of_the_database_fails_its_own_block_only(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    line = Line(store)
    line("a", add("a"))

    def swallow(tx: Any) -> None:
        add("b")(tx)
        with pytest.raises(StoreError):
            tx._session.scalar(text("SELECT nonsense"))

    line("b", swallow)
    line("c", add("c"))
    results = line.finish()
    assert isinstance(results["b"], StoreError)
    assert hosts(store) == ["a", "c"]


def test_slow_blocks_do_not_keep_those_before_them_waiting(store: Any) -> None:
    made, line = commits(store), Line(store)

    def slow(tx: Transaction) -> None:
        tx.record(event())
        time.sleep(0.06)

    for name in "abcd":
        line(name, slow)
    line.finish()
    assert len(made) == 4


def test_nobody_is_told_of_a_commit_before_it_happened(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    line = Line(store)
    for name in "abc":
        line(name, add(name))
    told: list[int] = []

    def committing(_: Any) -> None:
        time.sleep(0.2)  # a slow disk
        told.append(len([thread for thread in line._threads if not thread.is_alive()]))

    hook.listen(store.engine, "commit", committing)
    line.finish()
    hook.remove(store.engine, "commit", committing)
    assert told == [0]
    assert hosts(store) == list("abc")


def test_who_is_interrupted_while_waiting_leaves_the_line_in_order(store: Any) -> None:
    class Enough(BaseException):
        pass

    def enough(*_: Any) -> None:
        raise Enough

    line = Line(store)
    line("a", add("a"))
    old = signal.signal(signal.SIGALRM, enough)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Enough):
            opened(store, host="never")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    line("b", add("b"))
    line.finish()
    opened(store, host="c")
    assert hosts(store) == ["a", "b", "c"]


def test_a_storm_of_blocks_good_and_bad_comes_out_right(store: Any) -> None:
    told: list[str] = []

    def work(thread: int) -> None:
        for number in range(25):
            name = f"{thread}.{number}"
            try:
                with store.transaction() as tx:
                    (fail if number % 4 == 3 else add)(name)(tx)
            except KeyError:
                continue
            told.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.reading() as reads:
        found = {row.host for row in reads.incidents(limit=1000)}
    assert found == set(told)
    assert len(told) == 8 * 19
    assert verify(store).holds
