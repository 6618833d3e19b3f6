"""A real sshd of the current user, on a free port, in a temporary folder, with its own host key.

`with Sshd(folder) as server:` gives host, port, a client key that it lets in, and known_hosts.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
MaxStartups 100
MaxSessions 100
"""
#: sshd of root wants this folder, which only the distribution's service would make.
PRIVILEGE_SEPARATION = Path("/run/sshd")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sshd:
    """Started on entering, ended on leaving; `change_host_key` is what an impostor would do."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = getpass.getuser()
        self.port = free_port()
        self.key = folder / "client_key"
        self.known_hosts = folder / "known_hosts"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sshd:
        self.folder.mkdir(parents=True, exist_ok=True)
        make_key(self.key)
        make_key(self.folder / "host_key")
        shutil.copy(f"{self.key}.pub", self.folder / "authorized_keys")
        text = CONFIG.format(port=self.port, folder=self.folder)
        (self.folder / "sshd_config").write_text(text)
        self.known_hosts.write_text(self.known_line())
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin") or "sshd"
        with (self.folder / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-D", "-e", "-f", str(self.folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """The listener and, unlike sshd's own way, each open connection too."""
        if self._process is not None:
            for pid in [*_children(self._process.pid), self._process.pid]:
                _kill(pid)
            self._process.wait()
            self._process = None

    def known_line(self) -> str:
        """The line of known_hosts for the present host key."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        return f"[{self.host}]:{self.port} {kind} {key}\n"

    def change_host_key(self) -> None:
        self.stop()
        (self.folder / "host_key").unlink()
        make_key(self.folder / "host_key")
        self.start()

    def variables(self) -> dict[str, object]:
        """Inventory variables of a host that is reached here."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": self.host,
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def _wait_until_it_answers(self, seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                with socket.create_connection((self.host, self.port), timeout=1) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
            except OSError:
                pass
            dead = self._process is None or self._process.poll() is not None
            if dead or time.monotonic() > end:
                raise AssertionError((self.folder / "sshd.log").read_text() or "sshd is silent")
            time.sleep(0.02)


def make_key(path: Path) -> None:
    command = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "autofix-tests",
        "-f",
        str(path),
    ]
    path.with_name(path.name + ".pub").unlink(missing_ok=True)
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _children(pid: int) -> list[int]:
    """All below a process, deepest first."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [below for child in found for below in [*_children(int(child)), int(child)]]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
