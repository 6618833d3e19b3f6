"""The real runner: what it passes in, what it tells, and how a run ends."""

import json
import os
import threading
import time

import pytest

from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import Outcome
from autofix.errors import RunnerError
from servers.site import Site, alive, eventually

HOSTILE = {
    "template": "{{ lookup('pipe', 'touch canary') }}",
    "__ansible_vault": {"__ansible_unsafe": "{{ 1 + 1 }}"},
    "text": "a'b\"c\\d\n\x1b\u202e\ufeffü😀\ud800",
    "numbers": [1, 2.5, -0, 10**30, None, True],
}


def test_variables_arrive_exactly_as_they_were_given_and_nothing_is_evaluated(tmp_path):
    site = Site(tmp_path)
    got = tmp_path / "got.json"
    site.tasks(f"- copy: {{dest: '{got}', content: '{{{{ event_json }}}}'}}")
    result = site.run(variables=HOSTILE)
    assert result.outcome == Outcome.OK
    assert json.loads(got.read_text()) == HOSTILE
    assert not list(tmp_path.rglob("canary"))


def test_events_tell_the_run_and_the_report_comes_back(tmp_path):
    site = Site(tmp_path)
    site.tasks(
        """
        - name: ask
          command: echo "{{ (event_json | from_json).word }}"
        - name: many
          debug: {msg: "{{ item }}"}
          loop: [a, b]
        - debug: {var: ansible_check_mode}
        - command: "false"
          ignore_errors: true
        - set_stats: {data: {autofix_report: {freed: 5, of: {x: [1]}}}}
        """
    )
    result = site.run(variables={"word": "hello"})
    assert result.outcome == Outcome.OK
    assert result.reason == "4 tasks went well, 1 changed something, 1 failed and ignored"
    assert result.report == {"freed": 5, "of": {"x": [1]}}
    assert result.stats["web1"]["ok"] == 5
    assert result.rc == 0
    assert not result.truncated
    assert site.kinds()[:3] == ["start", "play", "task"]
    assert site.kinds()[-1] == "stats"
    assert site.texts("output") == ["hello", "a", "b", "false"]
    (changed,) = [event for event in site.events if event.kind == "changed"]
    assert (changed.task, changed.host, changed.data["rc"]) == ("ask", "web1", 0)
    assert [event.data["item"] for event in site.events if "item" in event.data] == ["a", "b"]
    assert "ignored" in site.kinds()
    assert site.left_in_runs() == []


def test_a_report_that_is_too_large_is_cut_and_marked(tmp_path):
    site = Site(tmp_path)
    site.tasks("- set_stats: {data: {autofix_report: {big: \"{{ 'x' * 200000 }}\"}}}")
    result = site.run()
    assert result.outcome == Outcome.OK
    assert result.truncated
    assert len(json.dumps(dict(result.report))) < 70_000


def test_what_no_log_hides_is_hidden_here_too(tmp_path):
    site = Site(tmp_path)
    site.tasks(
        """
        - command: echo topsecret
          no_log: true
        - command: "sh -c 'echo topsecret; exit 1'"
          no_log: true
          loop: [topsecret]
        """
    )
    result = site.run()
    assert result.outcome == Outcome.FAILED
    assert "topsecret" not in repr(site.events) + repr(result)
    assert site.texts("output") == ["(hidden by no_log)"]


def test_a_task_is_told_when_it_starts_not_when_it_ends(tmp_path):
    site = Site(tmp_path)
    release = tmp_path / "release"
    site.tasks(f"- name: slow\n  wait_for: {{path: '{release}', timeout: 30, sleep: 1}}")
    thread = threading.Thread(target=site.run)
    thread.start()
    eventually(lambda: [event for event in site.events if event.task == "slow"])
    assert "ok" not in site.kinds()
    release.touch()
    thread.join(30)
    assert "ok" in site.kinds()


