"""What an inventive forger tries who can write the database, and `audit.head`, but has no key."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import Checkpoint, line
from autofix.errors import AuditError, StoreError
from autofix.flow.context import Book, Context
from autofix.flow.notary import KEY_ROTATED, Notary
from autofix.store import head as heads
from autofix.store.keys import Keys, fingerprint
from autofix.store.tail import doubts
from autofix.store.verify import Report, verify
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.probes import FakeProbe
from autofix.testing.runner import FakeRunner
from storekit import event, open_sqlite


class House:
    """A store with its notary, as a server has them; 20 entries, sealed at 10 and at 20."""

    def __init__(self, state: Path) -> None:
        self.state, self.keys = state, Keys(state / "keys")
        self.keys.make()
        self.thief = Keys(state.parent / "thief")
        self.thief.make()
        self.store: Any = open_sqlite(state)
        self.clock = FakeClock(2000.0)
        self.notary = self.fresh_notary()
        for _ in range(2):
            self.record(10)
            self.notary.seal()
        self.store._head.flush()

    def fresh_notary(self) -> Notary:
        """As after a restart: it remembers nothing."""
        book, probe = Book({}, FakeInventory({})), FakeProbe()
        ctx = Context(self.store, self.clock, FakeRunner({}), lambda _: probe, book, "test")
        return Notary(
            ctx,
            self.keys,
            doubts=lambda: doubts(self.store, self.store.head_file, self.keys.name()),
        )

    def record(self, count: int = 1, **more: Any) -> None:
        for _ in range(count):
            with self.store.transaction() as tx:
                tx.record(event(**more))

    def edit(self, *statements: str) -> None:
        self.store._head.flush()
        with closing(sqlite3.connect(self.state / "autofix.db")) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    def verify(self, **more: Any) -> Report:
        self.store._head.flush()
        more = {"trusted": self.keys.trusted(), "now": 9e9, **more}
        return verify(self.store, head=self.store.head_file, **more)

    def forged_checkpoint(self, size: int, before: int) -> Checkpoint:
        with self.store.reading() as reads:
            head = reads.audit(after=size - 1, limit=1)[0].hash
        made = self.thief.sign(Checkpoint(size, head, 2001.0, "", before))
        with self.store.transaction() as tx:
            tx.add_checkpoint(made)
        return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "state")
    yield made
    made.store.close()


def broken(report: Report, number: int, *words: str) -> None:
    assert not report.holds
    found = [each for each in report.breaks if each.seq == number]
    assert any(all(word in each.what for word in words) for each in found), report.breaks


def test_an_untouched_record_holds(house: House) -> None:
    report = house.verify()
    assert report.holds, report
    assert report.sealed == 20


def test_1_a_trigger_that_keeps_an_entry_out_fails_the_work_it_would_hide(house: House) -> None:
    house.edit(
        "CREATE TRIGGER quiet BEFORE INSERT ON audit WHEN NEW.actor = 'mallory' "
        "BEGIN SELECT RAISE(IGNORE); END"
    )
    house.record(actor="ann")
    with pytest.raises(StoreError, match="did not take an entry"):
        house.record(actor="mallory")
    broken(house.verify(), 0, "trigger 'quiet' on audit")


def test_2_a_trigger_that_removes_an_entry_behind_us_is_found(house: House) -> None:
    house.edit(
        "CREATE TRIGGER sweep AFTER INSERT ON audit WHEN NEW.actor = 'mallory' "
        "BEGIN DELETE FROM audit WHERE seq = NEW.seq; END"
    )
    house.record(actor="mallory")
    broken(house.verify(), 0, "trigger 'sweep'")


def test_3_a_trigger_that_keeps_checkpoints_out_is_noticed_by_the_notary(house: House) -> None:
    house.edit("CREATE TRIGGER none BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(IGNORE); END")
    house.record()
    with pytest.raises(AuditError, match="did not take a checkpoint"):
        house.notary.seal()
    broken(house.verify(), 0, "trigger 'none' on checkpoints")


def test_4_a_view_in_the_place_of_the_table_is_found(house: House) -> None:
    house.edit(
        "ALTER TABLE audit RENAME TO real_audit",
        "CREATE VIEW audit AS SELECT * FROM real_audit WHERE actor != 'mallory'",
    )
    broken(house.verify(), 0, "view 'audit'")


def test_5_an_index_that_leaves_entries_out_of_searches_is_found(house: House) -> None:
    house.edit(
        "DROP INDEX audit_incident",
        "CREATE INDEX audit_incident ON audit (incident) WHERE actor != 'mallory'",
    )
    broken(house.verify(), 0, "index 'audit_incident'")


def test_6_a_column_that_is_computed_is_found(house: House) -> None:
    house.edit("ALTER TABLE audit ADD COLUMN shown TEXT GENERATED ALWAYS AS ('x')")
    broken(house.verify(), 0, "the table audit has other columns")


def test_7_a_change_of_keys_of_the_forgers_is_not_sealed(house: House) -> None:
    """Sealed, it would make the forger's key one of ours."""
    thief, ours = house.thief.public(), house.keys.public()
    payload = {
        "old": fingerprint(ours), "old_public": ours.hex(),
        "new": fingerprint(thief), "public": thief.hex(), "lost": False,
    }  # fmt: skip
    with house.store.transaction() as tx:
        tx.record(AuditEvent(2000.0, "ann", KEY_ROTATED, payload=payload))
    with pytest.raises(AuditError, match="says that another key follows"):
        house.notary.seal()
    house.forged_checkpoint(21, 20)
    broken(house.verify(), 21, "is signed by a key that is not one of this project's")


