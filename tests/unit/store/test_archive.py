"""Archives: what aged out leaves the store only when its file is proven to hold it."""

from __future__ import annotations

import gzip
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from autofix.core.checkpoints import Archive, Checkpoint
from autofix.errors import AuditError, StoreError
from autofix.store import archive as room
from autofix.store.archive import archive_next, opened
from autofix.store.export import export
from autofix.store.exported import verify_export
from autofix.store.keys import Keys
from autofix.store.tail import doubts
from autofix.store.verify import Report, verify
from storekit import event, open_sqlite


class Site:
    """A store with its keys and its archive folder. Entry n is of second 1000 + n."""

    def __init__(self, state: Path) -> None:
        self.keys, self.folder, self.state = Keys(state / "keys"), state / "archive", state
        self.keys.make()
        self.store: Any = open_sqlite(state)
        self.size = 0

    def record(self, count: int, *, seal: bool = True) -> None:
        for _ in range(count):
            self.size += 1
            with self.store.transaction() as tx:
                tx.record(event(at=1000.0 + self.size, payload={"n": self.size}))
        if seal:
            self.seal()

    def seal(self) -> None:
        with self.store.transaction() as tx:
            last, (size, head) = tx.last_checkpoint(), tx.audit_head()
            base = max((each.last for each in tx.archives()), default=0)
            draft = Checkpoint(size, head, 1000.0 + size, "", last.size if last else base)
            tx.add_checkpoint(self.keys.sign(draft))

    def archive(self, before: float) -> Archive | None:
        made = archive_next(
            self.store, self.keys, self.folder, before=before, now=5000.0, owner="serve"
        )
        self.size += made is not None  # the event that says so
        return made

    def verify(self) -> Report:
        self.store._head.flush()
        return verify(
            self.store, head=self.store.head_file, trusted=self.keys.trusted(),
            archives=self.folder,
        )  # fmt: skip

    def doubts(self) -> str:
        return doubts(self.store, self.store.head_file, self.keys.name())

    def edit(self, statement: str) -> None:
        with closing(sqlite3.connect(self.state / "autofix.db")) as database, database:
            database.execute(statement)

    def file(self, report: Archive) -> Path:
        return self.folder / report.file


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "state")
    yield made
    made.store.close()


def test_entries_leave_up_to_a_checkpoint_and_the_rest_verifies_after_them(site: Site) -> None:
    for _ in range(4):
        site.record(10)
    made = site.archive(before=1025.0)
    assert made is not None
    assert (made.first, made.last) == (1, 20)
    with site.store.reading() as reads:
        assert reads.audit(limit=1)[0].seq == 21
        assert [each.size for each in reads.checkpoints()] == [30, 40]
        assert reads.archives() == [made]
        [noted] = reads.audit(action="audit.archived")
    assert noted.event.payload["sha256"] == made.sha256
    site.seal()
    report = site.verify()
    assert report.holds, report
    assert (report.size, report.sealed, report.unsealed) == (21, 41, 0)
    assert site.doubts() == ""


def test_one_archive_follows_another_and_each_verifies_by_itself(site: Site) -> None:
    archives = []
    for _ in range(3):
        site.record(10)
        archives.append(site.archive(before=9000.0))
        site.seal()
    assert site.archive(before=1.0) is None
    last = 0
    for made in archives:
        assert made is not None
        assert made.first == last + 1
        last = made.last
        with opened(site.file(made)) as lines:
            report = verify_export(lines, trusted=site.keys.trusted(), sealed=True)
        assert report.holds, report
        assert report.size == made.last - made.first + 1
        assert report.head == made.head
    assert site.verify().holds
    assert site.doubts() == ""
    out = io.StringIO()
    assert export(site.store, "jsonl", out) == 1
    again = verify_export(out.getvalue().splitlines(True), trusted=site.keys.trusted())
    assert again.holds, again


def test_everything_may_be_archived_but_what_says_so(site: Site) -> None:
    site.record(10)
    assert site.archive(before=9000.0) is not None
    assert site.verify().unsealed == 1
    assert site.doubts() == ""
    site.record(5)
    report = site.verify()
    assert report.holds, report
    assert report.sealed == 16


