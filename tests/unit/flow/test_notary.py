"""The notary: when it seals, what it will not seal, and who hears of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import ENTRIES, Archive, Checkpoint, body, due, sizes
from autofix.core.pages import PageKind
from autofix.errors import AuditError, ChannelError
from autofix.flow import witnesses
from autofix.flow.notary import KEY_MADE, RETRY, Notary
from autofix.flow.witnesses import DAY, DigestWitness, mark_name
from autofix.testing.memory_values import canonical
from unit.flow.world import World


@dataclass
class Signet:
    """A signer without cryptography."""

    broken: str = ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield

    def sign(self, draft: Checkpoint) -> Checkpoint:
        if self.broken:
            raise AuditError(self.broken, hint="mend it")
        named = replace(draft, key="k")
        return replace(named, signature=hashlib.sha256(canonical(body(named))).hexdigest())

    def sign_archive(self, draft: Archive) -> Archive:
        return replace(draft, key="k", signature="s")


@dataclass
class Ear:
    """A witness."""

    name: str = "ear"
    every: float = 0.0
    broken: str = ""
    heard: list[Checkpoint] = field(default_factory=list)

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
        if self.broken:
            raise ChannelError(self.broken)
        self.heard.append(checkpoint)


@pytest.fixture
def world() -> World:
    return World()


def notary(world: World, **more: Any) -> Notary:
    return Notary(world.ctx, more.pop("signer", Signet()), **more)


def note(world: World, count: int = 1) -> None:
    with world.store.transaction() as tx:
        for _ in range(count):
            tx.record(AuditEvent(world.clock.now(), "ann", "test.noted"))


def checkpoints(world: World) -> list[Checkpoint]:
    with world.store.reading() as reads:
        return reads.checkpoints()


def mark(world: World, name: str) -> dict[str, Any]:
    with world.store.reading() as reads:
        found = reads.mark(name)
    return dict(found.data) if found else {}


def notices(world: World) -> list[str]:
    with world.store.reading() as reads:
        return [page.title for page in reads.pages() if page.kind is PageKind.NOTICE]


LAST = Checkpoint(100, "h", 5000.0, "k")


@pytest.mark.parametrize(
    ("last", "size", "now", "why"),
    [
        (None, 0, 0.0, ""),
        (None, 1, 0.0, "there is none yet"),
        (LAST, 100, 9000.0, ""),
        (LAST, 101, 5059.9, ""),
        (LAST, 101, 5060.0, "60 s since the last"),
        (LAST, 1099, 5001.0, ""),
        (LAST, 1100, 5001.0, "1000 entries since the last"),
        (LAST, 101, 4000.0, "60 s since the last"),  # the clock was set back
    ],
)
def test_a_checkpoint_is_due(last: Checkpoint | None, size: int, now: float, why: str) -> None:
    assert due(last, size, now) == why


@pytest.mark.parametrize(
    ("last", "size", "base", "places"),
    [
        (None, 0, 0, []),
        (None, 5000, 0, [5000]),
        (LAST, 100, 0, []),
        (LAST, 999, 0, [999]),
        (LAST, 1000, 0, [1000]),
        (LAST, 3500, 0, [1000, 2000, 3000, 3500]),
        (None, 1200, 1199, [1200]),
    ],
)
def test_what_was_missed_is_caught_up_with(
    last: Checkpoint | None, size: int, base: int, places: list[int]
) -> None:
    assert list(sizes(last, size, base)) == places


def test_it_seals_at_once_then_after_a_minute_or_a_thousand_entries(world: World) -> None:
    ours = notary(world)
    ours.tend()
    assert checkpoints(world) == []
    note(world)
    ours.tend()
    note(world)
    ours.tend()
    assert [each.size for each in checkpoints(world)] == [1]
    world.clock.advance(60)
    ours.tend()
    assert [(each.size, each.before) for each in checkpoints(world)] == [(1, 0), (2, 1)]
    note(world, ENTRIES + 500)
    ours.tend()
    assert [(each.size, each.before) for each in checkpoints(world)][2:] == [
        (1000, 2),
        (1502, 1000),
    ]
    entries = {entry.seq: entry.hash for entry in world.store.audit_entries()}
    assert all(each.head == entries[each.size] for each in checkpoints(world))


def test_the_first_key_stands_on_the_record_under_the_first_checkpoint(world: World) -> None:
    ours = notary(world)
    ours.introduce("k", "ab")
    ours.introduce("k", "ab")
    assert world.actions() == [KEY_MADE]
    assert [each.size for each in checkpoints(world)] == [1]


def test_what_does_not_fit_is_not_sealed(world: World) -> None:
    doubts = ["entry 3 was changed"]
    ours = notary(world, doubts=lambda: doubts[0])
    note(world)
    with pytest.raises(AuditError, match="entry 3 was changed"):
        ours.seal()
    assert checkpoints(world) == []
    doubts[0] = ""
    assert ours.seal() is not None


@pytest.mark.parametrize("harm", ["removed", "changed"])
def test_a_checkpoint_that_vanishes_while_it_runs_is_noticed(world: World, harm: str) -> None:
    ours = notary(world)
    note(world)
    ours.seal()
    kept = world.store._data.checkpoints
    if harm == "removed":
        del kept[1]
    else:
        kept[1] = replace(kept[1], at=1.0)
    note(world)
    with pytest.raises(AuditError, match="the checkpoint of entry 1 was removed or changed"):
        ours.seal()


def test_a_person_hears_of_it_when_it_can_not_be_sealed_for_long(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    signet = Signet("the audit key is missing")
    ours = notary(world, signer=signet)
    note(world)
    for _ in range(5):
        ours.tend()
        world.clock.advance(1.0)  # not tried again at once
    assert mark(world, "checkpoint")["failed"] == 1
    assert notices(world) == []
    for _ in range(4):
        world.clock.advance(RETRY)
        ours.tend()
    assert mark(world, "checkpoint") == {"failed": 5, "why": "the audit key is missing (mend it)"}
    assert notices(world) == ["the record can't be sealed: the audit key is missing"]
    assert "the audit key is missing" in caplog.text
    signet.broken = ""
    world.clock.advance(RETRY)
    ours.tend()
    assert mark(world, "checkpoint") == {"failed": 0, "why": ""}
    assert len(checkpoints(world)) == 1


# -- witnesses


def test_a_witness_hears_each_checkpoint_once(world: World) -> None:
    ear, ours = Ear(), notary(world)
    witnesses.tell(world.ctx, [ear])
    note(world)
    first = ours.seal()
    witnesses.tell(world.ctx, [ear])
    witnesses.tell(world.ctx, [ear])
    assert ear.heard == [first]
    note(world)
    second = ours.seal()
    witnesses.tell(world.ctx, [ear])
    assert ear.heard == [first, second]
    assert mark(world, mark_name("ear"))["size"] == 2


def test_a_failing_witness_is_tried_with_the_next_checkpoint_and_told_of_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    deaf, ear, ours = Ear("deaf", broken="no route to host"), Ear(), notary(world)
    for tried in range(1, 6):
        note(world)
        ours.seal()
        for _ in range(3):
            witnesses.tell(world.ctx, [deaf, ear])
        assert mark(world, mark_name("deaf"))["failed"] == tried
        assert len(notices(world)) == (tried >= 3)
    assert notices(world) == ["the witness deaf takes no checkpoints"]
    with world.store.reading() as reads:
        [page] = reads.pages()
    assert "no route to host" in page.text
    assert len(ear.heard) == 5
    deaf.broken = ""
    note(world)
    ours.seal()
    witnesses.tell(world.ctx, [deaf])
    assert mark(world, mark_name("deaf"))["failed"] == 0
    assert "witness deaf takes checkpoints again" in caplog.text


def test_a_witness_with_a_defect_or_that_hangs_stops_nobody(world: World) -> None:
    import threading

    gate = threading.Event()

    class Hanging(Ear):
        def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
            gate.wait(60)

    class Defective(Ear):
        def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
            raise ZeroDivisionError

    ear, ours = Ear(), notary(world)
    note(world)
    ours.seal()
    try:
        all_ = [Hanging("hanging"), Defective("defective"), ear]
        witnesses.tell(world.ctx, all_, timeout=-0.9)
    finally:
        gate.set()
    assert len(ear.heard) == 1
    assert mark(world, mark_name("hanging"))["why"].startswith("no answer within")
    assert mark(world, mark_name("defective"))["why"] == "ZeroDivisionError in witness defective"


def test_a_channel_gets_a_page_a_day_with_the_newest_checkpoint(world: World) -> None:
    digest, ours = DigestWitness(world.ctx, "bell"), notary(world)
    for _ in range(3):
        note(world)
        ours.seal()
        witnesses.tell(world.ctx, [digest])
        world.clock.advance(DAY / 2)
    with world.store.reading() as reads:
        pages = reads.pages()
    assert [(page.channels, page.kind) for page in pages] == [(("bell",), PageKind.NOTICE)] * 2
    world.settle()
    first = min(world.bell.rung, key=lambda page: page.id)
    assert "checkpoint at entry 1" in first.title
    assert checkpoints(world)[0].head in first.text


def test_tending_tells_witnesses_in_the_background(world: World) -> None:
    ear = Ear()
    ours = notary(world, witnesses=lambda: [ear])
    note(world)
    ours.tend()
    assert ours._telling is not None
    ours._telling.join(10)
    assert [each.size for each in ear.heard] == [1]
    ours.tell(1.0)
    assert len(ear.heard) == 1
