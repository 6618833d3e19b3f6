"""The record in the console: searched, checked, taken away."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from autofix.core.record_checks import CheckState
from autofix.errors import UsageError
from autofix.web.console.audit import Search
from consolekit import Stage

NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ({"since": "18:00"}, NOON - 18 * 3600, None),
        ({"since": "11:00", "until": "11:30"}, NOON - 3600, NOON - 1800),
        ({"until": "2023-11-14"}, None, NOON - 12 * 3600),
        ({}, None, None),
    ],
)
def test_times_are_past_ones(
    typed: dict[str, str], since: float | None, until: float | None
) -> None:
    query = Search(**typed).query("UTC", NOON)
    assert (query["since"], query["until"]) == (since, until)


@pytest.mark.parametrize("typed", [{"since": "soon"}, {"incident": "x"}, {"incident": "0"}])
def test_what_can_not_be_looked_for(typed: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Search(**typed).query("UTC", NOON)


@pytest.mark.parametrize(
    "query",
    [
        {"actor": "keeper"}, {"action": "incident.opened"}, {"runbook": "disk-full"},
        {"host": "web2"}, {"incident": 3}, {"actor": "keeper", "host": "web2"},
    ],
)  # fmt: skip
def test_what_is_looked_for_is_found_and_nothing_else(
    stage: Stage, query: dict[str, str | int]
) -> None:
    shown = stage.person("aud").page("/audit?" + "&".join(f"{k}={v}" for k, v in query.items()))
    wanted = stage.desk().audit(**query, limit=50)  # type: ignore[arg-type]
    assert wanted
    assert shown.count('id="entry-') == len(wanted)
    assert all(f'id="entry-{each.seq}"' in shown for each in wanted)


def test_by_time(stage: Stage) -> None:
    everything = stage.desk().audit(limit=1000)
    middle = everything[len(everything) // 2].event.at
    since = datetime.fromtimestamp(middle, UTC).isoformat(timespec="milliseconds")
    shown = stage.person("aud").get("/audit", params={"until": since}).text
    older = [each.seq for each in everything if each.event.at < middle]
    assert f'id="entry-{older[0]}"' in shown
    assert f'id="entry-{everything[0].seq}"' not in shown


def test_a_search_that_is_none_keeps_what_was_typed(stage: Stage) -> None:
    shown = stage.person("aud").page("/audit?since=soon&actor=ann", 422)
    assert "no date and time" in shown
    assert 'value="soon"' in shown
    assert 'value="ann"' in shown


def test_the_next_page_goes_on_where_this_one_ends(stage: Stage) -> None:
    aud = stage.person("aud")
    first = aud.page("/audit?action=")
    [link] = [part for part in first.split('"') if "cursor=" in part]
    last = stage.desk().audit(limit=50)[-1].seq
    assert f'id="entry-{last}"' in first
    assert f'id="entry-{last - 1}"' in aud.page(link.replace("&amp;", "&"))


def test_one_entry_has_its_hashes(stage: Stage) -> None:
    entry = stage.desk().audit_entry(7)
    shown = stage.person("aud").page("/audit/7")
    assert entry.hash in shown
    assert entry.prev in shown
    assert 'href="/audit/6"' in shown
    assert 'href="/audit/8"' in shown
    assert "has no event 999999" in stage.person("aud").page("/audit/999999", 404)


@pytest.mark.parametrize("name", ["olga", "vera", "peter"])
@pytest.mark.parametrize("page", ["/audit", "/audit/1", "/audit/export"])
def test_the_record_is_for_who_may_read_it(stage: Stage, name: str, page: str) -> None:
    assert stage.person(name).get(page).status_code == 403


def test_it_is_taken_away_as_lines_and_as_a_table(stage: Stage) -> None:
    aud = stage.person("aud")
    lines = aud.get("/audit/export?format=jsonl")
    assert lines.headers["content-disposition"].endswith('.jsonl"')
    numbers = [json.loads(each).get("seq") for each in lines.text.splitlines()]
    assert 1 in numbers
    table = aud.get("/audit/export?format=csv")
    assert table.headers["content-disposition"].endswith('.csv"')
    assert next(csv.reader(table.text.splitlines()))[0] == "seq"
    assert aud.get("/audit/export?format=exe").status_code == 422


def test_a_check_is_begun_and_its_end_is_there_for_everybody(stage: Stage) -> None:
    aud = stage.person("aud")
    said = aud.send("/audit", "/audit/check")
    assert said.status_code == 200
    thread = stage.place.checker._thread
    assert thread is not None
    thread.join(30)
    assert stage.desk().record_check().state is CheckState.OVER
    shown = stage.person("ada").page("/audit")
    assert "The record holds: all" in shown
    assert "Checked for aud" in shown
    assert "data-again" not in shown