def test_the_same_entries_make_the_same_lines_whatever_the_time(site: Site) -> None:
    site.record(10)
    made = site.archive(before=9000.0)
    assert made is not None
    with gzip.open(site.file(made), "rt") as content:
        kinds = [line[2:6] for line in content]
    assert kinds == ["acti"] * 10 + ["chec", "seal"]


def test_no_more_than_the_limit_goes_into_one_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LIMIT", 25)
    for _ in range(4):
        site.record(10)
    made = site.archive(before=9000.0)
    assert made is not None
    assert made.last == 20
    assert site.archive(before=9000.0) is not None


def test_a_missing_file_is_said_to_be_missing_and_a_changed_one_is_a_break(site: Site) -> None:
    site.record(10)
    made = site.archive(before=9000.0)
    assert made is not None
    site.seal()
    content = bytearray(site.file(made).read_bytes())
    site.file(made).unlink()
    report = site.verify()
    assert report.holds
    assert any("with entries 1 to 10 is missing" in note for note in report.notes)
    content[-20] ^= 1
    site.file(made).write_bytes(content)
    [found] = site.verify().breaks
    assert found.seq == 1
    assert "not as it was written" in found.what


@pytest.mark.parametrize("change", ["head = hex(1)", "sha256 = 'x'", "last = 9", "first = 2"])
def test_a_changed_row_of_an_archive_is_found(site: Site, change: str) -> None:
    site.record(10)
    site.archive(before=9000.0)
    site.seal()
    site.edit(f"UPDATE archives SET {change}")
    assert 1 <= site.verify().breaks[0].seq <= 11


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit SET actor = 'x' WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 4",
        "UPDATE checkpoints SET signature = replace(signature, 'a', 'b') WHERE size = 10",
        "UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE seq = 4",
        "UPDATE audit SET payload = NULL || 'x' WHERE seq = 4",
    ],
)
def test_what_does_not_verify_is_not_removed(site: Site, harm: str) -> None:
    site.record(10)
    try:
        site.edit(harm)
    except sqlite3.IntegrityError:
        return  # the database refuses that by itself
    with pytest.raises((AuditError, StoreError)):
        site.archive(before=9000.0)
    with site.store.reading() as reads:
        assert reads.archives() == []
        assert reads.audit_head()[0] == 10
        assert reads.last_checkpoint() is not None


def test_a_folder_that_cant_be_written_removes_nothing(site: Site) -> None:
    site.record(10)
    site.folder.write_text("a file is in the way")
    with pytest.raises(AuditError, match="can't be written") as refused:
        site.archive(before=9000.0)
    assert "stay in the store" in refused.value.hint
    with site.store.reading() as reads:
        assert reads.audit(limit=1)[0].seq == 1


def test_what_an_interrupted_try_has_left_is_put_right(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the file and the removal: the next try covers more, and leaves one file."""
    site.record(10)
    with monkeypatch.context() as patched:
        patched.setattr(site.keys, "turn", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            site.archive(before=9000.0)
    assert len(list(site.folder.iterdir())) == 1
    site.record(10)
    made = site.archive(before=9000.0)
    assert made is not None
    assert made.last == 20
    assert [path.name for path in site.folder.iterdir()] == [made.file]


@pytest.mark.parametrize("place", range(12))
def test_every_changed_line_of_an_archive_is_found(site: Site, place: int) -> None:
    site.record(10)
    made = site.archive(before=9000.0)
    assert made is not None
    with gzip.open(site.file(made), "rt") as content:
        lines = content.readlines()
    for fresh in ([], [lines[place].replace("e", "f", 1)], [lines[place]] * 2):
        changed = [*lines[:place], *fresh, *lines[place + 1 :]]
        report = verify_export(changed, trusted=site.keys.trusted(), sealed=True)
        assert not report.holds, (place, fresh)


def test_a_cut_or_damaged_archive_is_a_break_not_a_traceback(site: Site, tmp_path: Path) -> None:
    site.record(40)
    made = site.archive(before=9000.0)
    assert made is not None
    whole = site.file(made).read_bytes()
    damaged = tmp_path / "damaged.gz"
    for content in (whole[:-30], whole[: len(whole) // 2], whole[:60] + b"\0" * 40 + whole[100:]):
        damaged.write_bytes(content)
        with opened(damaged) as lines:
            report = verify_export(lines, trusted=site.keys.trusted(), sealed=True)
        assert not report.holds
    with pytest.raises(AuditError, match="can't be read"), opened(tmp_path / "none"):
        pass
