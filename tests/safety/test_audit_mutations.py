"""SAFETY 35: whatever is done to the record by somebody without the key is found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from safety.mutations import MUTATIONS
from safety.tamper import Record, build


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    build(folder)
    return folder


def test_an_untouched_record_holds(master: Path, tmp_path: Path) -> None:
    record = Record(master, tmp_path)
    for witness in (False, True):
        report = record.report(witness=witness)
        assert report.holds, report
        assert (report.size, report.sealed, report.unsealed, report.checkpoints) == (40, 40, 0, 5)


def try_them(master: Path, work: Path, count: int, seed: int) -> Counter[str]:
    """So many mutations, each kind in its turn; how many of each were found."""
    random, found = Random(seed), Counter[str]()
    for number in range(count):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        record = Record(master, work)
        done = mutate(record, random)
        alone, witnessed = record.report(witness=False), record.report(witness=True)
        said = f"seed {seed}, mutation {number}: {done.what}: {witnessed.breaks}"
        if not done.by_witness:
            assert not alone.holds, said
            assert done.low <= alone.breaks[0].seq <= done.high, said
        elif alone.holds:
            found[f"{mutate.__name__} (by a witness only)"] += 1
        assert not witnessed.holds, said
        assert done.low <= witnessed.breaks[0].seq <= done.high, said
        found[mutate.__name__] += 1
    return found


def test_every_kind_of_mutation_is_found_with_its_number(master: Path, tmp_path: Path) -> None:
    found = try_them(master, tmp_path / "work", 120, seed=20261123)
    assert {mutate.__name__ for mutate in MUTATIONS} <= set(found)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_thousand_mutations_are_found_with_their_numbers(master: Path, tmp_path: Path) -> None:
    found = try_them(master, tmp_path / "work", 1000, seed=35)
    print(dict(found))
    assert sum(count for name, count in found.items() if "(" not in name) == 1000
