"""The command channel: programs of the user's that take a page."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from autofix.channels.command import CommandChannel, CommandOptions
from autofix.errors import ChannelError
from servers.pages import a_page, hostile_page

SECRET = "s3cret-t0ken-4711"


def channel(program: str, **more: Any) -> CommandChannel:
    argv = [sys.executable, "-c", program]
    return CommandChannel("pager", CommandOptions.model_validate({"argv": argv, **more}))


def refused(made: CommandChannel, timeout: float = 10.0) -> str:
    with pytest.raises(ChannelError) as caught:
        made.send(a_page(), timeout=timeout)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_exit_0_means_delivered_and_the_last_line_is_the_answer() -> None:
    assert channel("print('one'); print('ticket 12')").send(a_page(), timeout=10) == "ticket 12"
    assert channel("pass").send(a_page(), timeout=10) == "exit 0"


def test_the_page_comes_as_json_on_stdin_and_in_short_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "seen"
    program = (
        "import json, os, sys\n"
        f"json.dump([json.load(sys.stdin), dict(os.environ), sys.argv], open({str(file)!r}, 'w'))"
    )
    os.environ["NOT_FOR_CHANNELS"] = "x"
    try:
        channel(program, env={"TOKEN": SECRET}).send(a_page(), timeout=10)
    finally:
        del os.environ["NOT_FOR_CHANNELS"]
    page, env, argv = json.loads(file.read_text())
    assert page["title"] == a_page().title
    assert page["data"]["host"] == "cache1"
    assert env["AUTOFIX_HOST"] == "cache1"
    assert env["AUTOFIX_INCIDENT"] == "7"
    assert env["AUTOFIX_SEVERITY"] == "P1"
    assert env["TOKEN"] == SECRET
    assert "NOT_FOR_CHANNELS" not in env
    assert argv == ["-c"]


def test_a_hostile_page_is_inert_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "seen"
    program = f"import json, os; json.dump(dict(os.environ), open({str(file)!r}, 'w'))"
    channel(program).send(hostile_page(), timeout=10)
    ours = {k: v for k, v in json.loads(file.read_text()).items() if k.startswith("AUTOFIX_")}
    assert len(ours) == 10
    for value in ours.values():
        assert value.isprintable()
        assert len(value) <= 300


def test_another_exit_code_is_a_failure_with_its_last_words() -> None:
    program = "import sys; print('no line', sys.argv[0]); sys.exit('modem is off')"
    assert refused(channel(program)).endswith(": exit 1: modem is off")


def test_secrets_are_struck_out_of_its_words() -> None:
    program = "import os, sys; sys.exit('bad token ' + os.environ['TOKEN'])"
    assert "bad token ********" in refused(channel(program, env={"TOKEN": SECRET}))


def test_a_program_that_does_not_exist_is_said() -> None:
    made = CommandChannel("pager", CommandOptions(argv=("/nonexistent/pager",)))
    assert refused(made) == "pager: can't start the program: No such file or directory"


def test_a_program_that_is_no_program_is_said(tmp_path: Path) -> None:
    made = CommandChannel("pager", CommandOptions(argv=(str(tmp_path),)))
    assert "can't start the program" in refused(made)


def test_a_late_program_is_ended_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    program = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(file)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(file)!r} + '.new', {str(file)!r})\n"
        "time.sleep(60)"
    )
    began = time.monotonic()
    assert "did not end within 2 s and was ended" in refused(channel(program), 2.0)
    assert time.monotonic() - began < 3
    for pid in map(int, file.read_text().split()):
        assert gone(pid)


def gone(pid: int) -> bool:
    """No such process, or only its shell is left for init to collect."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_program_that_never_reads_takes_a_page_larger_than_the_pipe() -> None:
    assert channel("pass").send(a_page(text="x" * 60_000), timeout=10) == "exit 0"


def test_output_without_end_is_not_kept() -> None:
    program = "import sys\nfor _ in range(2000): print('x' * 1000)\nprint('done')"
    assert channel(program).send(a_page(), timeout=20) == "done"


def test_a_process_left_in_the_background_does_not_hold_the_page() -> None:
    program = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])\n"
        "print('sent')"
    )
    began = time.monotonic()
    assert channel(program).send(a_page(), timeout=10) == "sent"
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"argv": []},
        {"argv": [""]},
        {"argv": ["a\0b"]},
        {"argv": "echo hello"},
        {"env": {"AUTOFIX_HOST": "x"}},
        {"env": {"A=B": "x"}},
        {"env": {"A": "x\0y"}},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CommandOptions.model_validate({"argv": ["true"], **wrong})
