"""Programs over SSH, on a real sshd: trust, entry, time and size."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Target
from autofix.probes import ssh
from autofix.probes.programs import LIMIT
from servers.ssh_target import TargetSshd, make_key, ssh_target


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetSshd]:
    with ssh_target(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(server: TargetSshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def refusal(target: Target, *words: str, timeout: float = 10.0) -> str:
    with pytest.raises(ssh.SshError) as caught:
        ssh.run(target, words or ("true",), timeout=timeout)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_words_stay_words_and_nothing_is_expanded(server: TargetSshd) -> None:
    result = ssh.run(
        server.target(), ["printf", "%s|", "a b", "$HOME", "`id`", "'", ""], timeout=10
    )
    assert result == ssh.Result(0, "a b|$HOME|`id`|'||", "")


def test_exit_code_both_outputs_and_input_come_through(server: TargetSshd) -> None:
    result = ssh.run(
        server.target(), ["sh", "-c", "cat; echo no >&2; exit 3"], timeout=10, stdin=b"x"
    )
    assert (result.exit, result.stdout, result.stderr) == (3, "x", "no\n")


def test_an_unknown_host_key_is_refused_with_what_to_do(server: TargetSshd, tmp_path: Path) -> None:
    nowhere = tmp_path / "known_hosts"
    said = refusal(server.target(autofix_known_hosts=str(nowhere)))
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", f"{server.host_key}.pub"], check=True, capture_output=True, text=True
    ).stdout.split()[1]
    assert "is not known" in said
    assert fingerprint in said
    assert f"ssh-keyscan -p {server.port} 127.0.0.1" in said
    assert str(nowhere) in said


def test_a_changed_host_key_is_refused_before_anything_is_said(
    server: TargetSshd, tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other")
    public = " ".join(Path(f"{other}.pub").read_text().split()[:2])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {public}\n")
    said = refusal(server.target(autofix_known_hosts=str(known)))
    assert "CHANGED" in said
    assert f"{known}:1" in said
    assert f"[127.0.0.1]:{server.port}" in said


def test_a_key_of_another_type_than_the_known_one_is_refused(
    server: TargetSshd, tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other", "-t", "ecdsa")
    public = " ".join(Path(f"{other}.pub").read_text().split()[:2])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {public}\n")
    assert "CHANGED" in refusal(server.target(autofix_known_hosts=str(known)))


def test_a_key_that_changed_after_a_good_look_is_refused(
    server: TargetSshd, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(server.known_hosts.read_text())
    target = server.target(autofix_known_hosts=str(known))
    assert ssh.run(target, ["true"], timeout=10).exit == 0
    with ssh_target(tmp_path / "impostor") as impostor:
        known.write_text(f"[127.0.0.1]:{impostor.port} {server.public_host_key}\n")
        moved = Target("web1", "127.0.0.1", {**target.variables, "ansible_port": impostor.port})
        assert "CHANGED" in refusal(moved)


def test_a_revoked_key_is_refused_although_it_is_listed(server: TargetSshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"{server.known_hosts.read_text()}@revoked * {server.public_host_key}\n")
    assert "revoked" in refusal(server.target(autofix_known_hosts=str(known)))


def test_a_hashed_entry_is_known(server: TargetSshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(server.known_hosts.read_text())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    target = server.target(autofix_known_hosts=str(known))
    assert ssh.run(target, ["true"], timeout=10).exit == 0


def test_without_the_variable_the_users_own_known_hosts_count(
    server: TargetSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    target = server.target(autofix_known_hosts="")
    assert "is not known" in refusal(target)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(server.known_hosts.read_text())
    assert ssh.run(target, ["true"], timeout=10).exit == 0


def test_a_wrong_key_and_a_wrong_password_are_named_and_never_shown(
    server: TargetSshd, tmp_path: Path
) -> None:
    stranger = make_key(tmp_path / "stranger")
    said = refusal(
        server.target(ansible_ssh_private_key_file=str(stranger), ansible_password="hunter2")
    )
    assert "does not let" in said
    assert "hunter2" not in said
    said = refusal(server.target(ansible_ssh_private_key_file=str(stranger)))
    assert f"tried the key {stranger}" in said
    assert "hunter2" not in repr(ssh.place_of(server.target(ansible_password="hunter2")))


@pytest.mark.parametrize("kind", [("-t", "ed25519"), ("-t", "rsa", "-m", "PEM"), ("-t", "ecdsa")])
def test_a_key_with_a_passphrase_opens_with_it_and_asks_for_it(
    server: TargetSshd, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    locked = make_key(tmp_path / "locked", *kind, passphrase="sesame-open")
    allowed = server.folder / "authorized_keys"
    before = allowed.read_text()
    allowed.write_text(before + Path(f"{locked}.pub").read_text())
    target = server.target(ansible_ssh_private_key_file=str(locked))
    try:
        opened = target.variables | {"ansible_ssh_private_key_passphrase": "sesame-open"}
        assert ssh.run(Target("web1", "", opened), ["true"], timeout=10).exit == 0
        assert "ansible_ssh_private_key_passphrase" in refusal(target)
    finally:
        allowed.write_text(before)


def test_a_missing_or_broken_key_file_is_named(server: TargetSshd, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("not a key")
    assert "no such file" in refusal(server.target(ansible_ssh_private_key_file="/nowhere/key"))
    assert str(broken) in refusal(server.target(ansible_ssh_private_key_file=str(broken)))


def test_the_agent_is_asked_where_no_key_is_named(
    server: TargetSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    target = server.target(ansible_ssh_private_key_file="")
    assert "no key, no agent and no password" in refusal(target)
    path = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        _until(path.exists)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-add", "-q", server.key], check=True, env=environment)
        assert "no key, no agent" in refusal(target)  # there, but not let in
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        assert ssh.run(target, ["true"], timeout=10).exit == 0
    finally:
        agent.terminate()
        agent.wait()


def test_an_agent_that_never_answers_does_not_hold_the_look(
    server: TargetSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "agent"))
        mute.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        began = time.monotonic()
        refusal(server.target(ansible_ssh_private_key_file=""), timeout=1.0)
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("words", [["sleep", "60"], ["sh", "-c", "yes"]])
def test_the_time_is_over_when_it_is_over(server: TargetSshd, words: list[str]) -> None:
    began = time.monotonic()
    assert "within 1 s" in refusal(server.target(), *words, timeout=1.0)
    assert time.monotonic() - began < 4


def test_a_server_that_accepts_and_stays_silent_costs_the_timeout_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        began = time.monotonic()
        said = refusal(Target("web1", "127.0.0.1", {"ansible_port": port}), timeout=0.5)
        assert time.monotonic() - began < 3
    assert "within 0.5 s" in said


def test_output_beyond_the_limit_is_cut_and_the_exit_code_still_true(server: TargetSshd) -> None:
    result = ssh.run(server.target(), ["sh", "-c", "head -c 3000000 /dev/zero; exit 5"], timeout=20)
    assert (result.exit, len(result.stdout), result.cut) == (5, LIMIT, True)


def test_much_input_to_a_program_that_does_not_read_it_is_no_deadlock(server: TargetSshd) -> None:
    result = ssh.run(server.target(), ["sh", "-c", "exit 4"], timeout=10, stdin=b"x" * 3_000_000)
    assert result.exit == 4
    echoed = ssh.run(server.target(), ["cat"], timeout=20, stdin=b"x" * 900_000)
    assert len(echoed.stdout) == 900_000


def test_a_stray_child_that_holds_the_output_is_not_waited_for(server: TargetSshd) -> None:
    began = time.monotonic()
    result = ssh.run(server.target(), ["sh", "-c", "sleep 5 & echo done"], timeout=10)
    assert (result.exit, result.stdout) == (0, "done\n")
    assert time.monotonic() - began < 4


def test_a_killed_program_has_no_exit_code_and_says_so(server: TargetSshd) -> None:
    assert "without an exit status" in refusal(server.target(), "sh", "-c", "kill -9 $$")


def test_a_port_where_nobody_listens_is_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = Target("web1", "127.0.0.1", {"ansible_port": port})
    assert "refused the connection" in refusal(target)


def test_a_server_that_speaks_no_ssh_is_told_apart() -> None:
    def greet(server: socket.socket) -> None:
        client, _ = server.accept()
        client.sendall(b"220 mail ready\x1b[31m\r\n" * 200)
        client.close()

    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=greet, args=(other,))
        thread.start()
        said = refusal(Target("web1", "127.0.0.1", {"ansible_port": other.getsockname()[1]}))
        thread.join()
    assert "127.0.0.1 port" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_ssh_common_args": "-o ProxyJump=bastion"}, "jump host"),
        ({"ansible_ssh_extra_args": "-J bastion"}, "jump host"),
        ({"ansible_port": "22; id"}, "is not a port"),
        ({"ansible_port": 70000}, "is not a port"),
        ({"ansible_user": ["root"]}, "ansible_user"),
    ],
)
def test_variables_that_ask_too_much_are_named(variables: dict[str, Any], words: str) -> None:
    assert words in refusal(Target("web1", "127.0.0.1", variables))


def test_many_looks_at_once_do_not_mix(server: TargetSshd) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        target = server.target()
        answers[number] = ssh.run(target, ["echo", str(number)], timeout=30).stdout.strip()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: str(number) for number in range(8)}


def _until(holds: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
