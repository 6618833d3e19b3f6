"""SAFETY test 1: hostile text as value, key, nested and in a list, end to end: no canary, exact."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autofix.core.runs import Outcome
from safety.payloads import PAYLOADS
from servers.site import Site

#: What playbooks do with variables, each of them with every hostile text.
TASKS = """
- name: Keep everything
  ansible.builtin.copy:
    content: "{{ af | to_json | b64encode }}"
    dest: "{{ playbook_dir }}/saw"
- name: Show
  ansible.builtin.debug:
    msg: "{{ af }} {{ af.values }}"
- name: Show a variable
  ansible.builtin.debug:
    var: af
- name: Show the leaf
  ansible.builtin.debug:
    msg: "{{ event_json }}"
- name: Make facts
  ansible.builtin.set_fact:
    kept: "{{ af }}"
    joined: "{{ af['values'] | join(' ') }}"
    shortly: "{{ af['values'] | map('upper') | list }}"
- name: Use facts
  ansible.builtin.debug:
    msg: "{{ kept }} {{ joined }} {{ shortly }} {{ kept['values'][0] }}"
- name: Give them to a program
  ansible.builtin.command:
    argv: "{{ ['printf', '%s', '--'] + af['values'] + af['keys'] }}"
  register: said
- name: Use what the program said
  ansible.builtin.debug:
    msg: "{{ said.stdout }} {{ said }}"
- name: Give them to a shell's input
  ansible.builtin.command:
    argv: [cat]
    stdin: "{{ joined }}"
- name: Write them by a template
  ansible.builtin.template:
    src: page.j2
    dest: "{{ playbook_dir }}/page"
- name: Compare
  ansible.builtin.assert:
    that:
      - item == item | string
      - item != 'nothing'
    fail_msg: "{{ item }}"
    quiet: true
  loop: "{{ af['values'] }}"
  loop_control:
    label: "{{ item }}"
- name: Include with variables
  ansible.builtin.include_tasks: more.yml
  vars:
    given: "{{ af['values'] }}"
- name: Report
  ansible.builtin.set_stats:
    data:
      autofix_report:
        seen: "{{ af }}"
"""
SHAPES = ("value", "key", "nested", "list")


def variables(canaries: Path) -> dict[str, Any]:
    """Every payload in every shape; each with a canary file of its own."""
    aimed = {
        shape: [text.replace("C", f"{canaries}/{n}-{shape}") for n, text in enumerate(PAYLOADS)]
        for shape in SHAPES
    }
    return {
        **{f"value_{n}": text for n, text in enumerate(aimed["value"])},
        **{text: {text: text} for text in aimed["key"]},
        "nested": {"a": [{"b": {"c": text}} for text in aimed["nested"]]},
        "list": [[[text]] for text in aimed["list"]],
        "values": aimed["value"] + aimed["list"],
        "keys": aimed["key"],
    }


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    folder = tmp_path / "canaries"
    folder.mkdir()
    return folder


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 40
    assert sum("C" in text for text in PAYLOADS) >= 40


def test_hostile_text_is_never_run_and_arrives_exactly(tmp_path: Path, canaries: Path) -> None:
    site = Site(tmp_path)
    tasks = "".join(f"    {line}\n" for line in TASKS.strip().splitlines())
    site.playbook(
        "- hosts: web1\n  gather_facts: false\n"
        '  vars:\n    af: "{{ event_json | from_json }}"\n  tasks:\n' + tasks
    )
    site.playbook("- name: Show\n  ansible.builtin.debug:\n    msg: '{{ given }}'\n", "more.yml")
    site.playbook("{{ af }}\n{{ joined }}\n{% for x in shortly %}{{ x }}{% endfor %}\n", "page.j2")
    sent = variables(canaries)
    result = site.run(variables=sent)
    assert result.outcome == Outcome.OK, result.reason
    saw = base64.b64decode((tmp_path / "playbooks/saw").read_bytes())
    assert json.loads(saw) == sent
    assert list(canaries.iterdir()) == []
    assert {event.host for event in site.events} <= {"", "web1"}


@pytest.mark.parametrize("key", ["__ansible_unsafe", "__ansible_vault", "__ansible_type"])
def test_keys_of_ansibles_own_encoding_stay_data_or_end_the_run(
    tmp_path: Path, canaries: Path, key: str
) -> None:
    """`from_json` of core 2.19 refuses them, 2.18 takes them as plain keys: both are safe."""
    site = Site(tmp_path)
    site.playbook(
        "- hosts: web1\n  gather_facts: false\n"
        '  vars:\n    af: "{{ event_json | from_json }}"\n  tasks:\n'
        "    - name: Show\n      ansible.builtin.debug:\n        msg: '{{ af }}'\n"
    )
    texts = [text.replace("C", f"{canaries}/{n}") for n, text in enumerate(PAYLOADS)]
    result = site.run(variables={"facts": [{key: text} for text in texts]})
    assert result.outcome in (Outcome.OK, Outcome.FAILED)
    assert result.outcome == Outcome.OK or "from_json" in result.reason
    assert list(canaries.iterdir()) == []


def test_the_canary_would_sing(tmp_path: Path, canaries: Path) -> None:
    """The control: by the ordinary route, the same text runs."""
    play = tmp_path / "play.yml"
    play.write_text("- hosts: all\n  gather_facts: false\n  tasks: [debug: {msg: '{{ x }}'}]\n")
    given = {"x": PAYLOADS[0].replace("C", f"{canaries}/sang")}
    program = Path(sys.executable).parent / "ansible-playbook"
    command = [program, "-c", "local", "-i", "web1,", play, "-e", json.dumps(given)]
    subprocess.run(command, capture_output=True, check=True)
    assert [path.name for path in canaries.iterdir()] == ["sang"]
