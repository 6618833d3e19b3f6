"""Tampering with the sealed record: every mutation is found, with its sequence number."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from autofix.core.audit import GENESIS, AuditEvent, Break
from autofix.errors import AuditError
from autofix.store import chain, head
from autofix.store.sealing import SEALED
from autofix.store.seals import Ledger
from autofix.store.verify import LISTED, Report, verify
from storekit import event, open_sqlite

SIZE = 12
Change = list[str]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a short chain, closed; copied for each mutation."""
    state = tmp_path_factory.mktemp("sealed") / "state"
    store = open_sqlite(state)
    with store.transaction() as tx:
        for number in range(1, SIZE + 1):
            tx.record(
                AuditEvent(
                    1000.25 + number,
                    f"actor{number}",
                    "run.started",
                    "redis-memory-high",
                    f"redis{number}",
                    number,
                    number * 2,
                    {"reason": 'a \u00fc "b" \\ \x1b', "n": [1.5, None, True], "x": {"y": 1}},
                )
            )
    store.close()
    return state


@pytest.fixture
def state(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "state"))


def edit(state: Path, *statements: str) -> None:
    with sqlite3.connect(state / "autofix.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def check(state: Path, *, with_head: bool = True, witness: Path | None = None) -> Report:
    store = open_sqlite(state)
    try:
        return verify(
            store,
            head=store.head_file if with_head else None,
            witnesses=[witness] if witness else (),
        )
    finally:
        store.close()


def rechain(state: Path, first: int) -> None:
    """What somebody who knows the code does: seal everything from `first` on again."""
    columns = ", ".join((*SEALED, "hash"))
    with sqlite3.connect(state / "autofix.db") as database:
        rows = database.execute(f"SELECT {columns} FROM audit ORDER BY seq").fetchall()
        prev = GENESIS
        for place, row in enumerate(rows, start=1):
            fresh = [place, *row[1:9], prev, row[10]]
            if place >= first:
                fresh[10] = chain.digest(tuple(fresh))
            database.execute("DELETE FROM audit WHERE seq = ?", (row[0],))
            database.execute(f"INSERT INTO audit ({columns}) VALUES ({'?,' * 10}?)", fresh)
            prev = fresh[10]
    database.close()


#: Each changes one entry, {n}; none may pass.
ONE_ENTRY = {
    "time": "UPDATE audit SET at = at + 1e-6 WHERE seq = {n}",
    "time_gone": "UPDATE audit SET at = 'x' WHERE seq = {n}",
    "actor": "UPDATE audit SET actor = 'someone' WHERE seq = {n}",
    "actor_case": "UPDATE audit SET actor = upper(actor) WHERE seq = {n}",
    "actor_space": "UPDATE audit SET actor = actor || ' ' WHERE seq = {n}",
    "actor_nul": "UPDATE audit SET actor = actor || char(0) WHERE seq = {n}",
    "actor_bytes": "UPDATE audit SET actor = CAST(actor AS BLOB) WHERE seq = {n}",
    "actor_broken": "UPDATE audit SET actor = CAST(x'ff80' AS TEXT) WHERE seq = {n}",
    "action": "UPDATE audit SET action = 'run.finished' WHERE seq = {n}",
    "runbook": "UPDATE audit SET runbook = '' WHERE seq = {n}",
    "host": "UPDATE audit SET host = 'other' WHERE seq = {n}",
    "hosts_swapped": "UPDATE audit SET host = runbook, runbook = host WHERE seq = {n}",
    "incident": "UPDATE audit SET incident = incident + 100 WHERE seq = {n}",
    "incident_null": "UPDATE audit SET incident = NULL WHERE seq = {n}",
    "incident_text": "UPDATE audit SET incident = 'null' WHERE seq = {n}",
    "run": "UPDATE audit SET run = NULL WHERE seq = {n}",
    "run_real": "UPDATE audit SET run = run + 0.5 WHERE seq = {n}",
    "numbers_swapped": "UPDATE audit SET run = incident, incident = run WHERE seq = {n}",
    "payload": "UPDATE audit SET payload = replace(payload, '1.5', '1.6') WHERE seq = {n}",
    "payload_flip": "UPDATE audit SET payload = replace(payload, 'true', 'false') WHERE seq = {n}",
    "payload_gone": "UPDATE audit SET payload = '{{}}' WHERE seq = {n}",
    "payload_spaced": "UPDATE audit SET payload = replace(payload, ':', ': ') WHERE seq = {n}",
    "payload_ordered": 'UPDATE audit SET payload = \'{{"x":{{"y":1}},\' || '
    "substr(replace(payload, ',\"x\":{{\"y\":1}}', ''), 2) WHERE seq = {n}",
    "payload_number": "UPDATE audit SET payload = replace(payload, '1.5', '1.50') WHERE seq = {n}",
    "payload_escape": "UPDATE audit SET payload = replace(payload, 'reason', 'r\\u0065ason') "
    "WHERE seq = {n}",
    "payload_bytes": "UPDATE audit SET payload = CAST(payload AS BLOB) WHERE seq = {n}",
    "payload_tail": "UPDATE audit SET payload = payload || ' ' WHERE seq = {n}",
    "payload_injected": "UPDATE audit SET payload = payload || ',\"prev\":\"' || prev || '\"' "
    "WHERE seq = {n}",
    "prev": "UPDATE audit SET prev = replace(prev, substr(prev, 7, 1), 'f') || '' WHERE seq = {n}",
    "prev_cut": "UPDATE audit SET prev = substr(prev, 2) WHERE seq = {n}",
    "prev_quoted": 'UPDATE audit SET prev = \'","prev":"\' || prev WHERE seq = {n}',
    "hash": "UPDATE audit SET hash = '" + "0" * 64 + "' WHERE seq = {n}",
    "hash_case": "UPDATE audit SET hash = upper(hash) WHERE seq = {n}",
    "copied": "UPDATE audit SET (at, actor, action, runbook, host, incident, run, payload, prev, "
    "hash) = (SELECT at, actor, action, runbook, host, incident, run, payload, prev, hash FROM "
    "audit WHERE seq = {other}) WHERE seq = {n}",
    "deleted": "DELETE FROM audit WHERE seq = {n}",
    "swapped": "UPDATE audit SET seq = CASE seq WHEN {n} THEN -{other} ELSE -{n} END "
    "WHERE seq IN ({n}, {other}); UPDATE audit SET seq = -seq WHERE seq < 0",
    "moved_apart": "UPDATE audit SET seq = seq + 1000 WHERE seq > {n}; "
    "UPDATE audit SET seq = seq - 999 WHERE seq > 1000",
}


@pytest.mark.parametrize("number", [1, 6, SIZE])
@pytest.mark.parametrize("name", ONE_ENTRY)
def test_a_changed_entry_is_found_with_its_number(state: Path, name: str, number: int) -> None:
    other = 3 if number != 3 else 4
    edit(state, *ONE_ENTRY[name].format(n=number, other=other).split("; "))
    if name == "prev" and number == 1:
        edit(state, "UPDATE audit SET prev = replace(prev, '0', 'f') WHERE seq = 1")
    if name == "moved_apart" and number == SIZE:
        edit(state, f"UPDATE audit SET seq = {SIZE + 1} WHERE seq = {SIZE}")
    report = check(state)
    assert not report.holds
    lowest = min(number, other) if name == "swapped" else number
    lowest = number + 1 if name == "moved_apart" and number != SIZE else lowest
    assert report.breaks[0].seq == lowest, report


def test_an_untouched_chain_holds(state: Path) -> None:
    report = check(state)
    assert report.holds
    assert report.size == SIZE
    assert head.read(state / "audit.head") == (SIZE, report.head)


@pytest.mark.parametrize("number", range(1, SIZE + 1))
def test_an_inserted_entry_is_found(state: Path, number: int) -> None:
    edit(
        state,
        f"UPDATE audit SET seq = -seq - 1 WHERE seq >= {number}",
        "UPDATE audit SET seq = -seq WHERE seq < 0",
        f"INSERT INTO audit SELECT {number}, at, 'ghost', action, runbook, host, incident, run, "
        f"payload, prev, hash FROM audit WHERE seq = {number + 1}",
    )
    assert check(state).breaks[0].seq == number


@pytest.mark.parametrize("cut", range(SIZE))
def test_a_truncated_chain_holds_by_itself_and_is_found_by_the_head_file(
    state: Path, cut: int
) -> None:
    edit(state, f"DELETE FROM audit WHERE seq > {cut}")
    assert check(state, with_head=False).holds
    [found] = check(state).breaks
    assert found.seq == cut + 1
    assert f"entries {cut + 1} to {SIZE} are missing" in found.what


@pytest.mark.parametrize("number", range(1, SIZE + 1))
def test_a_chain_sealed_anew_is_found_by_the_head_file_and_narrowed_by_a_witness(
    state: Path, tmp_path: Path, number: int
) -> None:
    witness = tmp_path / "syslog"
    with sqlite3.connect(state / "autofix.db") as database:
        rows = database.execute("SELECT seq, hash FROM audit ORDER BY seq").fetchall()
    database.close()
    lines = [
        f"Nov 23 01:02:03 host autofix[7]: audit head {seq} {digest}\n" for seq, digest in rows
    ]
    witness.write_text("".join(lines))
    assert check(state, witness=witness).holds
    edit(state, f"UPDATE audit SET actor = 'nobody' WHERE seq = {number}")
    rechain(state, number)
    assert check(state, with_head=False).holds
    assert [each.seq for each in check(state).breaks] == [SIZE]
    report = check(state, with_head=False, witness=witness)
    assert report.breaks[0].seq == number
    assert f"after entry {number - 1}" in report.breaks[0].what


def test_an_old_copy_of_the_whole_store_is_found_by_a_witness_only(
    state: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(state, tmp_path / "copy"))
    store = open_sqlite(state)
    with store.transaction() as tx:
        tx.record(event())
    store.close()
    witness = Path(shutil.copy(state / "audit.head", tmp_path / "witness"))
    quiet = check(copy)
    assert quiet.holds
    assert any("no witness" in note for note in quiet.notes)
    assert [each.seq for each in check(copy, witness=witness).breaks] == [SIZE + 1]


def test_entries_after_the_head_file_are_said_to_be_unsealed(state: Path) -> None:
    old = (state / "audit.head").read_text()
    store = open_sqlite(state)
    with store.transaction() as tx:
        tx.record(event())
        tx.record(event())
    store.close()
    (state / "audit.head").write_text(old)
    report = check(state)
    assert report.holds
    assert "unsealed: 2 entries are newer than audit.head" in report.notes


def test_a_missing_or_broken_head_file_is_said(state: Path) -> None:
    (state / "audit.head").write_text("gone")
    assert "does not hold" in check(state).breaks[0].what
    (state / "audit.head").unlink()
    report = check(state)
    assert report.holds
    assert any("is missing" in note for note in report.notes)


def test_a_witness_that_says_nothing_is_an_error(state: Path, tmp_path: Path) -> None:
    for content in (None, "nothing here\n"):
        witness = tmp_path / "witness"
        if content is not None:
            witness.write_text(content)
        with pytest.raises(AuditError, match="witness"):
            check(state, witness=witness)


def test_a_chain_changed_everywhere_is_listed_up_to_a_limit() -> None:
    class Wrong:
        def sealed_rows(self, after: int = 0) -> Iterator[chain.Row]:
            for seq in range(1, LISTED + 6):
                yield (seq, 1.0, "a", "b", "", "", None, None, "{}", GENESIS, GENESIS)

        def sealed_size(self) -> int:
            return LISTED + 5

        def sealed_oddities(self) -> list[Break]:
            return []

        def sealed_ledger(self) -> Ledger:
            return Ledger()

    told: list[tuple[int, int]] = []
    report = verify(Wrong(), progress=lambda done, size: told.append((done, size)))
    assert len(report.breaks) == LISTED
    assert "and 5 more breaks" in report.notes
    assert told == [(LISTED + 5, LISTED + 5)]


def test_an_empty_store_holds(tmp_path: Path) -> None:
    report = check(tmp_path / "state")
    assert report.holds
    assert (report.size, report.head) == (0, GENESIS)
