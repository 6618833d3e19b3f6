"""SAFETY 26: every channel is down. Pages are tried until one works, and somebody outside hears."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from servers.deadman import dead_mans_switch
from servers.http import Answer, http_server
from servers.project import Project
from servers.redis import free_port

BROKEN = """
    name: broken
    title: Never right
    triggers:
      - {probe: command, hosts: web, every: 1s, with: {argv: ["true"], parse: exit}, when: ok}
    fix: [{playbook: nothing.yml}]
    verify: {probe: command, with: {argv: ["false"], parse: exit}, until: ok, within: 1s,
             every: 500ms}
    """
NOTHING = """
    - hosts: web
      gather_facts: false
      tasks:
        - name: nothing
          ansible.builtin.command: {argv: ["true"]}
    """
#: SAFETY's limit, in seconds.
LIMIT = 180.0


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("style", ["healthchecks", "plain"])
def test_with_every_channel_down_the_outside_alarms_and_a_page_leaves_once_one_works(
    tmp_path: Path, style: str
) -> None:
    with http_server() as pager, dead_mans_switch(period=30, grace=30) as switch:
        pager.say(Answer(503))
        down = {"type": "webhook", "url": f"http://127.0.0.1:{free_port()}/"}
        settings: dict[str, Any] = {
            "channels": {"down": down, "pager": {"type": "webhook", "url": pager.url}},
            "policies": {"default": {"channels": ["down", "pager"]}},
            "heartbeat": {"url": switch.url, "every": "30s", "style": style},
        }
        with Project(tmp_path, {"web": {"web1": {}}}, settings) as project:
            project.runbook("broken", BROKEN)
            project.playbook("nothing.yml", NOTHING)
            project.serve()
            project.wait_for(lambda: switch.signs)
            project.wait_for_state(1, "escalated")
            began = time.monotonic()
            project.wait_for(lambda: switch.alarmed_at, LIMIT)
            assert switch.alarmed_at is not None
            took = switch.alarmed_at - began
            print(f"{style}: the outside alarmed after {took:.0f} s")
            assert took < LIMIT
            assert ("pages can't leave" in switch.why) == (style == "healthchecks")
            assert "WITHHELD" in project.autofix("status").stdout
            signs = len(switch.signs)
            pager.say(Answer(200))
            project.wait_for(lambda: len(switch.signs) > signs, LIMIT)
            pages = project.json("incidents", "show", "1")["pages"]
            assert [page["state"] for page in pages] == ["sent"]


def test_a_server_that_dies_or_hangs_gives_no_sign(tmp_path: Path) -> None:
    with dead_mans_switch(period=2, grace=3) as switch:
        settings = {"heartbeat": {"url": switch.url, "every": "1s"}}
        with Project(tmp_path, {"web": {"web1": {}}}, settings) as project:
            project.serve()
            project.wait_for(lambda: len(switch.signs) > 2)
            assert switch.alarmed_at is None
            project.kill()
            began = time.monotonic()
            project.wait_for(lambda: switch.alarmed_at, 20)
            assert time.monotonic() - began < 10
