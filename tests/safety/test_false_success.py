"""A run that did nothing, or hid that it failed, never counts as a success. Each says why."""

import pytest

from autofix.core.runs import Outcome
from servers.site import HOSTS, Site

FAILED, UNREACHABLE = Outcome.FAILED, Outcome.UNREACHABLE
NOWHERE = "  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}"

TASKS = {
    "skipped": ("- command: 'true'\n  when: false", FAILED, "every task was skipped on web1"),
    "loop skipped": (
        "- command: 'true'\n  loop: [1, 2]\n  when: false",
        FAILED,
        "every task was skipped on web1",
    ),
    "ignored": (
        "- name: mend\n  command: 'false'\n  ignore_errors: true",
        FAILED,
        "all that ran failed and was ignored: task 'mend': non-zero return code",
    ),
    "rescued": (
        "- block:\n    - fail: {msg: no luck}\n  rescue:\n    - debug: {msg: x}",
        FAILED,
        "rescued, so not done: task 'fail': no luck",
    ),
    "unreachable": (f"- command: 'true'\n{NOWHERE}", UNREACHABLE, "web1 was unreachable"),
    "unreachable ignored": (
        f"- command: 'true'\n{NOWHERE}\n  ignore_unreachable: true\n- debug:",
        UNREACHABLE,
        "web1 was unreachable",
    ),
    "wrong tag": ("- command: 'true'\n  tags: [never]", FAILED, "none by tags"),
    "check mode in the playbook": (
        "- file: {path: made, state: touch}\n  check_mode: true",
        FAILED,
        "in check mode only: nothing was changed",
    ),
    "ended at once": ("- meta: end_play\n- debug:", FAILED, "nothing ran on web1"),
    "failed": ("- fail: {msg: bad disk}", FAILED, "failed in task 'fail': bad disk"),
}
PLAYBOOKS = {
    "no hosts": ("- hosts: nobody\n  tasks: [debug: ]\n", "no hosts matched"),
    "another host": ("- hosts: web2\n  tasks: [debug: ]\n", "no hosts matched"),
    "only facts": (
        "- hosts: all\n  tasks: [{command: 'true', when: false}]\n",
        "every task was skipped on web1",
    ),
    "empty file": ("", "Empty playbook, nothing to do"),
    "empty list": ("[]\n", "must contain at least one play"),
    "no tasks": ("- hosts: all\n  gather_facts: false\n", "nothing ran on web1"),
    "broken YAML": ("- hosts: all\n  tasks:\n    - debug: {msg: [\n", "play.yml"),
    "no such module": (
        "- hosts: all\n  tasks: [no.such.module: {}]\n",
        "couldn't resolve module/action 'no.such.module'",
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_tasks_that_did_nothing_are_no_success(tmp_path, name):
    tasks, outcome, words = TASKS[name]
    site = Site(tmp_path)
    site.tasks(tasks)
    result = site.run()
    assert (result.outcome, words in result.reason) == (outcome, True), result.reason
    assert site.left_in_runs() == []


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_that_is_not_for_this_host_or_no_playbook_is_no_success(tmp_path, name):
    text, words = PLAYBOOKS[name]
    site = Site(tmp_path)
    site.playbook(text)
    result = site.run()
    assert (result.outcome, words in result.reason) == (FAILED, True), result.reason
    assert "\n" not in result.reason


def test_a_tag_switched_off_by_the_configuration_is_no_success(tmp_path):
    config = tmp_path / "ansible.cfg"
    config.write_text("[tags]\nrun = nosuchtag\n")
    site = Site(tmp_path, config=config)
    site.tasks("- command: 'true'")
    result = site.run()
    assert result.outcome == FAILED
    assert "none by tags" in result.reason


def test_a_host_that_is_not_in_the_inventory_is_no_success(tmp_path):
    site = Site(tmp_path)
    site.playbook("- hosts: localhost\n  gather_facts: false\n  tasks: [debug: ]\n")
    for host in ("localhost", "web9"):
        result = site.run(host=host)
        assert (result.outcome, "no hosts" in result.reason) == (FAILED, True), result.reason


def test_a_group_is_found_out_before_any_task_touches_its_hosts(tmp_path):
    group = "  children:\n    webs: {hosts: {web1: {}, web2: {}}}\n"
    site = Site(tmp_path, hosts=HOSTS + group)
    made = tmp_path / "made"
    site.tasks(f"- file: {{path: '{made}', state: touch}}")
    result = site.run(host="webs")
    assert result.outcome == FAILED
    assert "not approved: web1" in result.reason
    assert not made.exists()


def test_a_rehearsal_changes_nothing_and_says_that_it_was_one(tmp_path):
    site = Site(tmp_path)
    made = tmp_path / "made"
    site.tasks(f"- file: {{path: '{made}', state: touch}}")
    result = site.run(check=True)
    assert result.reason == "check mode: 1 of 1 task would change something"
    assert not made.exists()


def test_hosts_added_by_the_playbook_are_not_run_on(tmp_path):
    site = Site(tmp_path)
    made = tmp_path / "made"
    site.playbook(
        f"""
        - hosts: all
          gather_facts: false
          tasks: [add_host: {{name: web9, groups: extra, ansible_connection: local}}]
        - hosts: extra, web2
          gather_facts: false
          tasks: [file: {{path: '{made}', state: touch}}]
        """
    )
    result = site.run()
    assert result.outcome == Outcome.OK
    assert list(result.stats) == ["web1"]
    assert not made.exists()