def test_8_a_public_half_slipped_in_among_ours_is_found_with_the_one_kept_elsewhere(
    house: House,
) -> None:
    ours = house.keys.trusted()
    (house.keys.folder / "more.pub").write_bytes((house.thief.folder / "audit.pub").read_bytes())
    house.record()
    house.forged_checkpoint(21, 20)
    broken(house.verify(trusted=ours), 21, "is signed by a key that is not")
    assert house.verify().holds  # whoever can write the folder of the keys is believed: see --key


def test_9_what_the_old_key_signs_after_another_took_its_place_is_refused(house: House) -> None:
    stolen = Keys(house.state.parent / "stolen")
    stolen.folder.mkdir()
    (stolen.folder / "audit.key").write_bytes(house.keys.file.read_bytes())
    (stolen.folder / "audit.key").chmod(0o600)
    old, new = house.keys.public(), house.keys.prepare()
    payload = {
        "old": fingerprint(old), "old_public": old.hex(),
        "new": fingerprint(new), "public": new.hex(), "lost": False,
    }  # fmt: skip
    rotated = AuditEvent(2000.0, "ann", KEY_ROTATED, payload=payload)
    house.notary.seal(rotated, house.keys.adopt)
    assert house.verify().holds
    house.thief = stolen
    house.record()
    house.forged_checkpoint(22, 21)
    broken(house.verify(), 22, "by a key that was replaced at entry 21")


def test_10_entries_cut_off_while_it_runs_are_not_sealed_over(house: House) -> None:
    house.record(5)
    house.edit("DELETE FROM audit WHERE seq > 22")
    with pytest.raises(AuditError, match="has seen 25 entries, and there are 22"):
        house.notary.seal()


def test_11_an_unsealed_entry_changed_in_place_is_not_sealed_over(house: House) -> None:
    house.record(5)
    house.edit("UPDATE audit SET actor = 'nobody' WHERE seq = 23")
    with pytest.raises(AuditError, match="entry 23 was changed"):
        house.notary.seal()


def test_12_a_checkpoint_rolled_back_while_it_runs_is_noticed(house: House) -> None:
    house.edit("DELETE FROM checkpoints WHERE size = 20", "DELETE FROM audit WHERE seq > 15")
    with house.store.reading() as reads:
        heads.write(house.store.head_file, reads.audit_head())
    with pytest.raises(AuditError, match="the checkpoint of entry 20 was removed"):
        house.notary.seal()


