"""Chores of the server: each at its own pace, and one that fails stops no other."""

from __future__ import annotations

import threading

import pytest

from autofix.app.chores import Chore, Chores
from autofix.errors import StoreError
from autofix.flow.context import Book, Context
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner


def context(clock: FakeClock) -> Context:
    probe = FakeProbe()
    book = Book({}, FakeInventory({}))
    return Context(MemoryStore(), clock, FakeRunner({}), lambda _: probe, book, "test")


def test_each_chore_has_its_own_pace_and_none_stops_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, done = FakeClock(1000.0), []

    def breaks() -> None:
        done.append("breaks")
        raise StoreError("the store is away")

    def defective() -> None:
        raise ZeroDivisionError

    chores = Chores(
        context(clock),
        [
            Chore("breaks", 3.0, breaks),
            Chore("defective", 3.0, defective),
            Chore("slow", 10.0, lambda: done.append("slow")),
        ],
        threading.Event(),
    )
    for _ in range(11):
        chores.do_due()
        clock.sleep(1.0)
    assert done.count("slow") == 2
    assert done.count("breaks") == 4
    assert "breaks: the store is away" in caplog.text
    assert "ZeroDivisionError" in caplog.text
