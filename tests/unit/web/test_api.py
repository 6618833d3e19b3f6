"""The API: what it answers, and how it says no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from autofix.core.cursors import encode
from autofix.core.incidents import State
from autofix.desk.local import LocalDesk
from autofix.web.api.audit import AT_ONCE
from unit.flow.world import BOOK, World
from unit.web.api_kit import Api

RUN = f"/runbooks/{BOOK.name}/runs"


@pytest.fixture
def api() -> Api:
    return Api()


def ill(api: Api, *hosts: str) -> None:
    for host in hosts:
        api.world.ill(host)
        api.world.pass_time(130)


def problem(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], bool(told["title"])) == (status, True)
    return str(told["detail"])


def test_a_run_from_its_asking_to_its_end(api: Api) -> None:
    api.world.patient.state["r1"] = {"ratio": 0.95}
    api.world.hands.does["rewrite.yml"] = api.world.well("r1")
    started = api.post(RUN, json={"hosts": ["r1"], "inputs": {"target": 0.7}})
    assert started.status_code == 202
    signal = started.json()["items"][0]
    assert (signal["state"], signal["by"]) == ("received", "admin1")
    api.world.pass_time(60)
    number = api.get(f"/signals/{signal['id']}").json()["incident"]
    story = api.get(f"/incidents/{number}").json()
    assert story["incident"]["state"] == "healed"
    events = api.get(f"/runs/{story['runs'][0]['id']}/events").json()
    assert [each["number"] for each in events["items"]] == [1]
    assert events["next"] is None


def test_pages_of_a_list_miss_nothing_and_say_when_they_end(api: Api) -> None:
    ill(api, "r1", "r2", "r3")
    seen, cursor = [], None
    for _ in range(3):
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        found = api.get("/incidents", params=asked).json()
        seen += [each["host"] for each in found["items"]]
        cursor = found["next"]
    assert (seen, cursor) == (["r3", "r2", "r1"], None)


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ({}, ["r2", "r1"]),
        ({"host": "r1"}, ["r1"]),
        ({"runbook": "other"}, []),
        ({"severity": "P1"}, ["r2", "r1"]),
        ({"severity": "P0"}, []),
        ({"open": "true"}, ["r2"]),
        ({"open": "false"}, ["r1"]),
        ({"state": ["resolved", "escalated"]}, ["r2", "r1"]),
        ({"state": "resolved", "open": "true"}, []),
    ],
)
def test_filters_of_incidents(api: Api, asked: dict[str, Any], hosts: list[str]) -> None:
    ill(api, "r1", "r2")
    assert api.post("/incidents/1/acknowledge").json()["state"] == "acknowledged"
    assert api.post("/incidents/1/resolve", json={"note": "by hand"}).status_code == 200
    found = api.get("/incidents", params=asked).json()["items"]
    assert [each["host"] for each in found] == hosts


def test_a_cursor_that_was_made_up(api: Api) -> None:
    for cursor in ("AAAAAAAAAAAAAAAA", encode("runs", 5)):
        said = problem(api.get("/incidents", params={"cursor": cursor}), 400)
        assert "is no cursor of this list" in said
    problem(api.get("/incidents", params={"cursor": "5"}), 422)


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "words"),
    [
        ("GET", "/incidents/99", {}, 404, "there is no incident 99"),
        ("GET", "/incidents/0", {}, 422, "number: "),
        ("GET", f"/incidents/{2**63}", {}, 422, "number: "),
        ("GET", "/incidents/x", {}, 422, "number: "),
        ("GET", "/incidents?limit=0", {}, 422, "limit: must be greater"),
        ("GET", "/incidents?state=odd", {}, 422, "state"),
        ("GET", "/incidents?host=a%00b", {}, 422, "host: "),
        ("GET", "/incidents?hots=r1", {}, 422, "no parameter 'hots'"),
        ("GET", "/incidents?host=r1&host=r2", {}, 422, "'host' is given twice"),
        ("DELETE", "/pauses?hots=r1", {}, 422, "no parameter 'hots'"),
        ("POST", f"{RUN}?check=true", {"json": {"hosts": ["r1"]}}, 422, "no parameter 'check'"),
        ("GET", "/nothing", {}, 404, "nothing at this address"),
        ("PUT", "/incidents/1", {}, 405, "PUT is not done here"),
        ("POST", "/incidents/99/retry", {}, 404, "there is no incident 99"),
        ("POST", "/incidents/99/rollback", {"json": {"step": 0}}, 422, "step: "),
        ("POST", "/incidents/99/rollback", {}, 422, ""),
        ("POST", "/incidents/99/acknowledge", {}, 404, "there is no incident 99"),
        ("POST", "/runs/99/cancel", {}, 404, "there is no run 99"),
        ("POST", "/runbooks/nope/runs", {"json": {"hosts": ["r1"]}}, 404, "no runbook 'nope'"),
        ("POST", RUN, {"json": {"hosts": []}}, 422, "hosts: "),
        ("POST", RUN, {"json": {"hosts": ["r9"]}}, 404, "'r9' is not a host"),
        ("POST", RUN, {"json": {"hosts": ["redis"]}}, 404, "'redis' is a group"),
        ("POST", RUN, {"json": {"hosts": "r1"}}, 422, "hosts: "),
        ("POST", RUN, {"json": {"hosts": ["r1"], "user": "root"}}, 422, "no field 'user'"),
        ("POST", RUN, {"json": {}}, 422, "hosts is missing"),
        ("POST", RUN, {"json": {"hosts": ["r1"], "inputs": {"x": 1}}}, 422, "no input 'x'"),
        ("POST", RUN, {"content": "{", "headers": {"Content-Type": "application/json"}}, 400,
         "not JSON"),
        ("POST", RUN, {"content": '{"hosts":["r1"],"hosts":["r2"]}',
                       "headers": {"Content-Type": "application/json"}}, 400, "stands twice"),
        ("POST", RUN, {"content": "[" * 50, "headers": {"Content-Type": "application/json"}}, 400,
         "nested deeper"),
        ("POST", RUN, {"content": "<x/>", "headers": {"Content-Type": "text/xml"}}, 415,
         "is not read here"),
        ("POST", RUN, {"content": b"x" * 1_100_000,
                       "headers": {"Content-Type": "application/json"}}, 413, "larger than"),
        ("POST", "/silences", {"json": {"until": 1, "reason": "x", "host": "r1"}}, 422,
         "over before it begins"),
        ("POST", "/pauses", {"json": {"host": "r9"}}, 404, "'r9' is not a host"),
        ("DELETE", "/silences/99", {}, 404, "there is no silence 99"),
        ("POST", "/probes/nope/look", {"json": {"host": "r1"}}, 404, "no probe 'nope'"),
        ("GET", "/runs/99/events", {}, 404, "there is no run 99"),
        ("GET", "/audit/99", {}, 404, "no event 99"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_problem_in_words(
    api: Api, method: str, path: str, more: dict[str, Any], status: int, words: str
) -> None:
    assert words in problem(api.ask(method, path, **more), status)


def test_who_is_unknown_and_who_may_not(api: Api) -> None:
    answer = api.get("/incidents", as_="nobody")
    assert problem(answer, 401) == "this token is not known"
    assert "Bearer" in answer.headers["www-authenticate"]
    assert "needs the role" in problem(api.post("/pauses", json={}, as_="viewer"), 403)
    assert [what for _, what in api.doorman.away] == [
        "GET /api/v1/incidents",
        "POST /api/v1/pauses",
    ]


def test_of_two_who_approve_at_once_the_second_hears_of_the_first() -> None:
    api = Api(World(replace(BOOK, guards=replace(BOOK.guards, approval="always"))))
    api.world.ill()
    assert api.post("/incidents/1/approve", as_="approver").status_code == 200
    again = api.post("/incidents/1/approve", as_="admin")
    assert "was approved by approver1 already" in problem(again, 409)


def test_silences_pauses_and_breakers(api: Api) -> None:
    now = api.world.clock.now()
    silent = {"until": now + 600, "reason": "moving", "labels": {"team": "db"}, "host": "r1"}
    made = api.post("/silences", json=silent)
    assert (made.status_code, made.json()["by"]) == (201, "admin1")
    assert api.get("/silences").json()["items"][0]["labels"] == {"team": "db"}
    ended = api.ask("DELETE", f"/silences/{made.json()['id']}")
    assert ended.json() == {"decided_anew": 0}
    assert api.get("/silences").json()["items"] == []
    assert len(api.get("/silences?all=true").json()["items"]) == 1
    assert api.post("/pauses", json={"host": "r1"}).json()["pause"]["host"] == "r1"
    assert [each["host"] for each in api.get("/pauses").json()["items"]] == ["r1"]
    assert api.ask("DELETE", "/pauses?host=r1").json()["lifted"][0]["host"] == "r1"
    assert api.get("/breakers").json() == {"items": []}
    asked = {"runbook": BOOK.name, "host": "r1"}
    assert "is closed" in problem(api.post("/breakers/reset", json=asked), 409)


def test_the_record_is_for_those_who_may_see_it(api: Api) -> None:
    api.post("/pauses", json={})
    found = api.get("/audit", as_="auditor").json()["items"]
    assert [each["event"]["action"] for each in found] == ["pause.set"]
    assert api.get(f"/audit/{found[0]['seq']}", as_="auditor").json() == found[0]
    assert api.get("/audit/verify", as_="auditor").json()["holds"] is True
    exported = api.get("/audit/export?format=jsonl", as_="auditor")
    assert exported.headers["content-type"] == "application/x-ndjson"
    problem(api.get("/audit", as_="operator"), 403)


def test_an_export_comes_whole_and_gives_its_turn_back(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f'{{"seq": {number}, "text": "{"x" * 200}"}}\n' for number in range(2000)]
    monkeypatch.setattr(LocalDesk, "export_audit", lambda *_: iter(lines))
    for _ in range(3):  # more than may be at it at once
        assert api.get("/audit/export", as_="auditor").text == "".join(lines)


def test_only_so_many_verify_at_once(api: Api) -> None:
    assert AT_ONCE.acquire(blocking=False)
    assert AT_ONCE.acquire(blocking=False)
    try:
        for path in ("/audit/verify", "/audit/export"):
            told = api.get(path, as_="auditor")
            assert "already" in problem(told, 429)
            assert told.headers["retry-after"] == "10"
    finally:
        AT_ONCE.release()
        AT_ONCE.release()
    assert api.get("/audit/verify", as_="auditor").status_code == 200


def test_what_people_log_in_with_leaves_in_no_answer(api: Api) -> None:
    secret = "correct horse battery"
    asked = {"name": "ann", "roles": ["viewer"], "password": secret}
    assert api.post("/users", json=asked).status_code == 201
    changed = api.ask("PATCH", "/users/ann", json={"password": secret + "2"})
    for told in (changed, api.get("/users")):
        assert secret not in told.text
        assert "argon2" not in told.text
    assert api.ask("PUT", "/secrets/pager", json={"value": "hush hush"}).status_code == 204
    assert "hush" not in api.get("/secrets").text
    assert api.get("/secrets").json()["items"][0]["name"] == "pager"
    assert "hush" not in problem(api.ask("PUT", "/secrets/pager", json={"value": 5}), 422)
    long = "hush" * 20_000
    assert "hush" not in problem(api.ask("PUT", "/secrets/pager", json={"value": long}), 422)
    with api.world.store.reading() as reads:
        assert secret not in str([each.event for each in reads.audit()])


def test_a_paused_incident_story_is_told_as_on_the_command_line(api: Api) -> None:
    ill(api, "r1")
    api.post("/incidents/1/comment", json={"text": "the vendor knows"})
    story = api.get("/incidents/1").json()
    assert set(story) == {"incident", "runs", "pages", "digests", "record", "deadlines"}
    said = [each["event"] for each in story["record"]]
    assert "incident.commented" in {each["action"] for each in said}
    assert api.get("/incidents/1").json()["incident"]["state"] == State.ESCALATED
