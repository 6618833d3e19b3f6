"""Programs run here: bounded in time and output, and nothing of them stays."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from autofix.core.readings import Target
from autofix.probes.programs import LIMIT, ProgramError, is_local, run_local, run_on


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def _until_gone(pid: int) -> None:
    end = time.monotonic() + 10
    while not _gone(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.01)


def test_exit_code_outputs_and_input_come_through() -> None:
    result = run_local(["sh", "-c", "cat; echo no >&2; exit 3"], timeout=10, stdin=b"x")
    assert (result.exit, result.stdout, result.stderr, result.cut) == (3, "x", "no\n", False)


def test_a_killed_program_ends_as_in_a_shell() -> None:
    assert run_local(["sh", "-c", "kill -9 $$"], timeout=10).exit == 137


def test_output_beyond_the_limit_is_cut_and_read_to_its_end() -> None:
    result = run_local(["sh", "-c", "head -c 3000000 /dev/zero; exit 5"], timeout=20)
    assert (result.exit, len(result.stdout), result.cut) == (5, LIMIT, True)


def test_much_input_and_output_at_once_is_no_deadlock() -> None:
    assert len(run_local(["cat"], timeout=20, stdin=b"x" * 900_000).stdout) == 900_000
    assert run_local(["true"], timeout=10, stdin=b"x" * 5_000_000).exit == 0


@pytest.mark.parametrize(
    "script", ["sleep 60", "yes", "trap '' TERM; sleep 60", "exec >&- 2>&-; sleep 60"]
)
def test_a_program_that_goes_on_is_ended_with_its_children(tmp_path: Path, script: str) -> None:
    file = tmp_path / "pid"
    began = time.monotonic()
    with pytest.raises(ProgramError, match=r"sh did not end within 0.5 s"):
        run_local(["sh", "-c", f"sleep 50 & echo $! > {file}; {script}"], timeout=0.5)
    assert time.monotonic() - began < 3
    _until_gone(int(file.read_text()))


def test_a_stray_child_is_neither_waited_for_nor_left() -> None:
    began = time.monotonic()
    result = run_local(["sh", "-c", "sleep 50 & echo $!"], timeout=20)
    assert time.monotonic() - began < 5
    assert result.exit == 0
    _until_gone(int(result.stdout))


def test_the_servers_environment_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "hunter2")
    result = run_local(["env"], timeout=10, env={"EXTRA": "given"})
    assert "hunter2" not in result.stdout
    assert "EXTRA=given" in result.stdout


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "the command is empty"),
        ([""], "the command is empty"),
        (["no-such-program-here"], "no such program: no-such-program-here"),
        (["/etc/passwd"], "not allowed to run /etc/passwd"),
        (["a\x00b"], "could not be started"),
    ],
)
def test_a_program_that_can_not_be_started_is_named(argv: list[str], words: str) -> None:
    with pytest.raises(ProgramError, match=words) as caught:
        run_local(argv, timeout=5)
    assert "\x00" not in str(caught.value)


def test_nothing_is_left_open() -> None:
    threads, files = threading.active_count(), _open_files()
    for _ in range(5):
        run_local(["echo"], timeout=5)
    assert (threading.active_count(), _open_files()) == (threads, files)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_where_a_program_runs_is_what_the_inventory_says() -> None:
    local = Target("here", "", {"ansible_connection": "local"})
    assert is_local(local)
    assert not is_local(Target("web1", "10.0.0.5", {}))
    assert run_on(local, ["echo", "hi"], timeout=5).stdout == "hi\n"
