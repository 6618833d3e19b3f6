"""`abort_if`: it stops the run, the step is undone, and a person hears what was seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.readings import Reading
from autofix.core.runbooks import Runbook, Step
from autofix.core.runs import Outcome, RunEvent, RunKind, RunOrder, RunResult
from autofix.flow import abort, looking
from unit.flow.world import BOOK, Patient, World

UNDO = (Step("raise.yml", rollback="lower.yml", afterwards="tidy.yml"), Step("evict.yml"))
PLAIN = (Step("raise.yml"), Step("evict.yml"))


def watched(*steps: Step, when: str = "clients < 1", **changes: Any) -> Runbook:
    guards = replace(BOOK.guards, abort_if=parse(when))
    assert BOOK.verify is not None
    return replace(BOOK, fix=steps, guards=guards, **changes)


class Slow:
    """Each playbook does what the test says, then goes on until it is cancelled or released."""

    def __init__(self, world: World, does: Callable[[RunOrder], None]) -> None:
        self.world, self.does = world, does
        self.played: list[str] = []
        self.release = threading.Event()
        self.waits: set[str] = {"raise.yml"}

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        self.played.append(order.playbook)
        self.does(order)
        end = time.monotonic() + 15
        while order.playbook in self.waits and time.monotonic() < end:
            if cancel.wait(0.02):
                return RunResult(Outcome.CANCELLED, "cancelled")
            if self.release.is_set():
                break
        return RunResult(Outcome.OK, "1 task went well", 0)

    def end_leftovers(self, _: Any) -> Sequence[int]:
        return []


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abort, "PACE", 0.05)


def broken_by(world: World, playbook: str) -> Slow:
    def does(order: RunOrder) -> None:
        if order.playbook == playbook:
            world.patient.state[order.host] = {"ratio": 0.95, "clients": 0}

    hands = Slow(world, does)
    world.ctx.runner = hands
    return hands


def test_it_stops_the_run_rolls_back_and_pages_with_what_was_seen() -> None:
    world = World(_brisk(watched(*UNDO)))
    hands = broken_by(world, "raise.yml")
    world.patient.state["r1"] = {"ratio": 0.95, "clients": 9}
    world.look("r1")
    world.settle()
    world.pass_time(30)
    assert hands.played == ["raise.yml", "lower.yml", "tidy.yml"]
    fix = world.runs()[0]
    assert fix.outcome is Outcome.ABORTED
    assert fix.reason == "abort_if: clients < 1 (clients = 0)"
    incident = world.incident()
    assert incident.state is State.ESCALATED
    assert "stopped by abort_if" in incident.reason
    assert "clients < 1 (clients = 0)" in incident.reason
    assert "was rolled back" in incident.reason
    assert len(world.bell.rung) == 1
    assert "clients < 1 (clients = 0)" in world.bell.rung[0].text


def _brisk(book: Runbook) -> Runbook:
    assert book.verify is not None
    return replace(book, verify=replace(book.verify, every=0.05))


def test_without_a_rollback_a_person_gets_it_at_once() -> None:
    world = World(_brisk(watched(*PLAIN)))
    hands = broken_by(world, "raise.yml")
    world.patient.state["r1"] = {"ratio": 0.95, "clients": 9}
    world.look("r1")
    world.settle()
    assert hands.played == ["raise.yml"]
    assert world.incident().state is State.ESCALATED
    assert "abort_if: clients < 1 (clients = 0)" in world.incident().reason


def test_what_holds_before_is_not_started() -> None:
    world = World(watched(*UNDO))
    world.patient.state["r1"] = {"ratio": 0.95, "clients": 0}
    world.look("r1")
    world.settle()
    assert world.hands.played == []
    assert world.incident().state is State.ESCALATED
    assert "not started, abort_if holds: clients < 1 (clients = 0)" in world.incident().reason
    assert len(world.bell.rung) == 1


def test_what_is_unknown_never_aborts_and_is_noted_after_three_looks() -> None:
    world = World(_brisk(watched(*PLAIN, when="nowhere < 1")))
    hands = Slow(world, lambda _: threading.Timer(0.6, hands.release.set).start())
    world.ctx.runner = hands
    world.patient.state["r1"] = {"ratio": 0.95}
    world.look("r1")
    world.settle()
    assert world.runs()[0].outcome is Outcome.OK
    notes = _notes(world)
    assert len(notes) == 1, notes
    assert "abort_if could not tell 3 times in a row: unknown: nowhere < 1" in notes[0]


def _notes(world: World) -> list[str]:
    with world.store.reading() as reads:
        events = [event for _, event in reads.run_events(1)]
    return [event.text for event in events if event.kind == "notice"]


class Hanging(Patient):
    """From `hang` on it never answers (until the test ends)."""

    def __init__(self) -> None:
        super().__init__()
        self.hang, self.over = threading.Event(), threading.Event()

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        if self.hang.is_set():
            self.over.wait(20)
        return super().look(target, options, timeout=timeout, now=now)


def test_a_probe_that_hangs_keeps_neither_the_heartbeat_nor_the_runs_end() -> None:
    world = World(_brisk(watched(*PLAIN)))
    assert world.book.verify is not None
    patient = Hanging()
    world.patient = patient
    hands = Slow(world, lambda _: patient.hang.set())
    world.ctx.runner = hands
    world.patient.state["r1"] = {"ratio": 0.95, "clients": 9}
    world.look("r1")
    threading.Timer(0.5, hands.release.set).start()
    before = time.monotonic()
    kept = world.engine._start
    world.engine._start = lambda kind, key, work: kind != "look" and kept(kind, key, work)
    try:
        world.engine.tick()
        world.engine.tick()
        assert time.monotonic() - before < 5
        assert world.runs()[0].outcome is Outcome.OK
    finally:
        patient.over.set()


def test_rollback_and_afterwards_are_not_watched() -> None:
    book = _brisk(watched(*UNDO))
    for kind, check, wanted in (
        (RunKind.FIX, False, True),
        (RunKind.FIX, True, False),
        (RunKind.ROLLBACK, False, False),
        (RunKind.AFTERWARDS, False, False),
    ):
        world = World(book)
        world.ill()
        run = replace(world.runs()[0], kind=kind, check=check)
        assert abort.wanted(book, run) is wanted
    assert not abort.wanted(replace(book, verify=None), world.runs()[0])
    assert not abort.wanted(BOOK, world.runs()[0])


def test_a_probe_that_hangs_is_a_look_that_failed_and_pages_in_the_end() -> None:
    world = World()
    patient = Hanging()
    world.patient = patient
    patient.hang.set()
    try:
        before = time.monotonic()
        for _ in range(5):
            readings = looking.look(world.ctx, "redis", "r1", {}, timeout=0.05)
            assert "the probe hangs" in readings[0].error
        assert time.monotonic() - before < 5
        assert world.ctx.bounded.hanging("redis r1") == 3  # no more than that are left behind
        other = looking.look(world.ctx, "redis", "r2", {}, timeout=0.05)
        assert "no answer within" in other[0].error
    finally:
        patient.over.set()
    _until(lambda: world.ctx.bounded.hanging() == 0)
    patient.hang.clear()
    assert looking.look(world.ctx, "redis", "r1", {}, timeout=0.5)[0].error == ""


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
