"""Entering over SSH: which means are tried, in which order.

What the inventory names is tried and nothing else: its key, then its password. When it names
neither: the agent at `SSH_AUTH_SOCK`, then the user's usual keys.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import paramiko
from paramiko.agent import AgentSSH

from autofix.probes.net import Deadline
from autofix.probes.words import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
MOST_KEYS = 5  # sshd's MaxAuthTries is 6 by default


class Credentials(Protocol):
    """What is needed to enter."""

    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def key_file(self) -> str: ...
    @property
    def passphrase(self) -> str: ...


def enter(transport: paramiko.Transport, who: Credentials, deadline: Deadline) -> None:
    """Authenticate, or AuthenticationException saying what was tried."""
    tried: list[str] = []
    with closing(_Agent(deadline)) as agent:
        for name, key in _keys(who, agent):
            if _let_in(transport, who, key):
                return
            tried.append(name)
    if who.password:
        transport.auth_password(who.user, who.password)  # falls back to keyboard-interactive
        if transport.is_authenticated():
            return
        tried.append("a password, and more is asked for")
    means = ", ".join(tried) or "nothing: no key, no agent and no password is set"
    raise paramiko.AuthenticationException(f"tried {means}")


def _let_in(transport: paramiko.Transport, who: Credentials, key: paramiko.PKey) -> bool:
    """False: refused, another means may be tried. Other failures of the connection are raised."""
    try:
        transport.auth_publickey(who.user, key)
    except paramiko.AuthenticationException:
        if not transport.is_active():
            raise
        return False
    return transport.is_authenticated()


def _keys(who: Credentials, agent: _Agent) -> Iterator[tuple[str, paramiko.PKey]]:
    if who.key_file:
        yield f"the key {who.key_file}", load_key(who.key_file, who.passphrase)
        return
    if who.password:
        return
    agent_keys: Sequence[paramiko.PKey] = agent.open()[:MOST_KEYS]
    for key in agent_keys:
        yield "a key of the agent", key
    for name in USUAL_KEYS[: MOST_KEYS - len(agent_keys)]:
        if Path(name).expanduser().is_file():
            with suppress(paramiko.AuthenticationException):  # a key with a passphrase: no matter
                yield f"the key {name}", load_key(name, who.passphrase)


def load_key(file: str, passphrase: str) -> paramiko.PKey:
    """A private key from its file. AuthenticationException in words when it can't be used."""
    path = Path(file).expanduser()
    try:
        # The stubs say str, cryptography below it takes bytes.
        password: Any = passphrase.encode() if passphrase else None
        return paramiko.PKey.from_path(path, password)
    except OSError as error:
        why = (error.strerror or "can't be read").lower()
        raise paramiko.AuthenticationException(f"the key {file}: {why}") from error
    except (TypeError, paramiko.PasswordRequiredException) as error:
        raise paramiko.AuthenticationException(
            f"the key {file} has a passphrase: set ansible_ssh_private_key_passphrase, or load it"
            " into an agent"
        ) from error
    except (ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
        raise paramiko.AuthenticationException(
            f"the key {file} can't be used: {one_line(error, 100)}"
        ) from error


class _Agent(AgentSSH):
    """The agent at SSH_AUTH_SOCK, with a deadline, which paramiko's own lacks."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def open(self) -> Sequence[paramiko.PKey]:
        """Its keys; none when there is no agent or it does not answer."""
        path = os.environ.get("SSH_AUTH_SOCK")
        if not path:
            return ()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self._deadline.left())
        try:
            sock.connect(path)
            self._connect(sock)  # type: ignore[attr-defined]  # the stubs leave it out
        except (OSError, paramiko.SSHException):
            sock.close()
            return ()
        return self.get_keys()

    def close(self) -> None:
        self._close()  # type: ignore[attr-defined]
