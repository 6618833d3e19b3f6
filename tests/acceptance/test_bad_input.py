"""Bad input, through the real command line: one clear line, the right exit code, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from servers.project import Project, environment
from servers.redis import free_port, redis_server
from servers.site import saying

Done = subprocess.CompletedProcess[str]

HAND = """
    name: hand
    title: By hand
    inputs:
      size: {type: integer, default: 3, min: 1, max: 9}
    fix:
      - {playbook: touch.yml, vars: {size: "{{ inputs.size }}"}}
    verify: none
    guards: {cooldown: 0s}
    """
WATCH = """
    name: watch
    title: Redis memory above 90 %
    triggers:
      - {probe: redis, hosts: redis, every: 1h, when: used_memory_ratio > 0.9}
    fix:
      - {playbook: touch.yml, when: used_memory_ratio > 0.9}
    verify: {probe: redis, until: used_memory_ratio < 0.85, within: 1s, every: 500ms}
    """
#: Its output tries to clear the terminal and to write a line of its own.
TOUCH = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: say something
          ansible.builtin.debug: {msg: "\\e[2Jall is well\\u202e\\nrun 9 ended ok"}
        - name: fail oddly
          ansible.builtin.command: {argv: [/bin/sh, -c, 'printf "a\\033[31mb\\n" >&2; exit 3']}
          ignore_errors: true
        - name: leave a trace
          ansible.builtin.file: {path: "{{ inventory_dir }}/../touched", state: touch, mode: "0600"}
    """
