"""The command probe: real programs, run here."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.errors import ProbeError
from autofix.probes.command import CommandProbe, facts_of
from autofix.probes.programs import Result
from servers.ssh_target import ssh_target


def look(timeout: float = 10.0, **options: Any) -> Reading:
    target = Target("web1", "10.0.0.7", {})
    (reading,) = CommandProbe().look(target, options, timeout=timeout, now=time.time())
    return reading


def look_at(target: Target, **options: Any) -> Reading:
    options = {"over": "ssh", **options}
    (reading,) = CommandProbe().look(target, options, timeout=20.0, now=time.time())
    return reading


def script(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_that_ends_well() -> None:
    reading = look(argv=["echo", "all is well"])
    assert reading.facts == {
        "reachable": True,
        "error": None,
        "exit_code": 0,
        "ok": True,
        "output": "all is well",
    }


def test_a_program_that_fails_was_looked_at() -> None:
    reading = look(argv=["sh", "-c", "echo sorry >&2; exit 3"])
    assert reading.facts["reachable"] is True
    assert (reading.facts["exit_code"], reading.facts["ok"]) == (3, False)
    assert reading.facts["output"] == "sorry"
    assert "status" not in reading.facts


def test_a_nagios_plugin() -> None:
    plugin = "echo 'LOAD WARNING - 5.1 | load1=5.1;5;10;0; time=20ms'; exit 1"
    for parse in ("auto", "nagios"):
        facts = look(argv=["sh", "-c", plugin], parse=parse).facts
        assert facts["status"] == "WARNING"
        assert (facts["load1"], facts["time"]) == (5.1, 0.02)
        assert facts["output"] == "LOAD WARNING - 5.1"


def test_json() -> None:
    facts = look(command="""echo '{"queue": 12, "workers": ["a"]}'""").facts
    assert (facts["queue"], facts["workers"]) == (12, ["a"])


def test_only_the_exit_code_counts_when_asked_so() -> None:
    facts = look(argv=["echo", '{"queue": 12}'], parse="exit").facts
    assert "queue" not in facts


def test_a_bar_in_some_text_does_not_make_a_plugin() -> None:
    assert "status" not in look(argv=["echo", "a | b"]).facts


def test_json_that_was_promised_and_does_not_come_was_not_looked_at() -> None:
    reading = look(argv=["sh", "-c", "echo oops; exit 2"], parse="json")
    assert reading.facts["reachable"] is False
    assert reading.error == "printed no JSON, ended with 2; it said: oops"


def test_cut_output_is_said() -> None:
    with pytest.raises(ProbeError, match="cut: it is too long"):
        facts_of(Result(0, '{"a": ', "", cut=True), "json")


def test_words_are_never_given_to_a_shell(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    facts = look(command=f"echo $(touch {canary}) ; touch {canary} `touch {canary}`").facts
    assert not canary.exists()
    assert facts["output"].startswith("$(touch")


def test_the_environment_is_clean_and_tells_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter22")
    code = "import json, os; print(json.dumps({'all': dict(os.environ)}))"
    env = look(argv=script(code), env={"EXTRA": "1"}).facts["all"]
    assert (env["AUTOFIX_HOST"], env["AUTOFIX_ADDRESS"]) == ("web1", "10.0.0.7")
    assert env["EXTRA"] == "1"
    assert "PATH" in env
    assert "SOME_SECRET" not in env


def test_standard_input_is_empty() -> None:
    assert look(argv=["cat"]).facts["exit_code"] == 0


def test_a_program_that_does_not_exist() -> None:
    reading = look(argv=["/nonexistent/check_it"])
    assert reading.facts["reachable"] is False
    assert "no such program: /nonexistent/check_it" in reading.error


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    assert "not allowed to run" in look(argv=[str(tmp_path / "plain")]).error


def test_a_timeout_ends_the_whole_process_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(300)"
    )
    started = time.monotonic()
    reading = look(timeout=1.0, argv=script(code))
    assert time.monotonic() - started < 3
    assert "did not end within 1 s" in reading.error
    deadline = time.monotonic() + 5
    while alive := [pid for pid in pids.read_text().split() if _alive(int(pid))]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.02)


def test_a_child_left_behind_does_not_hold_the_look() -> None:
    started = time.monotonic()
    reading = look(argv=["sh", "-c", "sleep 300 & echo done"])
    assert time.monotonic() - started < 5
    assert reading.facts["output"] == "done"


def test_a_flood_of_output_ends_with_the_timeout_and_little_memory() -> None:
    started = time.monotonic()
    reading = look(timeout=1.0, argv=["yes"])
    assert time.monotonic() - started < 3
    assert "did not end" in reading.error


def test_a_signal_is_an_exit_code_as_in_a_shell() -> None:
    assert look(argv=["sh", "-c", "kill -TERM $$"]).facts["exit_code"] == 143


def test_a_program_over_ssh(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with ssh_target(tmp_path / "sshd") as server:
        plugin = look_at(server.target(), argv=["sh", "-c", "echo 'BAD | x=1ms'; exit 2"])
        quoted = look_at(server.target(), argv=["echo", f"$(touch {canary})", "two  words"])
        missing = look_at(server.target(), argv=["no-such-program-here"])
    assert (plugin.facts["status"], plugin.facts["x"]) == ("CRITICAL", 0.001)
    assert quoted.facts["output"].startswith("$(touch")
    assert not canary.exists()
    assert missing.facts["reachable"] is False
    assert "not found" in missing.error


def test_over_ssh_a_host_that_is_down_was_not_looked_at() -> None:
    dead = Target("web1", "127.0.0.1", {"ansible_host": "127.0.0.1", "ansible_port": 1})
    reading = look_at(dead, argv=["true"])
    assert reading.facts["reachable"] is False
    assert "127.0.0.1 port 1" in reading.error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either argv"),
        ({"argv": ["a"], "command": "a"}, "either argv"),
        ({"argv": []}, "empty"),
        ({"command": "   "}, "empty"),
        ({"command": "echo 'x"}, "no closing quotation"),
        ({"argv": ["echo", "{{ host.name }}"]}, "constant"),
        ({"argv": ["echo", "a\0b"]}, "NUL"),
        ({"argv": ["a"], "over": "telnet"}, "over"),
        ({"argv": ["a"], "env": {"BAD-NAME": "x"}}, "BAD-NAME"),
        ({"argv": ["a"], "over": "ssh", "env": {"A": "x"}}, "SSH"),
        ({"argv": "echo x"}, "argv"),
        ({"argvs": ["x"]}, "did you mean 'argv'"),
    ],
)
def test_options_are_checked_in_words(options: dict[str, Any], said: str) -> None:
    found = CommandProbe().check_options(options)
    assert said in " ".join(found)
    assert look(**options).facts["reachable"] is False


def test_the_schema_of_the_options_is_json() -> None:
    schema = json.loads(json.dumps(CommandProbe().options_schema()))
    assert {"argv", "command", "over", "parse", "env"} == set(schema["properties"])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that its new parent has not collected yet is dead.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
