"""A run's live events: nothing is missed, each is told once, and the stream ends with the run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.desk.local import LocalDesk
from autofix.web.api import streams
from autofix.web.api.leaving import Leaving
from autofix.web.problems import Problem
from storekit import event, opened
from unit.web.api_kit import Api

LIVE = {"Accept": "text/event-stream"}


def running(api: Api) -> Run:
    incident = opened(api.world.store)
    draft = Run(
        0, incident.id, incident.runbook, incident.host, RunKind.FIX, 0, 1, "rewrite.yml",
        state=RunState.STARTED, started_at=1.0,
    )  # fmt: skip
    with api.world.store.transaction() as tx:
        return tx.add_run(draft, event())


def said(api: Api, run: Run, *tasks: str) -> None:
    with api.world.store.transaction() as tx:
        tx.add_run_events(run.id, [RunEvent("task", 1.0, task=task) for task in tasks])


def ended(api: Api, run: Run) -> None:
    with api.world.store.transaction() as tx:
        current = tx.run(run.id)
        assert current is not None
        over = current.with_(state=RunState.FINISHED, outcome=Outcome.OK, finished_at=2.0)
        tx.save_run(over, event())


def parsed(text: str) -> list[tuple[str, str, Any]]:
    """(id, kind, data) of each event."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines.get("id", ""), lines["event"], json.loads(lines["data"])))
    return found


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(streams, "LOOK", 0.01)
    return Api()


def desk(api: Api) -> LocalDesk:
    found: LocalDesk = api.app.state.services.desk(api.doorman.known["viewer"])
    return found


def test_an_ended_run_is_told_whole_and_the_stream_ends(api: Api) -> None:
    run = running(api)
    said(api, run, "one", "two")
    ended(api, run)
    answer = api.get(f"/runs/{run.id}/events", headers=LIVE, as_="viewer")
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = parsed(answer.text)
    assert [each[:2] for each in told] == [("1", "event"), ("2", "event"), ("", "end")]
    assert [each[2].get("task") for each in told[:2]] == ["one", "two"]
    assert told[-1][2]["outcome"] == "ok"


def test_who_comes_again_goes_on_where_he_was(api: Api) -> None:
    run = running(api)
    said(api, run, *map(str, range(1200)))
    ended(api, run)
    seen = parsed(api.get(f"/runs/{run.id}/events", headers=LIVE).text)[:-1]
    assert [int(each[0]) for each in seen] == list(range(1, 1201))
    headers = {**LIVE, "Last-Event-ID": "700"}
    rest = parsed(api.get(f"/runs/{run.id}/events", headers=headers).text)[:-1]
    assert [each[0] for each in rest] == [str(number) for number in range(701, 1201)]
    begun = parsed(api.get(f"/runs/{run.id}/events?after=1198", headers=LIVE).text)[:-1]
    assert [each[0] for each in begun] == ["1199", "1200"]


def test_what_happens_meanwhile_is_told_in_its_order(api: Api) -> None:
    run = running(api)

    async def follow() -> str:
        told = streams.told(desk(api), run.id, 0)
        parts = [await anext(told)]
        for task in ("one", "two"):
            said(api, run, task)
            parts.append(await _next_event(told))
        ended(api, run)
        parts += [part async for part in told]
        return "".join(parts)

    told = parsed(asyncio.run(follow()))
    assert [each[2].get("task") for each in told] == ["one", "two", None]
    assert told[-1][1] == "end"


async def _next_event(told: AsyncIterator[str]) -> str:
    async for part in told:
        if "event:" in part:
            return part
    raise AssertionError("it ended")


def test_silence_is_filled_and_the_reader_comes_again_at_last(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.02)
    monkeypatch.setattr(streams, "LASTS", 0.2)
    run = running(api)
    answer = api.get(f"/runs/{run.id}/events", headers=LIVE)
    assert answer.text.startswith("retry: 2000\n\n")
    assert answer.text.count(": still here\n\n") >= 2
    assert "event:" not in answer.text


def test_a_server_that_stops_ends_it_in_order(api: Api) -> None:
    run = running(api)
    said(api, run, "one")

    async def follow() -> list[str]:
        ends = asyncio.Event()
        told = streams.told(desk(api), run.id, 0, ends)
        parts = [await anext(told), await anext(told)]
        asyncio.get_running_loop().call_soon(ends.set)
        return parts + [part async for part in told]

    assert ["event: event" in part for part in asyncio.run(follow())] == [False, True]


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_reader_who_leaves_gives_his_seat_back(api: Api, sent: int) -> None:
    """At whatever moment, even before the first word."""
    run = running(api)
    left: list[bool] = []

    async def leave() -> None:
        heard: list[Any] = []

        async def send(message: Any) -> None:
            heard.append(message)
            if len(heard) > sent:
                raise OSError("the reader has left")

        async def receive() -> Any:
            await asyncio.sleep(60)

        stream = streams.told(desk(api), run.id, 0)
        answer = Leaving(stream, lambda: left.append(True), streams.TYPE)
        with pytest.raises((OSError, ClientDisconnect)):
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)

    said(api, run, "one")
    asyncio.run(leave())
    assert left == [True]


def test_there_are_only_so_many_seats() -> None:
    seats = streams.Seats(at_once=3, each=2)
    seats.take("ann")
    seats.take("ann")
    with pytest.raises(Problem, match="too many streams"):
        seats.take("ann")
    seats.take("bob")
    with pytest.raises(Problem):
        seats.take("eve")
    seats.leave("ann")
    seats.take("eve")


@pytest.mark.parametrize("number", ["x", "-1", "1" * 20])
def test_a_place_that_is_none(api: Api, number: str) -> None:
    run = running(api)
    headers = {**LIVE, "Last-Event-ID": number}
    assert api.get(f"/runs/{run.id}/events", headers=headers).status_code == 422


def test_a_run_that_is_not_there_is_said_before_the_stream_begins(api: Api) -> None:
    answer = api.get("/runs/9/events", headers=LIVE)
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no run 9")
