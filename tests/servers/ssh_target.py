"""An sshd as the target of a probe: the inventory host that leads to it, and keys of every kind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autofix.core.readings import Target
from servers.sshd import Sshd


class TargetSshd(Sshd):
    """`known_hosts` holds its key; `key` is the one that may log in."""

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def public_host_key(self) -> str:
        """Type and key, as they stand in known_hosts."""
        return " ".join(self.known_line().split()[1:])

    def target(self, name: str = "web1", **variables: Any) -> Target:
        """An inventory host that leads here; `variables` are added or replaced."""
        known = {**self.variables(), "autofix_known_hosts": str(self.known_hosts)}
        return Target(name, "127.0.0.1", known | variables)


@contextmanager
def ssh_target(folder: Path) -> Iterator[TargetSshd]:
    server = TargetSshd(folder)
    with server:
        yield server


def make_key(path: Path, *kind: str, passphrase: str = "") -> Path:
    """A new key pair at `path`; `kind` goes to ssh-keygen, by default `-t ed25519`."""
    words = kind or ("-t", "ed25519")
    subprocess.run(
        ["ssh-keygen", "-q", *words, "-N", passphrase, "-C", "test", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path
