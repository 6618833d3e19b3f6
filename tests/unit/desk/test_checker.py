"""The check of the record that goes on beside everything else: one at a time, for everybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from autofix.core.record_checks import CheckState, RecordCheck
from autofix.core.roles import Role
from autofix.desk.checker import Checker
from autofix.errors import AuditError, Denied, HeldError, StoreError
from unit.desk.kit import REPORT, desk, person
from unit.flow.world import World

WAIT = 10


class Slow:
    """A verification that goes on as far as it is let."""

    def __init__(self) -> None:
        self.told, self.go = threading.Event(), threading.Event()

    def __call__(self, progress: Callable[[int, int], None]) -> Mapping[str, Any]:
        progress(10_000, 30_000)
        self.told.set()
        assert self.go.wait(WAIT)
        progress(30_000, 30_000)
        return REPORT


def ended(checker: Checker) -> None:
    assert checker._thread is not None
    checker._thread.join(WAIT)
    assert not checker._thread.is_alive()


def test_it_tells_how_far_it_is_and_who_comes_second_joins() -> None:
    checker, slow = Checker(), Slow()
    assert checker.latest().state is CheckState.NEVER
    checker.begin("ann", lambda: 7.0, slow)
    assert slow.told.wait(WAIT)
    joined = checker.begin("ben", lambda: 8.0, slow)
    assert (joined.state, joined.by, joined.began_at) == (CheckState.RUNNING, "ann", 7.0)
    assert (joined.done, joined.size) == (10_000, 30_000)
    slow.go.set()
    ended(checker)
    last = checker.latest()
    assert (last.state, last.done, last.report, last.ended_at) == (
        CheckState.OVER, 30_000, REPORT, 7.0,
    )  # fmt: skip
    assert checker.begin("ben", lambda: 9.0, slow).by == "ben"
    ended(checker)


@pytest.mark.parametrize(
    ("error", "why"),
    [(AuditError("the key is gone"), "the key is gone"), (ValueError("x"), "a defect in autofix")],
)
def test_one_that_can_not_be_made_says_why(error: Exception, why: str) -> None:
    def broken(_progress: object) -> Mapping[str, Any]:
        raise error

    checker = Checker()
    checker.begin("ann", lambda: 1.0, broken)
    ended(checker)
    assert checker.latest().state is CheckState.FAILED
    assert why in checker.latest().why


def test_one_that_got_no_thread_is_not_said_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_thread: object) -> None:
        raise RuntimeError("can't start new thread")

    checker = Checker()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(HeldError, match="could not be begun: can't start new thread"):
            checker.begin("ann", lambda: 1.0, lambda _: REPORT)
    assert checker.latest().state is CheckState.NEVER
    checker.stop()


def test_a_server_that_stops_ends_it() -> None:
    checker, slow = Checker(), Slow()
    checker.begin("ann", lambda: 1.0, slow)
    assert slow.told.wait(WAIT)
    stopping = threading.Thread(target=checker.stop)
    stopping.start()
    while not checker._stopping:
        pass
    slow.go.set()
    stopping.join(WAIT)
    assert (checker.latest().state, checker.latest().why) == (
        CheckState.FAILED, "the server was stopped",
    )  # fmt: skip
    assert checker.begin("ben", lambda: 2.0, slow).by == "ann"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.APPROVER])
def test_only_who_may_read_the_record_has_it_checked(role: Role) -> None:
    here = desk(World(), person("x", role))
    for ask in (here.check_record, here.record_check):
        with pytest.raises(Denied):
            ask()


def test_at_the_desk() -> None:
    here = desk(World(), person("aud", Role.AUDITOR))
    assert here.check_record().by == "aud"
    ended(here.place.checker)
    assert here.record_check().report == REPORT


def test_what_it_found_is_on_the_record_under_the_name_of_who_asked() -> None:
    world = World()
    here = desk(world, person("aud", Role.AUDITOR))
    here.check_record()
    ended(here.place.checker)
    with world.store.reading() as reads:
        [entry] = reads.audit(action="audit.checked")
    assert entry.event.actor == here.actor
    assert entry.event.payload == {"holds": True, "size": 0, "breaks": 0}


@pytest.mark.parametrize("error", [StoreError("the disk is full"), KeyError("a defect")])
def test_one_that_could_not_be_made_and_not_be_written_down_either_harms_nobody(
    error: Exception,
) -> None:
    told: list[str] = []

    def broken(_progress: object) -> Mapping[str, Any]:
        raise AuditError("the key is gone")

    def lost(check: RecordCheck) -> None:
        told.append(check.why)
        raise error

    checker = Checker()
    checker.begin("ann", lambda: 1.0, broken, lost)
    ended(checker)
    assert told == ["the key is gone"]
    assert checker.latest().state is CheckState.FAILED
