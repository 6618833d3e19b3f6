"""The store in memory and the one on SQLite, asked the same in any order, answer the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from autofix.core.incidents import LIVE, MOVES, State
from autofix.core.pages import PageState
from autofix.core.pauses import Pause
from autofix.core.runs import RUN_MOVES, RunEvent, RunKind, RunState
from autofix.core.signals import SignalState
from autofix.core.triggers import Watch
from autofix.errors import StoreError
from autofix.ports import Reads, Store, Transaction
from autofix.store.canonical import canonical
from autofix.testing.memory import MemoryStore
from storekit import event, incident, open_sqlite, page, run, signal

NAMES = st.sampled_from(["a", "b"])
NUMBERS = st.integers(1, 6)
TIMES = st.none() | st.integers(0, 40).map(lambda tenths: tenths / 2)
VERSIONS = st.integers(0, 1)  # 1: a version that somebody else has moved on from
EVENTS = st.sampled_from([event("x.done", incident=0, run=0), event("y.done"), None])


class Stopped(Exception):
    """Rolls a block back on purpose."""


class TwoStores(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.stores: list[Store] = [MemoryStore(canonical), open_sqlite(self.folder / "state")]

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def both(self, do: Callable[[Transaction], Any], *, stop: bool = False) -> None:
        """Do the same in a block of each; what comes back or is raised must be the same."""
        memory, sqlite = (self._one(store, do, stop) for store in self.stores)
        assert memory == sqlite

    def _one(self, store: Store, do: Callable[[Transaction], Any], stop: bool) -> Any:
        try:
            with store.transaction() as tx:
                result = do(tx)
                if stop:
                    raise Stopped
        except (StoreError, ValueError, Stopped) as error:
            return type(error)
        return result

    @rule(host=NAMES, subject=NAMES, due=TIMES, check=st.booleans(), stop=st.booleans())
    def open_incident(self, stop: bool, **values: Any) -> None:
        values["due_at"] = values.pop("due")
        self.both(lambda tx: tx.add_incident(incident(**values), event(incident=0)), stop=stop)

    @rule(number=NUMBERS, state=st.sampled_from(State), at=TIMES, old=VERSIONS, sealed=EVENTS)
    def move_incident(self, number: int, state: State, at: float, old: int, sealed: Any) -> None:
        def move(tx: Transaction) -> Any:
            row = tx.incident(number)
            if row is None or state not in MOVES[row.state] | {row.state}:
                return None
            ended = None if state in LIVE else at
            row = row.with_(state=state, ended_at=ended, fix_started_at=at, due_at=at)
            return tx.save_incident(replace(row, version=row.version - old), sealed)

        self.both(move)

    @rule(number=NUMBERS, kind=st.sampled_from(RunKind), step=st.integers(0, 1), due=TIMES)
    def plan_run(self, number: int, kind: RunKind, step: int, due: float | None) -> None:
        planned = run(number, kind=kind, step=step, due_at=due)
        self.both(lambda tx: tx.add_run(planned, event(incident=0, run=0)))

    @rule(number=NUMBERS, state=st.sampled_from(RunState), at=TIMES, old=VERSIONS, sealed=EVENTS)
    def move_run(self, number: int, state: RunState, at: float, old: int, sealed: Any) -> None:
        def move(tx: Transaction) -> Any:
            row = tx.run(number)
            if row is None or state not in RUN_MOVES[row.state] | {row.state}:
                return None
            row = row.with_(state=state, finished_at=at)
            return tx.save_run(replace(row, version=row.version - old), sealed)

        self.both(move)

    @rule(number=NUMBERS, count=st.integers(0, 3))
    def add_output(self, number: int, count: int) -> None:
        events = [RunEvent("output", float(n), text=f"line {n}") for n in range(count)]
        self.both(lambda tx: tx.add_run_events(number, events) if tx.run(number) else None)

    @rule(host=NAMES, number=NUMBERS)
    def lock(self, host: str, number: int) -> None:
        self.both(lambda tx: tx.lock_host(host, number, 1.0))

    @rule(host=NAMES, token=NUMBERS, free=st.booleans())
    def renew_or_free(self, host: str, token: int, free: bool) -> None:
        self.both(lambda tx: tx.free_host(host, token) if free else tx.renew_host(host, token, 2.0))

    @rule(at=TIMES, sealed=EVENTS)
    def receive(self, at: float | None, sealed: Any) -> None:
        self.both(lambda tx: tx.add_signal(signal(at=at or 0.0), sealed))

    @rule(number=NUMBERS, state=st.sampled_from(SignalState), sealed=EVENTS)
    def handle(self, number: int, state: SignalState, sealed: Any) -> None:
        self.both(lambda tx: tx.save_signal(signal(id=number, state=state), sealed))

    @rule(host=NAMES, subject=NAMES, at=TIMES)
    def look(self, host: str, subject: str, at: float | None) -> None:
        watch = Watch("r", 0, host, subject, at=at or 0.0, facts={"x": at})
        self.both(lambda tx: tx.save_watches([watch]))

    @rule(runbook=NAMES, host=NAMES, at=TIMES, begin=st.booleans(), stop=st.booleans())
    def pause(self, runbook: str, host: str, at: float | None, begin: bool, stop: bool) -> None:
        pause = Pause(at or 0.0, "ann", "", runbook, host)
        self.both(
            lambda tx: (
                tx.add_pause(pause, event()) if begin else tx.remove_pause(runbook, host, event())
            ),
            stop=stop,
        )

    @rule(number=st.none() | NUMBERS, due=TIMES)
    def call_a_person(self, number: int | None, due: float | None) -> None:
        self.both(lambda tx: tx.add_page(page(number, due_at=due), event(incident=0)))

    @rule(number=NUMBERS, state=st.sampled_from(PageState), old=VERSIONS, sealed=EVENTS)
    def deliver(self, number: int, state: PageState, old: int, sealed: Any) -> None:
        def save(tx: Transaction) -> Any:
            row = tx.page(number)
            if row is None:
                return None
            return tx.save_page(row.with_(state=state, version=row.version - old), sealed)

        self.both(save)

    @rule(job=NAMES, slot=NAMES, stop=st.booleans())
    def claim(self, job: str, slot: str, stop: bool) -> None:
        self.both(lambda tx: tx.claim_slot(job, slot), stop=stop)

    @rule(before=st.integers(0, 20), stop=st.booleans())
    def forget(self, before: int, stop: bool) -> None:
        self.both(lambda tx: tx.forget(float(before)), stop=stop)

    @invariant()
    def everything_is_the_same(self) -> None:
        answers = []
        for store in self.stores:
            with store.reading() as reads:
                answers.append(_everything(reads))
        for memory, sqlite in zip(*answers, strict=True):
            assert memory == sqlite


def _everything(reads: Reads) -> list[Any]:
    lists: list[Any] = [
        reads.incidents(),
        reads.runs(),
        reads.signals(),
        reads.signals(received=True),
        reads.watches(),
        reads.pauses(),
        reads.pages(),
        reads.audit(),
        reads.audit_head(),
        reads.due_incidents(10.0),
        reads.due_runs(10.0),
        reads.due_pages(10.0),
        reads.next_due(),
    ]
    lists += [reads.run_events(number) for number in range(1, 7)]
    lists += [reads.host_lock(host) for host in "ab"]
    for host, subject in ("aa", "ab", "ba", "bb"):
        key = ("redis-memory-high", host, subject)
        lists += [reads.live_incident(*key), reads.last_ended(*key), reads.attempts(*key, 5.0)]
    return lists


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
