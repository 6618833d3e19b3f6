"""The fleet: every host as autofix sees it now, and looking anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autofix.core.fleet import worst
from autofix.core.readings import Reading
from autofix.core.triggers import Verdict, Watch
from autofix.errors import NotFound
from consolekit import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        made.facts.of["cache3"] = "connection refused"
        made.look("cache3")
        yield made


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([], None),
        ([Verdict.QUIET, Verdict.FIRING, Verdict.UNSEEN], Verdict.FIRING),
        ([Verdict.QUIET, Verdict.UNSEEN], Verdict.UNSEEN),
        ([Verdict.PENDING, Verdict.BLIND], Verdict.BLIND),
        ([Verdict.QUIET, Verdict.CLEARS], Verdict.CLEARS),
    ],
)
def test_what_matters_most_of_several_watches(verdicts: list[Verdict], said: str | None) -> None:
    found = worst([Watch("r", at, "h", verdict=each) for at, each in enumerate(verdicts)])
    assert (found.verdict if found else None) == said


def test_hosts_come_in_portions_that_leave_none_out(stage: Stage) -> None:
    desk, after, names = stage.desk(), "", []
    for _ in range(4):
        found = desk.fleet(after=after, limit=2)
        assert found.total == 7
        names += [each.name for each in found.hosts]
        after = found.next
    assert after == ""
    assert names == ["cache1", "cache2", "cache3", "web1", "web2", "web3", "web4"]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"name": "ACHE"}, ["cache1", "cache2", "cache3"]),
        ({"group": "web", "name": "3"}, ["web3"]),
        ({"name": "nothing"}, []),
        ({"group": "redis", "open_only": True}, ["cache2"]),
    ],
)
def test_what_is_asked_for_is_what_comes(
    stage: Stage, asked: dict[str, object], names: list[str]
) -> None:
    assert [each.name for each in stage.desk().fleet(**asked).hosts] == names  # type: ignore[arg-type]


def test_a_group_that_is_none_is_an_error(stage: Stage) -> None:
    with pytest.raises(NotFound):
        stage.desk().fleet(group="nobody")
    with pytest.raises(NotFound):
        stage.desk().host("redis")


def test_what_is_known_of_each_host(stage: Stage) -> None:
    hosts = {each.name: each for each in stage.desk().fleet().hosts}
    assert hosts["web1"].incidents > 0
    assert hosts["web1"].severity == "P0"
    assert hosts["web3"].paused == "web3 paused by keeper: the disk is being changed"
    assert hosts["web4"].silenced == "rebuilt this morning"
    assert (hosts["web2"].silenced, hosts["web2"].paused) == ("", "")
    assert hosts["cache3"].verdict == "unseen"
    assert "connection refused" in hosts["cache3"].why
    assert hosts["cache1"].worked_at is not None
    assert hosts["cache3"].worked_at is None


def test_the_page_shows_and_narrows(stage: Stage) -> None:
    vera = stage.client("vera")
    text = vera.page("/fleet?name=cache")
    assert 'id="host-cache3"' in text
    assert "could not look" in text
    assert "host-web1" not in text
    assert "No host is like this" in vera.page("/fleet?name=zebra")


def test_the_page_of_a_host(stage: Stage) -> None:
    text = stage.client("vera").page("/fleet/web1")
    assert "disk_used_ratio &gt; 0.95" in text
    assert "/runbooks/disk-full?host=web1" in text
    assert "Look now" not in text
    assert stage.client("vera").get("/fleet/nobody").status_code == 404


def test_looking_now_shows_what_is_there_and_changes_nothing(stage: Stage) -> None:
    before = stage.desk().incidents(limit=1000)
    olga = stage.client("olga")
    looked = stage.desk().host("web4")
    said = olga.send("/fleet/web4", "/fleet/web4/look", {"runbook": "disk-full", "trigger": "0"})
    assert said.status_code in (200, 503)
    assert "What is seen now" in said.text or "It was not done" in said.text
    assert stage.desk().incidents(limit=1000) == before
    assert stage.desk().host("web4").watches == looked.watches


@pytest.mark.parametrize(("runbook", "trigger"), [("disk-full", "9"), ("none", "0"), ("", "x")])
def test_a_trigger_that_is_not_there_is_not_looked_with(
    stage: Stage, runbook: str, trigger: str
) -> None:
    olga = stage.client("olga")
    form = {"runbook": runbook, "trigger": trigger}
    said = olga.send("/fleet/web4", "/fleet/web4/look", form)
    assert said.status_code == 422
    assert "not in force any more" in said.text


def test_looks_that_hang_leave_the_console_to_everybody_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, goes_on = threading.Semaphore(0), threading.Event()

    def look(target: Any, *_: Any, now: float, **__: Any) -> list[Reading]:
        hanging.release()
        goes_on.wait(60)
        return [Reading(target.host, now, {"load_1": 0.1})]

    monkeypatch.setattr(stage.facts, "look", look)
    olga = stage.client("olga")
    hidden = olga.hidden(olga.page("/fleet/web4"), "/fleet/web4/look")
    form = [(name, value) for name, value in hidden if name in ("csrf", "runbook", "trigger")]
    ask = {"url": "/fleet/web4/look", "data": dict(form)}
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(olga.http.post, **ask) for _ in range(8)]
        try:
            assert all(hanging.acquire(timeout=30) for _ in range(8))
            one_more = olga.http.post(**ask)
            assert (one_more.status_code, "too many looks" in one_more.text) == (429, True)
            assert "cache1" in stage.client("vera").page("/fleet")
        finally:
            goes_on.set()
        assert {each.result().status_code for each in waiting} == {200}
    assert olga.http.post(**ask).status_code == 200


def test_who_may_only_see_looks_at_nothing(stage: Stage) -> None:
    vera = stage.client("vera")
    hidden = vera.hidden(vera.page("/"), "/preferences")
    assert vera.post("/fleet/web4/look", hidden).status_code == 403


def test_the_api_gives_the_same(stage: Stage) -> None:
    vera = stage.client("vera", accept="application/json")
    found = vera.get("/api/v1/fleet?group=redis&limit=2").json()
    assert [each["name"] for each in found["hosts"]] == ["cache1", "cache2"]
    assert (found["next"], found["total"]) == ("cache2", 3)
    one = vera.get("/api/v1/fleet/cache3").json()
    assert one["host"]["verdict"] == "unseen"


def test_a_condition_that_does_not_hold_is_not_told_as_if_it_did(stage: Stage) -> None:
    [host] = [each for each in stage.desk().fleet(name="cache1").hosts if each.verdict == "quiet"]
    said = "does not hold: used_memory_ratio &gt; 0.90 (used_memory_ratio = "
    assert said in stage.client("vera").page(f"/fleet?name={host.name}")
    assert said in stage.client("vera").page(f"/fleet/{host.name}")
