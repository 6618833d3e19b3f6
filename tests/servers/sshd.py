"""A real sshd as a child process on a free port of the loopback, with keys of its own.

Who may log in is the user that runs the tests, with the key made here and nothing else.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofix.core.readings import Target

_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {authorized}
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
MaxStartups 200
MaxSessions 50
PrintMotd no
UseDNS no
"""


@dataclass
class Sshd:
    """A running server. `known_hosts` holds its key; `key` is the one that may log in."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def key(self) -> Path:
        return self.folder / "user_key"

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def public_host_key(self) -> str:
        """Type and key, as they stand in known_hosts."""
        return " ".join(Path(f"{self.host_key}.pub").read_text().split()[:2])

    def target(self, name: str = "web1", **variables: Any) -> Target:
        """An inventory host that leads here; `variables` are added or replaced."""
        known = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.key),
            "autofix_known_hosts": str(self.known_hosts),
        }
        return Target(name, "127.0.0.1", known | variables)

    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def make_key(path: Path, *words: str, passphrase: str = "") -> Path:
    """A new key pair at `path`; `words` go to ssh-keygen, by default `-t ed25519`."""
    kind = words or ("-t", "ed25519")
    subprocess.run(
        ["ssh-keygen", "-q", *kind, "-N", passphrase, "-C", "test", "-f", str(path)], check=True
    )
    return path


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """A server in a new folder, ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    make_key(folder / "host_key")
    make_key(folder / "user_key")
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    server = _started(folder)
    name = f"[127.0.0.1]:{server.port}"
    server.known_hosts.write_text(f"{name} {server.public_host_key}\n")
    try:
        yield server
    finally:
        server.close()


def _started(folder: Path) -> Sshd:
    if os.geteuid() == 0:
        # Where sshd as root puts its unprivileged part; the service makes it at its start.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for _ in range(5):  # somebody may take the free port first
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        config = folder / "sshd_config"
        authorized = folder / "authorized_keys"
        config.write_text(
            _CONFIG.format(port=port, host_key=folder / "host_key", authorized=authorized)
        )
        with (folder / "sshd.log").open("wb") as log:
            process = subprocess.Popen(
                [_program(), "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        server = Sshd(folder, port, process)
        if _answers(server):
            return server
        server.close()
    raise AssertionError(f"sshd did not start: {server.log()}")


def _program() -> str:
    # sshd starts itself again for each connection and insists on its full path.
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert found, "sshd is missing: install openssh-server"
    return found


def _answers(server: Sshd, seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as sock:
            if sock.recv(4) == b"SSH-":
                return True
        time.sleep(0.02)
    return False
