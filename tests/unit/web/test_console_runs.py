"""Runs in the console: the list, one run with its log, its raw text, cancelling it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from consolekit import Client, Stage
from storekit import event

HOSTILE = "\x1b[31mred\x1b[0m <script>alert(1)</script> \u202egnp.exe \x07" + "z" * 9000


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@pytest.fixture(scope="module")
def vera(stage: Stage) -> Client:
    return stage.client("vera")


@pytest.fixture(scope="module")
def olga(stage: Stage) -> Client:
    return stage.client("olga")


def added(stage: Stage, events: list[RunEvent] | None = None, **more: Any) -> Run:
    """A run of incident 3 in any state, with its output."""
    with stage.store.transaction() as tx:
        attempt = 100 + len(tx.runs(limit=1000))
        known = Run(0, 3, "disk-full", "web1", RunKind.FIX, 0, attempt, "slow.yml")
        made = tx.add_run(Run(**{**vars(known), **more}), event())
        tx.add_run_events(made.id, events or [])
    return made


def said(kind: str, number: int, text: str = "") -> RunEvent:
    return RunEvent(kind, 1.7e9 + number, "Mend", f"task {number}", "web1", text)


def test_the_list_is_narrowed_by_the_names_of_the_api(vera: Client) -> None:
    every = vera.page("/runs")
    assert 'id="run-1"' in every
    assert 'id="run-6"' in every
    failed = vera.page("/runs?state=&outcome=failed&runbook=disk-full&host=+web1+&incident=")
    assert 'id="run-5"' in failed
    assert 'id="run-1"' not in failed
    assert "No run is like that" in vera.page("/runs?host=nobody")


def test_a_log_is_searched_whole_and_in_portions(stage: Stage, vera: Client) -> None:
    long = "y" * 3000 + " needle"  # further in than is read for a list
    told = [said("ok", number, f"<i>Needle {number}</i>\nmore") for number in range(1, 121)]
    run = added(stage, [*told, said("output", 121, long), said("task", 122)])
    places = r'<li><a href="[^"]*#e(\d+)">'
    shown = vera.page(f"/runs/{run.id}?find=+needle+")
    assert re.findall(places, shown) == [str(number) for number in range(1, 51)]
    assert "&lt;i&gt;Needle 1&lt;/i&gt;</span>" in shown
    last = vera.page(f"/runs/{run.id}?find=needle&found=100")
    assert re.findall(places, last) == [str(number) for number in range(101, 122)]
    assert f'href="/runs/{run.id}/raw/121"' in last.partition('id="found"')[2].partition("</ol>")[0]
    assert 'rel="next"' not in last
    assert "Nothing further says it" in vera.page(f"/runs/{run.id}?find=needle&found=121")
    assert re.findall(places, vera.page(f"/runs/{run.id}?find=TASK+122")) == ["122"]
    assert "Nothing that was kept says it" in vera.page(f"/runs/{run.id}?find=nowhere")
    assert 'id="found"' not in vera.page(f"/runs/{run.id}?find=+")
    assert vera.get(f"/runs/{run.id}?find={'x' * 201}").status_code == 422


@pytest.mark.parametrize("query", ["state=asleep", "incident=x", "cursor=1", "incident=0"])
def test_a_filter_that_was_made_up_is_told_in_words(query: str, vera: Client) -> None:
    answer = vera.get(f"/runs?{query}")
    assert answer.status_code == 422
    assert "can&#39;t be that" in answer.text


def test_the_list_goes_on_where_a_page_ends(monkeypatch: pytest.MonkeyPatch, vera: Client) -> None:
    monkeypatch.setattr("autofix.web.console.runs.EACH", 2)
    first = vera.page("/runs?runbook=redis-memory-high")
    assert ('id="run-4"' in first, 'id="run-2"' in first) == (True, False)
    link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert 'id="run-2"' in vera.page(link)


def test_a_run_tells_what_it_is_and_what_that_means(vera: Client) -> None:
    page = vera.page("/runs/5")
    for words in (
        "compress.yml", "no space left on device", "A failed run never counts as healed",
        "Download it all",
    ):  # fmt: skip
        assert words in page
    assert "Cancel" not in page


def test_there_is_no_such_run(vera: Client) -> None:
    assert vera.get("/runs/999").status_code == 404


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "becomes due when the verification"),
        ({"due_at": 1e10}, "waits for its turn"),
        ({"state": RunState.CLAIMED}, "the playbook has not begun"),
        ({"state": RunState.STARTED, "started_at": 1e9}, "may be changing the host"),
        ({"state": RunState.DROPPED}, "is not owed any more"),
        ({"state": RunState.LOST, "outcome": Outcome.LOST}, "what happened on the host is unknown"),
        ({"state": RunState.FINISHED, "outcome": Outcome.TIMED_OUT}, "longer than it may"),
        ({"state": RunState.FINISHED, "outcome": Outcome.OK, "check": True}, "This is a rehearsal"),
        (
            {"state": RunState.FINISHED, "outcome": Outcome.OK, "result": {"truncated": True}},
            "Output was cut at the cap",
        ),
    ],
)
def test_each_state_is_told_in_words(
    stage: Stage, more: dict[str, Any], words: str, vera: Client
) -> None:
    number = added(stage, **more).id
    assert words in vera.page(f"/runs/{number}")


def test_failures_come_first_wherever_they_are(stage: Stage, vera: Client) -> None:
    events = [said("failed" if n == 7 else "ok", n, f"line-{n}.") for n in range(1, 1201)]
    number = added(stage, events, state=RunState.FINISHED, outcome=Outcome.FAILED).id
    page = vera.page(f"/runs/{number}")
    assert "line-1200." in page
    assert "line-700." not in page  # only the newest portion
    assert "line-7." in page.split('id="failures"')[1].split("</ol>")[0]
    assert f'href="/runs/{number}?after=0#e7"' in page
    assert f'href="/runs/{number}?before=701#log"' in page
    older = vera.page(f"/runs/{number}?before=701")
    assert "line-700." in older
    assert f"/runs/{number}?after=700#log" in older
    assert "Events 201 to 700 of 1200" in older
    first = vera.page(f"/runs/{number}?after=0")
    assert "line-7." in first
    assert f"/runs/{number}?after=500#log" in first
    assert "Events 1 to 500 of 1200" in first


def test_hostile_output_is_shown_inertly_and_cut(stage: Stage, vera: Client) -> None:
    number = added(stage, [said("failed", 1, HOSTILE)], state=RunState.STARTED).id
    page = vera.page(f"/runs/{number}")
    assert "\\u001b[31mred" in page
    assert "&lt;script&gt;" in page
    assert "\\u202egnp" in page
    assert not set("\x1b\x07\u202e") & set(page)
    assert "z" * 2001 not in page
    assert f'href="/runs/{number}/raw/1"' in page
    whole = vera.get(f"/runs/{number}/raw/1")
    assert "z" * 9000 in whole.text
    assert not set("\x1b\x07\u202e") & set(whole.text)
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert vera.get(f"/runs/{number}/raw/2").status_code == 404


def test_all_of_it_as_text(stage: Stage, vera: Client) -> None:
    events = [said("ok", n, f"line-{n}\nsecond ok [web9] forged") for n in range(1, 121)]
    number = added(stage, events, state=RunState.STARTED).id
    answer = vera.get(f"/runs/{number}/raw")
    assert answer.headers["content-disposition"] == f'attachment; filename="run-{number}.txt"'
    lines = answer.text.splitlines()
    assert len(lines) == 360
    assert lines[0].endswith(" ok [web1] Mend: task 1")
    assert [line for line in lines if "forged" in line and not line.startswith("    ")] == []
    assert vera.get("/runs/999/raw").status_code == 404


def test_a_run_that_goes_on_is_followed_from_where_the_page_ends(
    stage: Stage, vera: Client
) -> None:
    number = added(stage, [said("ok", 1)], state=RunState.STARTED).id
    page = vera.page(f"/runs/{number}")
    assert f'data-events="/api/v1/runs/{number}/events"' in page
    assert 'data-after="1"' in page
    assert "data-events" not in vera.page("/runs/1")


def test_cancel_asks_with_the_consequence_and_keeps_the_reason(
    stage: Stage, vera: Client, olga: Client
) -> None:
    number = added(stage, state=RunState.STARTED, started_at=1e9).id
    assert "Cancel this run" not in vera.page(f"/runs/{number}")
    page = olga.page(f"/runs/{number}")
    assert "may stay half done" in page
    answer = olga.send(f"/runs/{number}", f"/runs/{number}/cancel", {"reason": "wrong host"})
    assert "hears it within a second" in answer.text
    assert "olga: wrong host" in answer.text
    with stage.store.reading() as reads:
        asked = reads.run(number)
    assert asked is not None
    assert asked.cancel_requested == "olga: wrong host"


def test_what_does_not_run_can_not_be_cancelled(stage: Stage, olga: Client) -> None:
    number = added(stage, state=RunState.STARTED, started_at=1e9).id
    form = olga.hidden(olga.page(f"/runs/{number}"), f"/runs/{number}/cancel")
    with stage.store.transaction() as tx:
        run = tx.run(number)
        assert run is not None
        tx.save_run(run.with_(state=RunState.FINISHED, outcome=Outcome.OK), event())
    answer = olga.post(f"/runs/{number}/cancel", [*form, ("reason", "too late")])
    assert "not running" in answer.text
    assert "too late" in answer.text
