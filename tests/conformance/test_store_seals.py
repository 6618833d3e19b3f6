"""What every store must do about checkpoints and archives."""

from __future__ import annotations

from autofix.core.checkpoints import Archive, Checkpoint
from autofix.ports import Store
from storekit import event


def record(store: Store, count: int) -> list[str]:
    with store.transaction() as tx:
        for _ in range(count):
            tx.record(event())
        return [entry.hash for entry in tx.audit()]


def seal(store: Store, size: int, before: int = 0) -> Checkpoint:
    with store.transaction() as tx:
        head = tx.audit(after=size - 1, limit=1)[0].hash
        made = Checkpoint(size, head, 1000.125 + size, "k", before, "s")
        tx.add_checkpoint(made)
    return made


def test_checkpoints_are_kept_by_size_and_only_once(store: Store) -> None:
    record(store, 9)
    with store.reading() as reads:
        assert reads.last_checkpoint() is None
    made = [seal(store, 3), seal(store, 6, 3), seal(store, 9, 6)]
    with store.transaction() as tx:
        tx.add_checkpoint(Checkpoint(6, "other", 1.0, "k"))
    with store.reading() as reads:
        assert reads.checkpoints() == made
        assert reads.checkpoints(after=3, limit=1) == [made[1]]
        assert reads.last_checkpoint() == made[2]


def test_an_archive_takes_entries_and_checkpoints_along_and_the_numbers_go_on(
    store: Store,
) -> None:
    hashes = record(store, 9)
    for size, before in ((3, 0), (6, 3), (9, 6)):
        seal(store, size, before)
    made = Archive(1, 6, hashes[5], "audit-1-6.gz", "c" * 64, 2000.0, "k", "s")
    with store.transaction() as tx:
        tx.add_archive(made, event("audit.archived"))
        assert tx.audit_head()[0] == 10
    with store.reading() as reads:
        assert reads.archives() == [made]
        assert [entry.seq for entry in reads.audit()] == [7, 8, 9, 10]
        assert [entry.seq for entry in reads.audit(newest_first=True, limit=2)] == [10, 9]
        assert [each.size for each in reads.checkpoints()] == [9]
    entries = list(store.audit_entries())
    assert entries[0].prev == hashes[5]
    assert [entry.event.action for entry in entries][-1] == "audit.archived"
    record(store, 1)
    with store.reading() as reads:
        assert reads.audit_head()[0] == 11


def test_what_says_so_stays_when_all_else_leaves(store: Store) -> None:
    hashes = record(store, 3)
    seal(store, 3)
    with store.transaction() as tx:
        tx.add_archive(Archive(1, 3, hashes[2], "f", "c" * 64, 1.0, "k", "s"), event("a.b"))
    with store.reading() as reads:
        [left] = reads.audit()
        assert (left.seq, left.prev) == (4, hashes[2])
        assert reads.last_checkpoint() is None
        assert reads.audit_head() == (4, left.hash)
