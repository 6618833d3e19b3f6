"""SAFETY tests 1 and 3 from the outside: hostile text posted to a real server's webhook, as value,
key, nested and in a list, reaches a playbook exactly or not at all, and nothing of it runs."""

from __future__ import annotations

import base64
import http.client
import json
from pathlib import Path
from typing import Any

from autofix.core.door import text_fault
from safety.payloads import PAYLOADS
from safety.test_injection import SHAPES, TASKS
from servers.project import Project
from servers.prometheus import free_port

SECRET = "the-senders-own-secret"
CALM = [text for text in PAYLOADS if not text_fault(text)]
RUNBOOK = """
name: {name}
title: {name}
triggers:
  - alert: {name}
    host: instance
    subject: labels.subject
    inputs: {inputs}
inputs: {declared}
fix:
  - playbook: {name}.yml
    vars: {vars}
verify:
  probe: command
  with: {{argv: [/bin/sh, {well}, {marker}], parse: json}}
  until: well
  subject: "''"
  within: 20s
  every: 500ms
"""

WELL = """[ -e "$1" ] && echo '{"well": true}' || echo '{"well": false}'
"""


def aimed(canaries: Path, shape: str) -> list[str]:
    return [text.replace("C", f"{canaries}/{n}-{shape}") for n, text in enumerate(CALM)]


def inputs_of(canaries: Path) -> dict[str, Any]:
    """What stands under each label that an input is filled from."""
    found: dict[str, Any] = {}
    for n, text in enumerate(aimed(canaries, "value")):
        found[f"value_{n}"] = text
    for n, text in enumerate(aimed(canaries, "nested")):
        found[f"nested_{n}"] = {"a": [{"b": {"c": text}}]}
    for n, text in enumerate(aimed(canaries, "list")):
        found[f"list_{n}"] = [[[text]], text]
    return found


class Sender:
    def __init__(self, port: int) -> None:
        self._port = port

    def post(self, body: Any, secret: str = SECRET) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/hooks/mon", data, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def prepared(path: Path, port: int, names: list[str]) -> Project:
    source = {"type": "generic", "auth": "bearer", "secret": SECRET, "name": "body.name"}
    settings = {"sources": {"mon": source}, "web": {"listen": f"127.0.0.1:{port}"}}
    project = Project(path, {"web": {"web1": {}, "web2": {}}, "db": {"db1": {}}}, settings)
    (path / "well.sh").write_text(WELL)
    tasks = "".join(f"    {line}\n" for line in TASKS.strip().splitlines())
    for name, given in (("Inject", names), ("Keys", ["value_0"])):
        declared = {one: {"type": "string", "max_length": 2000} for one in given}
        text = RUNBOOK.format(
            name=name.lower(),
            inputs=json.dumps({one: f"labels.{one}" for one in given}),
            declared=json.dumps(declared),
            vars=json.dumps(
                {
                    "values": [f"{{{{ inputs.{one} }}}}" for one in given],
                    "keys": ["{{ inputs.value_0 }}"],
                }
            ),
            well=path / "well.sh",
            marker=path / "playbooks" / f"mark-{name.lower()}",
        ).replace(f"alert: {name.lower()}", f"alert: {name}")
        project.runbook(name.lower(), text)
        project.playbook(
            f"{name.lower()}.yml",
            "- hosts: all\n  gather_facts: false\n"
            '  vars:\n    af: "{{ event_json | from_json }}"\n  tasks:\n' + tasks
            + "    - name: Mark\n      ansible.builtin.file:\n        state: touch\n"
            f'        path: "{{{{ playbook_dir }}}}/mark-{name.lower()}"\n',
        )  # fmt: skip
    project.playbook("more.yml", "- name: Show\n  ansible.builtin.debug:\n    msg: '{{ given }}'\n")
    project.playbook("page.j2", "{{ af }}\n{{ joined }}\n{% for x in shortly %}{{ x }}{% endfor %}")
    return project


def test_there_are_enough_payloads_of_every_shape() -> None:
    assert len(CALM) >= 40
    assert set(SHAPES) == {"value", "key", "nested", "list"}


def test_hostile_text_of_a_webhook_never_runs(tmp_path: Path) -> None:
    canaries, port = tmp_path / "canaries", free_port()
    canaries.mkdir()
    sent = inputs_of(canaries)
    (tmp_path / "project").mkdir()
    with prepared(tmp_path / "project", port, sorted(sent)) as project:
        checked = project.autofix("check")
        assert checked.returncode == 0, checked.stderr
        project.serve()
        sender = Sender(port)

        # Values, nested ones and lists: as inputs of a run they arrive exactly.
        status, answer = sender.post({"name": "Inject", "instance": "web1", **sent})
        assert (status, answer["verdicts"]) == (202, {"fires": 1}), answer
        project.wait_for((project.path / "playbooks" / "mark-inject").exists)
        done = project.wait_for_state(1, "healed", "escalated", "recovered")
        assert done["state"] == "healed", done["reason"]
        saw = json.loads(base64.b64decode((project.path / "playbooks" / "saw").read_bytes()))
        exact = [
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False,
                                                            sort_keys=True, separators=(",", ":"))
            for _, value in sorted(sent.items())
        ]  # fmt: skip
        assert saw["values"] == exact
        assert set(saw) == {"values", "keys", "host", "incident", "run", "runbook", "kind", "step",
                            "facts", "report"}  # fmt: skip

        # Keys: what would be code as a name is refused, the rest is data that goes nowhere.
        meant = []
        for text in aimed(canaries, "key"):
            status, answer = sender.post(
                {"name": "Keys", "instance": "web2", "value_0": "v", text: {text: [text]}}
            )
            assert status == 202, (text, answer)
            meant.append((text, answer["verdicts"]))
        hostile = [text for text, verdicts in meant if verdicts == {"ignored": 1}]
        assert {text for text in aimed(canaries, "key") if "{{" in text} <= set(hostile)
        assert len(hostile) >= 20

        # As the alert's name, its host and its subject it names nothing of ours.
        for text in aimed(canaries, "value"):
            for body in (
                {"name": text, "instance": "web1"},
                {"name": "Keys", "instance": text},
                {text: "x"},
            ):
                status, answer = sender.post(body)
                assert status in (202, 400), (body, answer)
                assert "fires" not in answer.get("verdicts", {})

        # What no honest sender writes at all: refused at the door.
        for raw in (
            b'{"name": "Keys", "name": "Keys"}',
            b'{"name": "Keys\\u0000", "instance": "web1"}',
            b'{"a": "\\ud800"}',
            b"[" * 40 + b"]" * 40,
        ):
            status, answer = sender.post(raw)
            assert (status, answer["type"]) == (400, answer["type"]), answer

        project.wait_for((project.path / "playbooks" / "mark-keys").exists)
        project.wait_for(lambda: not received(project))
        assert list(canaries.iterdir()) == []
        ran = {each["host"] for each in project.json("runs", "list")}
        assert ran <= {"web1", "web2"}
        titles = [page["title"] for page in project.sent() if "no honest sender" in page["title"]]
        assert titles == ["[P2] mon posted text that no honest sender writes"]
        listed = project.json("alerts", "list", "--limit", "1000")
        assert len([row for row in listed if row["state"] == "refused"]) >= 4
        assert SECRET not in json.dumps(listed)
        assert project.autofix("audit", "verify").returncode == 0


def received(project: Project) -> bool:
    """Something waits to be handled still, or is worked on."""
    live = {"open", "fixing", "verifying", "rolling_back"}
    return any(each["state"] in live for each in project.json("incidents", "list"))
