"""The doctor's word on who would reach a person: never `ok` for what it can't know."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from autofix.app.doctor import people
from autofix.app.doctor.finding import Finding, Grade
from autofix.app.doctor.patient import Patient
from autofix.app.sentinel import files
from autofix.core.audit import AuditEvent
from autofix.core.pages import Page
from autofix.testing.memory import MemoryStore

NOW = 1_000_000.0


@dataclass
class Fake:
    """What the checks ask of a patient."""

    state: Path
    now: float = NOW
    server: str = "serve pid 4711 on ops1"
    sentinel: str = "sentinel pid 4712 started by itself"
    store: MemoryStore = field(default_factory=MemoryStore)

    @property
    def site(self) -> Any:
        return SimpleNamespace(store=self.store)

    @property
    def settings(self) -> Any:
        return SimpleNamespace(sentinel=SimpleNamespace(enabled=True, after=30.0))

    def write(self, name: str, at: float) -> None:
        files.replace_text(self.state / name, json.dumps({"at": at, "pid": 4711}))

    def queue(self, created: float, due: float, tried: int = 0) -> None:
        page = Page(
            0, None, "default", ("a",), "P1", "t", "x", "k", NOW + created, NOW + due, tried=tried
        )
        with self.store.transaction() as tx:
            tx.add_page(page, AuditEvent(NOW, "test", "page.queued"))

    def found(self, check: Callable[[Patient], Iterable[Finding]]) -> Finding:
        (finding,) = check(cast(Patient, self))
        return finding


@pytest.fixture
def patient(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


def test_a_server_that_hangs_is_found_though_its_clock_was_ahead(
    patient: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "LOOKS", 0.3)
    patient.write(files.TICK, NOW + 3600)
    found = patient.found(people.server)
    assert found.grade is Grade.FAIL
    assert "it hangs" in found.what


def test_a_server_that_ticks_ahead_of_a_clock_that_was_set_back_is_sound(patient: Fake) -> None:
    patient.write(files.TICK, NOW + 3600)
    over = threading.Event()

    def tick() -> None:
        while not over.wait(0.05):
            patient.write(files.TICK, NOW + 3600)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.monotonic()
    try:
        assert patient.found(people.server).grade is Grade.OK
    finally:
        over.set()
        thread.join()
    assert time.monotonic() - began < people.LOOKS


def test_a_sentinels_sign_from_the_future_proves_nothing(patient: Fake) -> None:
    patient.write(files.MEMORY, NOW + 3600)
    assert patient.found(people.sentinel).grade is Grade.FAIL
    patient.write(files.MEMORY, NOW - 5)
    assert patient.found(people.sentinel).grade is Grade.OK


@pytest.mark.parametrize(
    ("created", "due", "tried", "grade"),
    [
        (-400, -400, 0, Grade.FAIL),  # no channel was asked
        (-400, 10, 3, Grade.FAIL),  # none took it
        (-400, 100, 0, Grade.OK),  # it gathers
        (-10, -10, 0, Grade.OK),
    ],
)
def test_a_page_that_waits_in_vain_is_found(
    patient: Fake, created: float, due: float, tried: int, grade: Grade
) -> None:
    patient.queue(created, due, tried)
    assert patient.found(people.waiting_pages).grade is grade
