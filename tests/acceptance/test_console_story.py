"""Two people, the real server, real Ansible, a real browser: run by the form, approve as another,
watch it work, cancel it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from consolekit import Client
from consolekit.chromium import PHONE, Eyes
from consolekit.client import PASSWORD
from servers.project import Project
from servers.site import saying

TIDY = """
    name: tidy
    title: Tidy up
    inputs: {seconds: {type: number, default: 0}}
    fix:
      - {playbook: tidy.yml, vars: {seconds: "{{ inputs.seconds }}"}, approval: always}
    verify: none
    """
PLAY = """
    - hosts: web
      gather_facts: false
      tasks:
        - name: Begin
          ansible.builtin.command: echo begun on {{ inventory_hostname }}
        - name: Take a while
          ansible.builtin.command: {argv: [sleep, "{{ (event_json | from_json).seconds | int }}"]}
    """
#: Milliseconds in which real Ansible gets on, on a busy machine.
SOON = 90_000


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project(tmp_path, {"web": {"web1": {}, "web2": {}}}) as made:
        made.runbook("tidy", TIDY)
        made.playbook("tidy.yml", PLAY)
        for name, role in (("olga", "operator"), ("peter", "approver")):
            done = made.autofix("users", "add", name, "--role", role, given=f"{PASSWORD}\n")
            assert done.returncode == 0, done.stderr
        made.serve()
        yield made


@pytest.mark.timeout(300)
def test_run_by_the_form_approved_by_another_watched_and_cancelled(project: Project) -> None:
    [url] = json.loads((project.path / ".autofix" / "web.json").read_text())["urls"]
    people = {name: Client(url, name) for name in ("olga", "peter")}
    there = SimpleNamespace(url=url, client=people.get)
    seconds = str(10**9 + time.time_ns() % 10**8)  # by which its process is found again
    with Eyes() as eyes:
        first = eyes.look(there, "/runbooks/tidy/run", "olga")
        olga = first.page
        olga.check('input[name="host"][value="web1"]')
        olga.fill("#input-seconds", seconds)
        olga.click('button[name="check"][value=""]')
        expect(olga.locator("main")).to_contain_text("What will be run where")
        olga.click('button[value="run"]')
        expect(olga.locator("main")).to_contain_text("The run was asked for")
        olga.locator("a.line-main").click(timeout=SOON)
        expect(olga.locator("#duty")).to_contain_text("you can’t give it")
        assert saying(seconds) == []

        # Peter says yes, on his phone; olga's page goes on by itself.
        second = eyes.look(there, "/", "peter", width=PHONE)
        peter = second.page
        peter.locator("#incident-1").get_by_role("link").first.click()
        peter.get_by_role("button", name=re.compile("Approve")).first.click()
        peter.locator("#ask-approve").get_by_role("button", name="Approve it").click()
        expect(olga.locator("#story")).to_contain_text("peter approved", timeout=SOON)
        expect(olga.locator("main")).to_contain_text("begun on web1", timeout=SOON)
        project.wait_for(lambda: saying(seconds))

        # The wrong host: she ends it, and both see what came of it.
        olga.get_by_role("link", name="Run 1").first.click()
        expect(olga.locator(".pane")).to_contain_text("begun on web1")
        olga.get_by_role("button", name="Cancel this run").click()
        expect(olga.locator("#cancel")).to_contain_text("may stay half done")
        olga.locator("#cancel").get_by_label("Reason").fill("wrong host")
        olga.locator("#cancel").get_by_role("button", name="Cancel it").click()
        expect(olga.locator("main")).to_contain_text("cancelled by olga: wrong host", timeout=SOON)
        assert saying(seconds) == []
        expect(peter.locator("#story")).to_contain_text("olga", timeout=SOON)
        expect(peter.locator("#duty")).to_contain_text("What you must do now", timeout=SOON)
        assert [*first.complaints, *second.complaints] == []
    for person in people.values():
        person.close()
    assert [(run["state"], run["outcome"]) for run in project.runs(1)] == [
        ("finished", "cancelled")
    ]
    acts = project.json("audit", "list", "--incident", "1")
    by = {each["event"]["actor"] for each in acts}
    assert {"olga", "peter"} <= by
    assert project.autofix("audit", "verify").returncode == 0
