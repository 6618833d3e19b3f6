"""Leading a store, or standing by; and what a lead that is lost means for playbooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from autofix.app.leading import CancelOrLost, LedRunner, check_key, leading
from autofix.app.site import Site
from autofix.core.checkpoints import Checkpoint
from autofix.core.runs import Outcome, RunOrder, RunResult
from autofix.errors import AuditError, RunnerError, ServerBusy, StoreError
from autofix.store.keys import Keys, fingerprint
from autofix.testing.memory import MemoryStore
from servers.mariadb import eventually
from storekit import at_once

ORDER = RunOrder(1, "fix.yml", "r1", {}, 60.0)


class FakeLead:
    """A lead that a test takes away."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.gone, self.sure = "", True

    def lost(self) -> str:
        return self.gone

    def holds(self) -> bool:
        return self.sure and not self.gone


class Runner:
    """Runs until it is cancelled."""

    def __init__(self) -> None:
        self.running = threading.Event()

    def run(self, order: RunOrder, on_event: Any, cancel: Any) -> RunResult:
        self.running.set()
        cancelled = cancel.wait(20)
        return RunResult(Outcome.CANCELLED if cancelled else Outcome.OK, "over")

    def end_leftovers(self, run_ids: Any) -> list[int]:
        return list(run_ids)


class Shared(MemoryStore):
    """One whose lead may be waited for; `down` is what the database says while it is away."""

    shared = True
    down = ""

    @contextmanager
    def lead(self, owner: str) -> Iterator[Any]:
        if self.down:
            raise StoreError(self.down)
        with super().lead(owner) as lead:
            yield lead


def test_where_one_machine_alone_can_lead_a_second_server_is_refused() -> None:
    store = MemoryStore()
    with (
        store.lead("first"),
        pytest.raises(ServerBusy, match="first already"),
        leading(store, "second", threading.Event()),
    ):
        pass


def test_a_standby_waits_for_its_turn_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    store, waited, led = Shared(), [0], threading.Event()

    def follow() -> None:
        def waiting() -> None:
            waited[0] += 1

        with leading(store, "second", threading.Event(), waiting) as lead:
            assert lead is not None
            led.set()

    with store.lead("first"):
        thread = threading.Thread(target=follow)
        thread.start()
        eventually(lambda: waited[0] >= 2)
        assert not led.is_set()
        store.down = "the database restarts"
        eventually(lambda: "restarts" in caplog.text)
        store.down = ""
    thread.join(10)
    assert led.is_set()
    said = [record.getMessage() for record in caplog.records]
    assert said.count("standing by: first already works on this store") in (1, 2)
    assert said[-1] == "standing by is over: this server leads now"


def test_a_standby_that_is_stopped_never_leads() -> None:
    store, stopping = Shared(), threading.Event()
    with store.lead("first"):
        stopping.set()
        with leading(store, "second", stopping) as lead:
            assert lead is None
    assert store.leader() == ""


def test_a_store_that_is_down_at_the_start_is_said_at_once() -> None:
    store = Shared()
    store.down = "nobody there"
    with pytest.raises(StoreError, match="nobody"), leading(store, "x", threading.Event()):
        pass


@pytest.mark.parametrize("why", ["second leads this store now", ""])
def test_nothing_is_started_unless_we_surely_lead(why: str) -> None:
    lead, runner = FakeLead(), Runner()
    lead.gone, lead.sure = why, False
    with pytest.raises(RunnerError, match=f"{why}.*nothing was started"):
        LedRunner(runner, lead).run(ORDER, lambda _: None, threading.Event())
    assert not runner.running.is_set()


def test_a_running_playbook_is_ended_when_the_lead_is_lost() -> None:
    lead, runner = FakeLead(), Runner()

    def lose() -> None:
        assert runner.running.wait(10)
        lead.gone = "second leads this store now"

    led = LedRunner(runner, lead)
    result, _ = at_once(lambda: led.run(ORDER, lambda _: None, threading.Event()), lose)
    assert result.outcome is Outcome.CANCELLED
    assert led.end_leftovers([3]) == [3]


@pytest.mark.parametrize(
    ("change", "cancelled"),
    [(lambda cancel, lead: cancel.set(), True), (lambda cancel, lead: None, False)],
)
def test_a_cancel_is_heard_as_before(
    change: Callable[[threading.Event, FakeLead], None], cancelled: bool
) -> None:
    cancel, lead = threading.Event(), FakeLead()
    change(cancel, lead)
    assert CancelOrLost(cancel, lead).wait(0.15) is cancelled
    assert CancelOrLost(cancel, lead).is_set() is cancelled


def site(store: Any, state: Path) -> Site:
    return cast(Site, SimpleNamespace(store=store, settings=SimpleNamespace(state=state)))


def test_the_servers_of_one_store_have_one_audit_key(tmp_path: Path) -> None:
    store, here = Shared(), Keys(tmp_path / "here" / "keys")
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    check_key(site(store, tmp_path / "there"))  # nothing is sealed yet
    public = here.make()
    assert public is not None
    with store.transaction() as tx:
        tx.add_checkpoint(Checkpoint(1, "ab" * 32, 1.0, fingerprint(public)))
    check_key(site(store, tmp_path / "here"))
    with pytest.raises(AuditError, match="is missing"):
        check_key(site(store, tmp_path / "there"))
    Keys(tmp_path / "there" / "keys").make()
    with pytest.raises(AuditError, match="is not the one that seals this store") as refused:
        check_key(site(store, tmp_path / "there"))
    assert "copy that folder" in refused.value.hint