SLOW = """
    - hosts: redis
      gather_facts: false
      tasks:
        - name: take long
          ansible.builtin.command:
            argv: [/bin/sh, -c, "touch {{ inventory_dir }}/../slow; exec sleep MARK"]
    """


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A right project without a server; tests that use it leave it right."""
    with made(tmp_path_factory.mktemp("shared")) as project:
        yield project


def made(path: Path, **variables: Any) -> Project:
    host = {"ansible_host": "127.0.0.1", "redis_port": free_port(), **variables}
    project = Project(path, {"redis": {"r1": host}})
    project.runbook("hand", HAND)
    project.runbook("watch", WATCH)
    project.playbook("touch.yml", TOUCH)
    return project


def said(done: Done, code: int, *words: str) -> None:
    """The exit code, and one line on standard error that holds these words."""
    assert done.returncode == code, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], f"{done.args}: {word!r} is not in {lines[0]!r}"


def told(done: Done, code: int, *words: str) -> None:
    """The exit code, no traceback, and these words somewhere."""
    text = done.stdout + done.stderr
    assert done.returncode == code, f"{done.args}: {done.returncode}\n{text}"
    assert "Traceback" not in text
    for word in words:
        assert word in text, f"{done.args}: {word!r} is not in {text!r}"


def holds(project: Project) -> None:
    told(project.autofix("audit", "verify"), 0, "the record holds")


def limited(project: Project, program: list[str], *words: str) -> Done:
    """The command line behind a program that takes something away from it."""
    return subprocess.run(
        [*program, sys.executable, "-m", "autofix", "-C", str(project.path), *words], text=True,
        capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip


def started(project: Project, *words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "autofix", "-C", str(project.path), *words], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(), **more,
    )  # fmt: skip


#: Those that need no inventory are in tests/unit/cli/test_wrong_words.py.
WRONG_WORDS = [
    ("run hnd --host r1", "there is no runbook 'hnd'", "did you mean 'hand'?"),
    ("run hand --host r2", "'r2' is not a host of the inventory", "known: r1"),
    ("run hand --host redis", "'redis' is a group, not a host", "its hosts: r1"),
    ("run hand", "names no host", "--host"),
    ("run hand --host r1 -e sise=1", "there is no input 'sise'", "size"),
    ("run hand --host r1 -e size=10", "size", "above the maximum 9"),
    ("run hand --host r1 -e size=1 -e size=2", "'size' is given twice"),
    ("probe redis --host r1 --with prot=1", "unknown key 'prot'", "port"),
    ("pause --host r2", "'r2' is not a host", "known: r1"),
]


def test_wrong_words_get_one_line_that_says_what_would_be_right(shared: Project) -> None:
    with ThreadPoolExecutor(3) as pool:
        results = pool.map(lambda each: shared.autofix(*each[0].split()), WRONG_WORDS)
        for (_, *words), done in zip(WRONG_WORDS, results, strict=True):
            said(done, 2, *words)
            assert done.stdout == ""
    assert shared.json("audit", "list") == []


def test_debug_shows_where_it_came_from_and_keeps_the_exit_code(shared: Project) -> None:
    done = shared.autofix("incidents", "show", "99", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("autofix: there is no incident 99")


def test_every_command_that_prints_data_prints_json_of_nothing(shared: Project) -> None:
    for words in ("incidents list --all", "runs list", "audit list"):
        assert shared.json(*words.split()) == []
    assert shared.json("status")["incidents"] == []
    assert shared.json("audit", "verify")["breaks"] == []
    assert {each["level"] for each in shared.json("check")} == {"warning"}
    assert shared.json("why", "watch", "--host", "r1")["host"] == "r1"


def test_no_project_or_no_folder_says_how_to_make_one(tmp_path: Path) -> None:
    def autofix(*words: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "autofix", *words], cwd=tmp_path, text=True, env=environment(),
            capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    said(autofix("status"), 2, "there is no autofix.yaml here or above", "autofix init")
    said(autofix("-C", "nowhere", "check"), 2, "there is no folder nowhere")
    (tmp_path / "file").write_text("")
    said(autofix("init", "file"), 2, "file")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "runbooks").write_text("in the way")
    said(autofix("init", "half"), 2, "half/runbooks", "can't be written")
    (tmp_path / "half" / "runbooks").unlink()
    assert autofix("init", "half").returncode == 0
    assert autofix("-C", "half", "check").returncode == 0
    (tmp_path / "half" / "autofix.yaml").write_text("")
    done = autofix("-C", "half", "check")
    told(done, 2, "there is no escalation policy 'default'", "policies:")


def test_broken_files_are_named_with_file_and_line(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        runbook, settings = tmp_path / "runbooks" / "watch.yaml", tmp_path / "autofix.yaml"
        hosts, playbook = tmp_path / "inventory" / "hosts.yml", tmp_path / "playbooks" / "touch.yml"
        good = {each: each.read_text() for each in (runbook, settings, hosts, playbook)}
        runbook.write_text("name: watch\ntitle: x\nfix: [\n")
        told(project.autofix("check"), 2, f"{runbook}:4: not YAML", "1 error, ")
        said(project.autofix("run", "watch", "--host", "r1"), 2, f"{runbook}:4: not YAML")
        runbook.write_text(good[runbook])

        hosts.write_text("redis:\n  hosts: [\n")
        told(project.autofix("check"), 2, f"{hosts}:3: ")
        said(project.autofix("serve"), 2, f"{hosts}:3: ")
        hosts.write_text(good[hosts])

        playbook.write_text("- hosts: redis\n  tasks:\n    - name: [x\n")
        told(project.autofix("check"), 2, f"{playbook}:4: not YAML")
        playbook.unlink()
        said(project.autofix("run", "hand", "--host", "r1"), 2, "there is no playbook touch.yml")
        playbook.write_text(good[playbook])

        # Where the record is stands in the settings: no other one may be shown or made instead.
        elsewhere = "state: elsewhere\nstore: sqlite:///elsewhere/autofix.db\n"
        shutil.rmtree(tmp_path / ".autofix", ignore_errors=True)
        settings.write_text(elsewhere + good[settings])
        assert project.autofix("pause").returncode == 0
        settings.write_text(elsewhere + good[settings] + "channels: [\n")
        for words in (["status"], ["pause"]):
            done = project.autofix(*words)
            told(done, 2, f"{settings}:")
            assert done.stdout == ""
        assert not (tmp_path / ".autofix").exists()
        settings.write_text(elsewhere.replace("state:", "stat:") + good[settings])
        told(project.autofix("resume"), 2, "unknown key 'stat'", "did you mean 'state'?")
        settings.write_text(elsewhere + good[settings])
        assert project.autofix("resume").returncode == 0
        holds(project)


def test_a_redis_that_cant_be_asked_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    with redis_server(password="r1ght") as server:
        variables = {**server.variables, "redis_password": "wr0ng"}
        with made(tmp_path, **variables) as project:
            wrong = project.autofix("probe", "redis", "--host", "r1")
            said(wrong, 1, "redis could not look at r1", "password")
            server.stop()
            refused = project.autofix("probe", "redis", "--host", "r1", "--json")
            said(refused, 1, "redis could not look at r1", "refused the connection")
            assert json.loads(refused.stdout)[0]["facts"]["reachable"] is False
            by_hand = project.autofix("run", "watch", "--host", "r1")
            told(by_hand, 3, "not started", "refused the connection")
            assert project.json("runs", "list") == []
            assert project.json("incidents", "list") == []
            for done in (wrong, refused, by_hand, project.autofix("audit", "export")):
                assert "wr0ng" not in done.stdout + done.stderr
            holds(project)


def test_what_hosts_print_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        live = project.autofix("run", "hand", "--host", "r1")
        assert live.returncode == 0, live.stdout + live.stderr
        log, show = (project.autofix("runs", each, "1") for each in ("log", "show"))
        assert "all is well" in log.stdout
        for done in (live, log, show, project.autofix("audit", "export")):
            text = done.stdout + done.stderr
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert not any(line.startswith("run 9") for line in text.splitlines())
        assert any(r["kind"] == "ignored" for r in project.json("runs", "log", "1"))

        # The reader of our output leaves: the work goes on to its end.
        (tmp_path / "touched").unlink()
        line = f"{sys.executable} -m autofix -C {tmp_path} run hand --host r1"
        piped = subprocess.run(
            ["bash", "-c", f"{line} | head -1; exit ${{PIPESTATUS[0]}}"], text=True,
            capture_output=True, timeout=120, check=False, env=environment(),
        )  # fmt: skip
        told(piped, 0)
        assert len(piped.stdout.splitlines()) == 1
        assert (tmp_path / "touched").exists()
        assert project.json("runs", "show", "2")["outcome"] == "ok"
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "autofix", "-C", str(tmp_path), "status"], text=True,
                stdout=full, stderr=subprocess.PIPE, check=False, env=environment(),
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == "autofix: the output failed: No space left on device\n"

        project.playbook("touch.yml", "- hosts: redis\n  tasks:\n    - no_such_module: {}\n")
        told(project.autofix("check", "--lint"), 2, "touch.yml:3: couldn't resolve module/action")
        told(project.autofix("run", "hand", "--host", "r1"), 1,
             "run 3 ended failed", "couldn't resolve module/action", "touch.yml:3")  # fmt: skip
        # The person who was paged mends it and starts the same incident's fix again.
        project.playbook("touch.yml", TOUCH)
        again = project.autofix("run", "hand", "--host", "r1")
        told(again, 0, "starts the fix again", "run 4 ended ok", "done")
        assert "run 3" not in again.stdout
        assert project.incident(3)["state"] == "done"
        holds(project)


@pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit")
def test_a_full_disk_stops_what_would_write_and_loses_nothing(shared: Project) -> None:
    assert shared.autofix("pause", "--reason", "first").returncode == 0
    assert shared.autofix("resume").returncode == 0
    before = shared.json("audit", "verify")["size"]
    # No file may grow: for the database the disk is full.
    full = ["prlimit", "--fsize=4096"]
    for words in (["resume"], ["run", "hand", "--host", "r1"]):
        done = limited(shared, full, *words)
        told(done, 4, "autofix.db")
        assert "run 1 " not in done.stdout
    paused = limited(shared, full, "pause", "--reason", "the disk is full")
    told(paused, 4, "paused: nothing new starts", "not on the record", "the pause is in force")
    assert "the disk is full" in shared.json("status")["halted"]
    assert shared.autofix("resume").returncode == 0
    report = shared.json("audit", "verify")
    assert report["breaks"] == []
    assert report["size"] >= before
    assert shared.json("runs", "list") == []


def _bwrap() -> bool:
    argv = ["bwrap", "--dev-bind", "/", "/", "true"]
    return bool(shutil.which("bwrap")) and not subprocess.run(argv, check=False).returncode


@pytest.mark.skipif(not _bwrap(), reason="needs bwrap")
def test_a_state_folder_that_cant_be_written_is_named(shared: Project, tmp_path: Path) -> None:
    assert shared.autofix("status").returncode == 0
    state = str(shared.path / ".autofix")
    frozen = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", state, state]
    said(limited(shared, frozen, "pause"), 4, f"{state}/paused", "Read-only", "touch")
    for words in (["run", "hand", "--host", "r1"], ["serve"]):
        said(limited(shared, frozen, *words), 4, state, "can be written")
    said(limited(shared, ["bwrap", "--dev-bind", "/", "/", "--ro-bind", *[str(tmp_path)] * 2],
                 "init", str(tmp_path / "new")), 2, "new", "Read-only")  # fmt: skip
    holds(shared)


def test_ctrl_c_ends_the_playbook_however_often_it_is_pressed(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        mark = _slow(project)
        for number in (1, 2):
            child = _in_the_middle(project)
            assert saying(mark)
            child.send_signal(signal.SIGINT)
            if number == 2:
                with pytest.raises(subprocess.TimeoutExpired):
                    child.wait(0.1)
                child.send_signal(signal.SIGINT)
                child.send_signal(signal.SIGTERM)
            out, err = child.communicate(timeout=60)
            assert child.returncode == 130, out + err
            assert err == f"autofix: interrupted: see `autofix incidents show {number}`\n"
            assert not saying(mark)
            story = project.json("incidents", "show", str(number))
            assert story["incident"]["state"] == "escalated"
            assert "interrupted" in story["incident"]["reason"]
            assert [run["outcome"] for run in story["runs"]] == ["cancelled"]
            assert project.autofix("incidents", "resolve", str(number)).returncode == 0
        holds(project)


def _slow(project: Project) -> str:
    """Let the playbook take long; the mark by which its task's process is known."""
    mark = f"300.{free_port()}"  # of no other test
    project.playbook("touch.yml", SLOW.replace("MARK", mark))
    return mark