def test_13_a_checkpoint_of_another_project_is_none_of_ours(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other" / "state")
    with other.store.reading() as reads:
        theirs = reads.last_checkpoint()
    other.store.close()
    assert theirs is not None
    house.edit("DELETE FROM checkpoints WHERE size = 20")
    with house.store.transaction() as tx:
        tx.add_checkpoint(theirs)
    broken(house.verify(), 20, "is signed by a key that is not")


def test_14_a_true_checkpoint_moved_elsewhere_does_not_hold(house: House) -> None:
    house.edit(
        "DELETE FROM checkpoints WHERE size = 20",
        "INSERT INTO checkpoints SELECT 20, head, at, key, before, signature FROM checkpoints "
        "WHERE size = 10",
    )
    broken(house.verify(), 20, "does not bear the signature")


@pytest.mark.parametrize("number", [0, -1, 2**62])
def test_15_entries_outside_the_numbers_are_found(house: House, number: int) -> None:
    house.edit(
        f"INSERT INTO audit SELECT {number}, at, 'ghost', action, runbook, host, incident, run, "
        "payload, prev, hash FROM audit WHERE seq = 3"
    )
    assert house.verify().breaks[0].seq in (number, 21)


@pytest.mark.parametrize("trap", ["endless", "pipe", "huge"])
def test_16_a_head_file_that_is_a_trap_does_not_catch_us(house: House, trap: str) -> None:
    head = house.store.head_file
    house.store._head.flush()
    head.unlink()
    if trap == "endless":
        head.symlink_to("/dev/zero")
    elif trap == "pipe":
        os.mkfifo(head)
    else:
        head.write_text("1 " * 10_000_000)
    broken(house.verify(), 0, "does not hold one size and hash")


def test_17_no_table_of_checkpoints_is_no_record_that_holds(house: House) -> None:
    house.edit("DROP TABLE checkpoints")
    with pytest.raises(StoreError, match="checkpoints"):
        house.verify()


def test_18_a_time_that_is_none_makes_no_traceback(house: House) -> None:
    house.edit("UPDATE checkpoints SET at = 9e999 WHERE size = 20")
    broken(house.verify(), 20, "does not bear the signature")
    with house.store.transaction() as tx:
        tx.record(event())
    house.store._head.flush()  # it can't write such a line, and says so


def test_19_an_archive_that_never_was_is_found(house: House) -> None:
    with house.store.reading() as reads:
        head = reads.audit(after=9, limit=1)[0].hash
    house.edit(
        "DELETE FROM audit WHERE seq <= 10", "DELETE FROM checkpoints WHERE size <= 10",
        "INSERT INTO archives (first, last, head, file, sha256, at, key, signature) SELECT "
        f"1, 10, '{head}', 'a.gz', '{'0' * 64}', at, key, signature FROM checkpoints",
    )  # fmt: skip
    broken(house.verify(), 1, "does not bear the signature")


def test_20_a_forged_line_in_a_witness_is_named_and_strangers_lines_are_passed_over(
    house: House, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    with house.store.reading() as reads:
        true = reads.checkpoints()
    strange = house.thief.sign(replace(true[1], size=99))
    witness.write_text("".join(f"{line(each)}\n" for each in [*true, strange]))
    report = house.verify(witnesses=[witness])
    assert report.holds, report
    assert any("1 checkpoints of other keys" in note for note in report.notes)
    witness.write_text(f"{line(replace(true[1], head='0' * 64))}\n")
    broken(house.verify(witnesses=[witness]), 20, "does not bear the signature")


def test_21_what_only_a_witness_can_show_is_shown_by_it(house: House, tmp_path: Path) -> None:
    """Everything that was sealed last is gone, and the head file is as it was then."""
    witness = tmp_path / "witness"
    with house.store.reading() as reads:
        first, last = reads.checkpoints()
        head = reads.audit(after=9, limit=1)[0]
    witness.write_text(f"{line(last)}\n")
    house.edit("DELETE FROM audit WHERE seq > 10", "DELETE FROM checkpoints WHERE size > 10")
    heads.write(house.store.head_file, (10, head.hash), first)
    assert house.verify().holds
    broken(house.verify(witnesses=[witness]), 11, "entries 11 to 20 are missing")
