"""The sealed record on PostgreSQL: it verifies, is archived, and a foreign trigger is found."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from autofix.core.checkpoints import Checkpoint
from autofix.errors import StoreError
from autofix.store.archive import archive_next
from autofix.store.export import export
from autofix.store.exported import verify_export
from autofix.store.keys import Keys
from autofix.store.tail import doubts
from autofix.store.verify import Report, verify
from storekit import event, give_back, new_database, open_postgresql


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Any]:
    url = new_database()
    made = open_postgresql(url, tmp_path / "state")
    yield made
    with made.engine.begin() as connection:
        connection.execute(text("DROP FUNCTION IF EXISTS nothing CASCADE"))
    made.close()
    give_back(url)


@pytest.fixture
def keys(store: Any) -> Keys:
    """Thirty entries, sealed at 10, 20 and 30."""
    made = Keys(store.head_file.parent / "keys")
    made.make()
    for before in (0, 10, 20):
        with store.transaction() as tx:
            for number in range(10):
                tx.record(event(at=1000.125 + number, payload={"ü": "\x1b", "n": [1.5, None]}))
            size, head = tx.audit_head()
            tx.add_checkpoint(made.sign(Checkpoint(size, head, 2000.5 + size, "", before)))
    return made


def verified(store: Any, keys: Keys) -> Report:
    store._head.flush()
    folder = store.head_file.parent / "archive"
    return verify(store, head=store.head_file, trusted=keys.trusted(), archives=folder)


def test_it_verifies_is_archived_and_exported(store: Any, keys: Keys) -> None:
    assert verified(store, keys).holds
    folder = store.head_file.parent / "archive"
    made = archive_next(store, keys, folder, before=2015.0, now=1.0, owner="serve")
    assert made is not None
    assert (made.first, made.last) == (1, 10)
    report = verified(store, keys)
    assert report.holds, report
    assert (report.sealed, report.unsealed) == (30, 1)
    assert doubts(store, store.head_file, keys.name()) == ""
    out = io.StringIO()
    export(store, "jsonl", out)
    again = verify_export(out.getvalue().splitlines(True), trusted=keys.trusted())
    assert again.holds, again


@pytest.mark.parametrize(
    ("harm", "number"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq > 25", 26),
        ("DELETE FROM checkpoints WHERE size = 20", 20),
        ("UPDATE checkpoints SET before = 5 WHERE size = 20", 20),
    ],
)
def test_what_is_changed_is_found(store: Any, keys: Keys, harm: str, number: int) -> None:
    store._head.flush()
    with store.engine.begin() as connection:
        connection.execute(text(harm))
    assert verified(store, keys).breaks[0].seq == number


def test_a_trigger_that_keeps_entries_out_fails_the_work_and_is_found(
    store: Any, keys: Keys
) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RETURN NULL; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER quiet BEFORE INSERT ON audit "
                "FOR EACH ROW EXECUTE FUNCTION nothing()"
            )
        )
    with pytest.raises(StoreError, match="did not take an entry"), store.transaction() as tx:
        tx.record(event())
    [found] = verified(store, keys).breaks
    assert "trigger 'quiet' on audit" in found.what