def _in_the_middle(project: Project) -> subprocess.Popen[str]:
    """A person's run whose playbook is at its long task."""
    slow = project.path / "slow"
    slow.unlink(missing_ok=True)
    child = started(project, "run", "hand", "--host", "r1", start_new_session=True)

    def at_it() -> bool:
        assert child.poll() is None, child.communicate()
        return slow.exists()

    project.wait_for(at_it)
    return child


def test_beside_a_server(tmp_path: Path) -> None:
    """A second server, keys pressed twice, a terminal that leaves, files broken meanwhile."""
    with made(tmp_path) as project:
        mark = _slow(project)
        server = project.serve()
        said(project.autofix("serve"), 4, f"serve pid {server.pid}", "already works on this store",
             "stop it first")  # fmt: skip

        child = _in_the_middle(project)
        told(project.autofix("run", "hand", "--host", "r1"), 3, "incident 1 is already open")
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
        assert child.returncode == 130
        assert "the server goes on with it" in err
        assert len(err.splitlines()) == 1
        assert saying(mark)
        presses = [started(project, "runs", "cancel", "1") for _ in range(2)]
        ends = [(press.communicate(timeout=60), press.returncode) for press in presses]
        assert {code for _, code in ends} <= {0, 3}, ends
        project.wait_for_state(1, "escalated")
        assert not saying(mark)

        for verb, action in (("ack", "acknowledged"), ("resolve", "resolved")):
            presses = [started(project, "incidents", verb, "1") for _ in range(2)]
            for press in presses:
                out, err = press.communicate(timeout=60)
                assert press.returncode == 0, out + err
                assert f"incident 1 is {action}" in out
        said(project.autofix("incidents", "approve", "1"), 3, "incident 1 is resolved")
        record = [each["event"]["action"] for each in project.json("audit", "list")]
        assert record.count("incident.acknowledged") == record.count("incident.resolved") == 1

        _broken_meanwhile(project, "autofix.yaml", "runbooks/watch.yaml")
        _broken_meanwhile(project, "inventory/hosts.yml")
        assert project.stop() == 0
        holds(project)


