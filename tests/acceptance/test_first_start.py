"""A new server: one link makes the administrator, who lets others in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from servers.project import Project

PASSWORD = "correct horse battery"
SETUP = re.compile(r"(http://127\.0\.0\.1:\d+)(/setup/\S+)")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project(tmp_path, {"web": {"web1": {}}}) as found:
        yield found


def link(project: Project) -> tuple[str, str]:
    """Address and path of the last link that was printed."""
    found: tuple[str, str] = SETUP.findall(project.log.read_text())[-1]
    return found


def session(http: httpx.Client, name: str, code: str = "") -> httpx.Response:
    said = {"name": name, "password": PASSWORD, "code": code}
    return http.post("/api/v1/session", json=said)


def changing(http: httpx.Client, answer: httpx.Response) -> dict[str, str]:
    return {"origin": str(http.base_url).rstrip("/"), "x-csrf-token": answer.json()["csrf"]}


def test_from_the_first_link_to_people_tokens_and_a_second_factor(project: Project) -> None:
    project.serve()
    project.wait_for(lambda: SETUP.search(text(project)))
    address, path = link(project)
    given = {"name": "ann", "password": PASSWORD, "again": PASSWORD}
    with httpx.Client(base_url=address, timeout=30) as http:
        assert "Make the first administrator" in http.get(path).text
        assert http.post(path, data=given, headers={"origin": "null"}).status_code == 403
        assert http.post(path, data=given, headers={"origin": address}).status_code == 200
        assert http.post(path, data=given, headers={"origin": address}).status_code == 403
        assert http.get("/api/v1/users").status_code == 401
        opened = session(http, "ann")
        assert opened.json()["roles"] == ["admin"]
        headers = changing(http, opened)
        second = "/api/v1/session/second-factor"
        totp: Any = pyotp.parse_uri(http.post(second, headers=headers).json()["uri"])
        used = totp.at(time.time())
        assert http.put(second, json={"code": used}, headers=headers).json()["passed"] is True
        rotated = http.post("/api/v1/keys/rotate", headers=headers)
        assert rotated.status_code == 200, rotated.text

    # People and tokens by the command line, through the running server.
    assert (
        project.autofix("users", "add", "ben", "--role", "viewer", given=PASSWORD).returncode == 0
    )
    made = project.autofix("tokens", "add", "ci", "--lasts", "1d", "--owner", "ben")
    token = made.stdout.strip()
    assert token.startswith("af_"), made.stderr
    assert token not in made.stderr

    with httpx.Client(base_url=address, timeout=30) as http:
        bearer = {"authorization": f"Bearer {token}"}
        me = http.get("/api/v1/session", headers=bearer).json()
        assert (me["actor"], me["roles"]) == ("ben (token ci)", ["viewer"])
        refused = http.get("/api/v1/users", headers=bearer)
        assert refused.status_code == 403
        assert "needs the role admin" in refused.json()["detail"]
        assert session(http, "ann").status_code == 401
        assert session(http, "ann", used).status_code == 401  # each code once
        assert session(http, "ann", totp.at(time.time() + 30)).status_code == 200
    entries = project.asks("/audit?limit=200")["items"]
    actions = {entry["event"]["action"] for entry in entries}
    assert {"setup.begun", "user.added", "second_factor.on", "access.denied"} <= actions
    said = str(entries)
    assert PASSWORD not in said
    assert token.rpartition("_")[2] not in said
    assert path.rpartition("/")[2] not in said


def text(project: Project) -> str:
    return project.log.read_text()
