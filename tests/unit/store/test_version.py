"""Who asks often learns cheaply whether anybody has written."""

from __future__ import annotations

from pathlib import Path

from autofix.store.version import Version
from storekit import event, open_sqlite


def test_the_first_answer_is_yes_and_then_only_a_commit_is_news(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path)
    assert store.changed()
    assert not store.changed()
    with store.transaction() as tx:
        tx.record(event())
    assert store.changed()
    assert not store.changed()
    with store.reading() as reads:
        reads.audit()
    assert not store.changed()
    store.close()
    assert store.changed()  # it is not known any more


def test_what_another_process_writes_is_seen(tmp_path: Path) -> None:
    ours, theirs = open_sqlite(tmp_path), open_sqlite(tmp_path)
    ours.changed()
    assert not ours.changed()
    with theirs.transaction() as tx:
        tx.record(event())
    assert ours.changed()
    ours.close()
    theirs.close()


def test_a_file_that_is_gone_is_not_made_anew_and_counts_as_changed(tmp_path: Path) -> None:
    version = Version(tmp_path / "gone.db")
    assert version.moved()
    assert version.moved()
    assert not (tmp_path / "gone.db").exists()
    version.close()