def _broken_meanwhile(project: Project, *names: str) -> None:
    """They are not in force, which the log and `status` say; put right again, they are."""
    good = {name: (project.path / name).read_text() for name in names}
    before = len(project.log.read_text())
    for name, text in good.items():
        (project.path / name).write_text(text + "\n: [broken\n")
    project.wait_for(lambda: "the last good ones are" in project.log.read_text()[before:])
    problems = project.json("status")["rejected"]["event"]["payload"]["problems"]
    shown = project.autofix("status")
    told(shown, 0, "REJECTED", "the last good ones are", "autofix check")
    for name in names:
        assert any(f"{name}:" in problem for problem in problems)
        assert f"{name}:" in project.log.read_text()[before:]
    before = len(project.log.read_text())
    for name, text in good.items():
        (project.path / name).write_text(text)
    project.wait_for(lambda: "changed files are in force" in project.log.read_text()[before:])
    assert project.json("status")["rejected"] is None


APPROVE = HAND.replace("touch.yml, vars", "touch.yml, approval: always, vars")


def test_of_two_that_press_at_the_same_time_one_acts(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        both = [started(project, "run", "hand", "--host", "r1") for _ in range(2)]
        ends = [(each.communicate(timeout=120), each.returncode) for each in both]
        codes = sorted(code for _, code in ends)
        assert codes in ([0, 3], [0, 0]), ends  # one after the other is right, too
        outcomes = [run["outcome"] for run in project.json("runs", "list")]
        assert outcomes == ["ok"] * codes.count(0)

        project.runbook("hand", APPROVE)
        waiting = project.autofix("run", "hand", "--host", "r1")
        told(waiting, 3, "autofix incidents approve")
        number = str(project.json("incidents", "list")[0]["id"])
        approved = project.autofix("incidents", "approve", number)
        said(approved, 3, "can't approve it", "somebody else")
        presses = [started(project, "incidents", "reject", number) for _ in range(2)]
        ended = sorted((press.communicate(timeout=60)[1], press.returncode) for press in presses)
        assert [code for _, code in ended] == [0, 3], ended
        holds(project)


def test_more_than_one_host_is_never_agreed_to_without_a_person(tmp_path: Path) -> None:
    with made(tmp_path) as project:
        local = {"ansible_connection": "local", "redis_port": 1}
        project.inventory({"redis": {"r1": local, "r2": local}})
        done = project.autofix("run", "watch")
        said(done, 2, "this would run watch on 2 hosts: r1, r2", "--yes")
        assert project.json("runs", "list") == []


def test_help_needs_no_project() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autofix"], text=True, capture_output=True, check=False,
        env=environment(), cwd=os.sep,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: autofix")
    assert "incidents" in done.stderr
