"""The synthetic check's chore and its world, with the flow's fakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from autofix.app import synthetic
from autofix.app.proving import Prover
from autofix.channels.command import CommandChannel, CommandOptions
from autofix.config.alive_models import SyntheticBlock
from autofix.core.audit import AuditEvent
from autofix.core.escalation import simple
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import PageKind
from autofix.core.synthetic import NAME
from autofix.errors import ConfigError
from autofix.flow.context import Book, Context
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner

BLOCK = SyntheticBlock(enabled=True, every=3600, alarm_after=3 * 3600)


class Bench:
    def __init__(self, state: Path) -> None:
        probe = FakeProbe()
        channel = CommandChannel("pager", CommandOptions(argv=("true",)))
        book = Book(
            {NAME: synthetic.runbook(state, 3600)},
            synthetic.WithHost(FakeInventory({"web": {"web1": {}}})),
            {"pager": channel},
            {"default": simple("default", "pager")},
        )
        self.state, self.clock, self.store = state, FakeClock(1_000_000.0), MemoryStore()
        self.ctx = Context(self.store, self.clock, FakeRunner({}), lambda _: probe, book, "test")
        self.prover = Prover(self.ctx, lambda: BLOCK, state)

    def pass_(self, seconds: float) -> None:
        for _ in range(int(seconds / 10)):
            self.clock.sleep(10)
            self.prover.tend()

    def open(self, state: State) -> Incident:
        """The flow has come so far with the fake incident."""
        now = self.clock.now()
        event = AuditEvent(now, "test", "incident.opened", incident=0)
        draft = Incident(0, NAME, NAME, "", state, Origin.PROBE, "P3", now, now, reason="so it is")
        with self.store.transaction() as tx:
            return tx.add_incident(draft, event)

    def incident(self, number: int) -> Incident:
        with self.store.reading() as reads:
            found = reads.incident(number)
        assert found is not None
        return found

    def mark(self) -> dict[str, object]:
        with self.store.reading() as reads:
            mark = reads.mark("synthetic")
        assert mark is not None
        return dict(mark.data)

    @property
    def titles(self) -> list[str]:
        with self.store.reading() as reads:
            return [page.title for page in reads.pages(kinds=[PageKind.NOTICE])]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_breaks_its_file_and_closes_what_was_healed(bench: Bench) -> None:
    bench.pass_(10)
    assert synthetic.failure(bench.state).exists()
    found = bench.open(State.HEALED)
    bench.pass_(10)
    assert bench.incident(found.id).state is State.CLOSED
    assert bench.mark()["good_at"] == bench.clock.now()
    assert bench.mark()["error"] == ""
    synthetic.failure(bench.state).unlink()
    bench.pass_(3500)
    assert not synthetic.failure(bench.state).exists()
    bench.pass_(100)
    assert synthetic.failure(bench.state).exists()


def test_one_that_fails_leaves_nothing_to_a_person_and_is_tried_again(bench: Bench) -> None:
    bench.pass_(10)
    found = bench.open(State.ESCALATED)
    bench.pass_(10)
    assert bench.incident(found.id).state is State.CLOSED
    assert bench.mark()["error"] == "escalated: so it is"
    assert not synthetic.failure(bench.state).exists()
    assert bench.titles == []
    bench.pass_(3600)
    assert synthetic.failure(bench.state).exists()


def test_a_person_is_called_when_it_has_not_succeeded_lately(bench: Bench) -> None:
    bench.pass_(3 * 3600)
    assert bench.titles == []
    bench.pass_(120)
    (title,) = bench.titles
    assert "has not succeeded since it was turned on" in title
    bench.pass_(3600)
    assert len(bench.titles) == 1


def test_the_fake_host_is_in_no_group_and_has_no_alias() -> None:
    inventory = synthetic.WithHost(FakeInventory({"web": {"web1": {}}}))
    assert inventory.hosts(NAME) == [NAME]
    assert NAME not in inventory.hosts("all")
    assert inventory.groups_of(NAME) == ()
    assert inventory.resolve(NAME) is None
    assert inventory.target("web1").host == "web1"
    with pytest.raises(ConfigError):
        inventory.hosts(f"{NAME},web")


def test_its_runbook_can_be_written_down_anywhere(tmp_path: Path) -> None:
    state = tmp_path / "a folder {{ 7*7 }}"
    made = synthetic.runbook(state, 3600)
    assert made.fix[0].vars["failure"].render({}) == str(synthetic.failure(state))
