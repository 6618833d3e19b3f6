"""The record as a file: it verifies by itself, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from autofix.core.audit import GENESIS
from autofix.errors import UsageError
from autofix.store.canonical import json_text, read_json
from autofix.store.export import COLUMNS, export
from autofix.store.exported import verify_export
from storekit import event, open_sqlite


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    store = open_sqlite(tmp_path / "state")
    with store.transaction() as tx:
        for number in range(6):
            tx.record(
                event(
                    actor="ann\n=1+1",
                    at=1000.125 * number,
                    payload={"n": number, "f": 0.1, "big": 1e20, "t": "\u2028\x00\x7f"},
                )
            )
    out = io.StringIO()
    assert export(store, "jsonl", out) == 6
    store.close()
    return out.getvalue().split("\n")[:-1]


def test_an_export_verifies_without_the_store(lines: list[str]) -> None:
    report = verify_export(f"{line}\n" for line in lines)
    assert report.holds
    assert report.size == 6
    assert report.head == read_json(lines[-1])["hash"]
    assert verify_export([]).head == GENESIS


@pytest.mark.parametrize("number", range(1, 7))
def test_a_changed_line_is_found_with_its_number(lines: list[str], number: int) -> None:
    line = lines[number - 1]
    value = read_json(line)
    changed = [
        line.replace("ann", "ben"),
        line.replace('"f":0.1', '"f":0.2'),
        line.replace('"f":0.1', '"f":0.10'),
        line.replace(":", ": "),
        line.replace('{"action"', '{"action":"x","action"'),
        line.replace('"v":1', '"v":2'),
        line.replace('"incident":null', '"incident":7'),
        json_text(value | {"extra": 1}),
        json_text(value | {"seq": str(number)}),
        json_text(value | {"hash": None}),
        json_text({key: each for key, each in value.items() if key != "run"}),
        "[]",
        "",
        "not json",
        "[" * 100_000,
    ]
    for each in changed:
        assert each != line
        report = verify_export([*lines[: number - 1], each, *lines[number:]])
        assert report.breaks[0].seq == number, each[:200]


def test_bytes_that_are_no_text_are_a_break_not_a_traceback(
    lines: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "export.jsonl"
    file.write_bytes("\n".join(lines).encode() + b"\n\xff\n")
    with file.open(encoding="utf-8") as content:
        report = verify_export(content)
    assert "not UTF-8" in report.breaks[0].what


def test_a_time_beyond_the_calendar_is_shown_as_it_stands(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.transaction() as tx:
        tx.record(event(at=1e300))
    out = io.StringIO()
    export(store, "csv", out)
    store.close()
    assert "1e+300" in out.getvalue()


def test_missing_and_reordered_lines_are_found(lines: list[str]) -> None:
    assert verify_export(lines[:2] + lines[3:]).breaks[0].seq == 3
    assert verify_export([lines[0], lines[2], lines[1], *lines[3:]]).breaks[0].seq == 2
    assert not verify_export([lines[0], lines[0], *lines[1:]]).holds


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\r=1",
        "|x",
        "%x",
        "\uff1d1+1",
        "\uff20x",
        "\ufeff=1",
        "\u200b=1",
        "\u00a0=1",
    ],
)
def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, evil: str) -> None:
    store = open_sqlite(tmp_path / "state")
    with store.transaction() as tx:
        tx.record(event(evil, actor=evil, runbook=evil, host=evil, payload={evil: evil}))
    out = io.StringIO(newline="")
    assert export(store, "csv", out) == 1
    store.close()
    header, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert tuple(header) == COLUMNS
    assert [row[header.index(name)] for name in ("actor", "action", "runbook", "host")] == [
        f"'{evil}"
    ] * 4
    assert row[header.index("payload")].startswith("{")
    assert row[header.index("time")] == "1970-01-01T00:16:40.000+00:00"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "state")
    with pytest.raises(UsageError, match="jsonl, csv"):
        export(store, "xml", io.StringIO())
    store.close()
