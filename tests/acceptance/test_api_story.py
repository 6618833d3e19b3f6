"""A program uses the API of a real server: it starts a run, follows it live, and two approve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.project import Project

TIDY = """
    name: tidy
    title: Tidy up
    inputs: {seconds: {type: number, default: 0}}
    fix:
      - {playbook: tidy.yml, vars: {seconds: "{{ inputs.seconds }}"}, approval: APPROVAL}
    verify: none
    guards: {cooldown: 0s, attempts: {max: 100, per: 1h}, at_once: 3}
    """
PLAY = """
    - hosts: web
      gather_facts: false
      vars: {af: "{{ event_json | from_json }}"}
      tasks:
        - name: Begin
          ansible.builtin.command: echo begun
          changed_when: true
        - name: Take a while
          ansible.builtin.wait_for: {timeout: "{{ af.seconds | int }}"}
        - name: Finish
          ansible.builtin.command: echo done
          changed_when: true
    """


class There:
    """The API over the server's socket, as `actor`."""

    def __init__(self, project: Project, actor: str = "") -> None:
        self._socket = str(project.path / ".autofix" / "autofix.sock")
        self._headers = {"X-Autofix-Actor": actor} if actor else {}

    def _client(self) -> httpx.Client:
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=self._socket), headers=self._headers,
            base_url="http://localhost/api/v1", timeout=60,
        )  # fmt: skip

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        with self._client() as client:
            return client.request(method, path, **more)

    def get(self, path: str) -> Any:
        found = self.ask("GET", path)
        assert found.status_code == 200, found.text
        return found.json()

    def post(self, path: str, body: Any = None, key: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask("POST", path, json=body, headers=headers)

    def live(self, run: int, after: int = 0) -> Iterator[tuple[str, str, Any]]:
        """(id, kind, data) of each event while it comes."""
        headers = {"Accept": "text/event-stream"}
        if after:
            headers["Last-Event-ID"] = str(after)
        path = f"/runs/{run}/events"
        with self._client() as client, client.stream("GET", path, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            said: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    said[name] = value
                elif "event" in said:
                    yield said.get("id", ""), said["event"], json.loads(said["data"])
                    said = {}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    groups = {"web": {name: {} for name in ("web1", "web2", "web3")}}
    wide = {"limits": {"percent_of_group": "100%"}}
    with Project(tmp_path_factory.mktemp("api"), groups, wide) as made:
        made.runbook("tidy", TIDY.replace("APPROVAL", "never"))
        made.runbook("ask", TIDY.replace("APPROVAL", "always").replace("tidy\n", "ask\n", 1))
        made.playbook("tidy.yml", PLAY)
        made.serve()
        yield made


def incident_of(there: There, signal: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = there.get(f"/signals/{signal}")
        assert found["state"] != "ignored", found["reason"]
        if found["incident"]:
            return int(found["incident"])
        time.sleep(0.1)
    raise AssertionError("the signal was not handled")


def run_of(there: There, incident: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        runs = there.get(f"/incidents/{incident}")["runs"]
        if runs:
            return int(runs[0]["id"])
        time.sleep(0.1)
    raise AssertionError("no run was begun")


def test_a_run_is_started_and_followed_live_to_its_end(project: Project) -> None:
    there = There(project)
    asked = {"hosts": ["web1"], "inputs": {"seconds": 2}}
    with ThreadPoolExecutor(4) as pool:  # the same request, four times at once
        sent = [pool.submit(There(project).post, "/runbooks/tidy/runs", asked, "once")
                for _ in range(4)]  # fmt: skip
    answers = [each.result() for each in sent]
    assert {each.status_code for each in answers} <= {202, 409}
    started = {each.json()["items"][0]["id"] for each in answers if each.status_code == 202}
    assert len(started) == 1
    run = run_of(there, incident_of(there, started.pop()))
    told, begun = [], time.monotonic()
    for number, kind, data in there.live(run):
        told.append((number, kind, data, time.monotonic() - begun))
    numbers = [int(each[0]) for each in told if each[1] == "event"]
    assert numbers == list(range(1, len(numbers) + 1))
    tasks = [each[2].get("task") for each in told]
    assert tasks.index("Begin") < tasks.index("Finish")
    assert (told[-1][1], told[-1][2]["outcome"]) == ("end", "ok")
    came = {each[2].get("task"): each[3] for each in told}
    assert came["Finish"] - came["Begin"] > 0.5, "the events came while it ran"
    rest = [int(number) for number, kind, _ in there.live(run, 2) if kind == "event"]
    assert rest == numbers[2:]


def test_of_two_who_approve_at_once_one_is_first(project: Project) -> None:
    asked = There(project, "eve").post("/runbooks/ask/runs", {"hosts": ["web2"]})
    there = There(project)
    incident = incident_of(there, asked.json()["items"][0]["id"])
    project.wait_for(
        lambda: there.get(f"/incidents/{incident}")["incident"]["state"] == "awaiting_approval"
    )
    own = There(project, "eve").post(f"/incidents/{incident}/approve")
    assert (own.status_code, "can't approve it" in own.json()["detail"]) == (409, True)
    names = ["ann", "bob", "dan"]
    with ThreadPoolExecutor(3) as pool:
        path = f"/incidents/{incident}/approve"
        answers = list(pool.map(lambda name: There(project, name).post(path), names))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    first = next(name for name, each in zip(names, answers, strict=True)
                 if each.status_code == 200)  # fmt: skip
    for each in answers:
        if each.status_code == 409:
            assert each.headers["content-type"] == "application/problem+json"
            assert first in each.json()["detail"] or "awaiting" in each.json()["detail"]
    project.wait_for_state(incident, "done")


def test_a_list_is_paged_while_it_grows(project: Project) -> None:
    there = There(project)
    first = there.get("/audit?limit=2")
    there.post("/pauses", {"host": "web3"})
    there.post("/incidents/1/comment", {"text": "seen"})
    second = there.get(f"/audit?limit=2&cursor={first['next']}")
    seen = [each["seq"] for each in [*first["items"], *second["items"]]]
    assert seen == list(range(seen[0], seen[0] - 4, -1))
    there.ask("DELETE", "/pauses?host=web3")


def test_the_record_is_exported_and_verifies_elsewhere(project: Project, tmp_path: Path) -> None:
    there = There(project)
    assert there.get("/audit/verify")["holds"] is True
    exported = there.ask("GET", "/audit/export?format=jsonl")
    assert exported.headers["content-type"] == "application/x-ndjson"
    file = tmp_path / "record.jsonl"
    file.write_text(exported.text)
    done = project.autofix("audit", "verify", "--export", str(file))
    assert done.returncode == 0, done.stderr
    csv = there.ask("GET", "/audit/export?format=csv")
    assert csv.text.startswith("seq,time,actor,action")