def test_a_run_gets_nothing_of_the_servers_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVER_SECRET", "hunter22")
    monkeypatch.setenv("ANSIBLE_HOST_KEY_CHECKING", "False")
    (tmp_path / "playbooks-cwd").mkdir()
    monkeypatch.chdir(tmp_path / "playbooks-cwd")
    (tmp_path / "playbooks-cwd" / "ansible.cfg").write_text("[tags]\nrun = nosuchtag\n")
    site = Site(tmp_path)
    got = tmp_path / "environment"
    site.tasks(f"- shell: env > '{got}'; ls -R $AUTOFIX_FOLDER >> '{got}'")
    assert site.run().outcome == Outcome.OK
    told = got.read_text()
    assert "hunter22" not in told
    assert "ANSIBLE_HOST_KEY_CHECKING=True" in told
    assert f"AUTOFIX_FOLDER={site.options.runs}/1-" in told
    assert "events.sock" not in told
    assert "variables.json\n" in told
    assert "command\n" not in told


def test_the_private_folder_is_ours_alone_while_the_run_lasts(tmp_path):
    site = Site(tmp_path)
    got = tmp_path / "modes"
    site.tasks(f"- shell: cd $AUTOFIX_FOLDER; stat -c '%a %n' . *.json > '{got}'")
    assert site.run().outcome == Outcome.OK
    modes = dict(reversed(line.split()) for line in got.read_text().splitlines())
    assert modes.pop(".") == "700"
    assert set(modes) == {"variables.json", "connection.json", "order.json"}
    assert set(modes.values()) == {"600"}
    assert oct(site.options.runs.stat().st_mode & 0o777) == "0o700"


def test_an_event_that_cannot_be_kept_ends_the_run_and_is_told(tmp_path):
    site = Site(tmp_path)
    made = tmp_path / "made"
    site.tasks(f"- command: sleep 5\n- file: {{path: '{made}', state: touch}}")

    def full(event):
        if event.kind == "task":
            raise OSError("disk full")

    with pytest.raises(RunnerError, match="disk full"):
        site.run(on_event=full)
    assert not made.exists()
    assert site.left_in_runs() == []


def test_a_playbook_beside_others_finds_its_files_and_roles(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "playbooks" / "more").mkdir()
    (tmp_path / "playbooks" / "more" / "tasks.yml").write_text("- debug: {msg: from a file}\n")
    site.playbook(
        "- hosts: all\n  gather_facts: false\n  tasks: [include_tasks: tasks.yml]\n",
        name="more/play.yml",
    )
    assert site.run(playbook="more/play.yml").outcome == Outcome.OK
    assert site.texts("output") == ["from a file"]


def test_a_state_folder_with_a_very_long_path_works(tmp_path):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    site = Site(deep)
    site.tasks("- debug:")
    assert site.run().outcome == Outcome.OK


def test_a_state_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    site = Site(tmp_path)
    site.tasks("- debug:")
    (tmp_path / "state").write_text("a file")
    with pytest.raises(RunnerError, match="run 1 could not be started"):
        site.run()


def test_leftovers_of_a_dead_owner_are_ended_and_their_folders_removed(tmp_path):
    site = Site(tmp_path)
    site.tasks("- command: sleep 60")
    runner = AnsibleRunner(site.options)
    results = []
    threads = [
        threading.Thread(
            target=lambda n=n: results.append(
                runner.run(site.order(run_id=n), site.events.append, site.cancel)
            )
        )
        for n in (7, 8)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: sum(event.kind == "task" for event in site.events) == 2)
    started = time.monotonic()
    assert list(runner.end_leftovers([7, 99])) == [7]
    assert time.monotonic() - started < 2
    assert list(runner.end_leftovers([7])) == []
    assert [path.name.split("-")[0] for path in site.options.runs.iterdir()] == ["8"]
    site.cancel.set()
    for thread in threads:
        thread.join(30)
    assert sorted(result.outcome for result in results) == [Outcome.CANCELLED, Outcome.FAILED]


def test_leftovers_of_another_state_folder_are_left_alone(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, other = Site(tmp_path / "a"), Site(tmp_path / "b")
    other.tasks("- shell: echo $$ > pid; exec sleep 60".replace("pid", f"{tmp_path}/pid"))
    thread = threading.Thread(target=other.run)
    thread.start()
    eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    assert list(AnsibleRunner(mine.options).end_leftovers([1])) == []
    assert "task" in other.kinds()
    assert alive(os.getpid())
    assert thread.is_alive()
    other.cancel.set()
    thread.join(30)
