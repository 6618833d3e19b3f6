"""A program run on a target over SSH: host keys checked, one deadline for everything.

The only home of paramiko. The connection comes from the inventory's own variables:
`ansible_host`, `ansible_port`, `ansible_user`, `ansible_password`, `ansible_ssh_private_key_file`,
and `autofix_known_hosts`, the file of known host keys (default: the user's and the system's).
"""

from __future__ import annotations

import getpass
import logging
import os
import re
import shlex
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from autofix.core.readings import Target
from autofix.probes import known_hosts as known
from autofix.probes import net, ssh_auth, variables
from autofix.probes.net import Deadline
from autofix.probes.programs import CHUNK, GRACE, Output, ProgramError, Result
from autofix.probes.words import one_line

USUAL_FILES = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
_JUMP = re.compile(r"ProxyJump|ProxyCommand|(^|\s)-J", re.IGNORECASE)
# Its threads log what strangers send, with tracebacks; what matters comes back as SshError.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


class SshError(ProgramError):
    """The target could not be reached, trusted, entered or asked, in one line."""


@dataclass(frozen=True)
class Place:
    """Where and as whom to connect, as the inventory's variables say. Secrets stay out of repr."""

    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    key_file: str = ""
    passphrase: str = field(default="", repr=False)
    known_hosts: tuple[str, ...] = USUAL_FILES

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


def run(target: Target, argv: Sequence[str], *, timeout: float, stdin: bytes = b"") -> Result:
    """Run `argv` on the target within `timeout` seconds in all. SshError in one line.

    The far shell sees the words quoted, so that each stays one word and nothing is expanded.
    """
    if not argv:
        raise SshError("the command is empty")
    deadline = Deadline(timeout)
    place = place_of(target)
    with _connected(place, deadline) as transport:
        return _execute(transport, place, shlex.join(argv), stdin, deadline)


def place_of(target: Target) -> Place:
    """The connection that the inventory's variables describe. SshError when they ask too much."""
    for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_args"):
        if _JUMP.search(_text(target, name)):
            raise SshError(
                f"{target.host}: {name} asks for a jump host, which probes don't support;"
                " look from a machine that reaches the host directly"
            )
    file = _text(target, "autofix_known_hosts")
    return Place(
        host=_text(target, "ansible_host", "ansible_ssh_host") or target.address or target.host,
        port=_port(target.host, _text(target, "ansible_port", "ansible_ssh_port") or "22"),
        user=_text(target, "ansible_user", "ansible_ssh_user") or getpass.getuser(),
        password=_text(target, "ansible_password", "ansible_ssh_password", "ansible_ssh_pass"),
        key_file=_text(target, "ansible_ssh_private_key_file", "ansible_private_key_file"),
        passphrase=_text(target, "ansible_ssh_private_key_passphrase"),
        known_hosts=(file,) if file else USUAL_FILES,
    )


def _text(target: Target, *names: str) -> str:
    try:
        return next(filter(None, (variables.text(target, name) for name in names)), "")
    except variables.VariableError as error:
        raise SshError(str(error)) from error


def _port(host: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise SshError(f"{host}: ansible_port {one_line(text, 20)!r} is not a port; write 1 to 65535")


@contextmanager
def _connected(place: Place, deadline: Deadline) -> Iterator[paramiko.Transport]:
    """A transport whose host is trusted and lets us in; nothing of it outlives the block."""
    found, without_port = _known(place)
    try:
        sock = net.connect(place.host, place.port, deadline)
    except net.NetError as error:
        raise SshError(str(error)) from error
    # Whatever the far side does or doesn't do, at the deadline the socket is shut down, and
    # every wait inside paramiko ends.
    with sock, net.cut_at(deadline, sock):
        transport = _transport(place, sock, found or without_port)
        try:
            _greet(transport, deadline)
            _trust(place, transport.get_remote_server_key().asbytes(), found, without_port)
            transport.auth_timeout = deadline.left()
            ssh_auth.enter(transport, place, deadline)
            yield transport
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise SshError(_words(error, place, deadline)) from error
        finally:
            transport.close()
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            if transport.ident is not None:
                transport.join(2.0)


def _known(place: Place) -> tuple[list[known.Entry], list[known.Entry]]:
    """The lines for the host on this port, and on another port than 22 those for its bare name."""
    found: list[known.Entry] = []
    without_port: list[known.Entry] = []
    for name in place.known_hosts:
        path = Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SshError(f"{path} can't be read: {error.strerror}") from error
        found += known.entries(text, known.name_of(place.host, place.port), file=str(path))
        if place.port != known.DEFAULT_PORT:
            without_port += known.entries(text, place.host.lower(), file=str(path))
    return found, without_port


def _transport(
    place: Place, sock: socket.socket, entries: Sequence[known.Entry]
) -> paramiko.Transport:
    try:
        transport = paramiko.Transport(sock)
    except paramiko.SSHException as error:
        raise SshError(f"{place}: {one_line(error)}") from error
    transport.daemon = True
    # The host is asked for a key of a type that is known; of another type it could not be judged.
    options = transport.get_security_options()
    offered = list(options.key_types)
    types = {entry.type for entry in entries if not entry.marker}
    first = [name for name in offered if _type_of(name) in types]
    options.key_types = [*first, *(name for name in offered if name not in first)]
    return transport


def _type_of(algorithm: str) -> str:
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm


def _greet(transport: paramiko.Transport, deadline: Deadline) -> None:
    """Negotiate. paramiko's own timeout here would just go on without having negotiated."""
    transport.banner_timeout = deadline.left()
    transport.handshake_timeout = deadline.left()
    transport.start_client(timeout=deadline.left() + 1.0)


def _trust(
    place: Place, key: bytes, found: Sequence[known.Entry], without_port: Sequence[known.Entry]
) -> None:
    """SshError unless the key is known; what it says is what the person has to do."""
    verdict = known.judge(key, found, without_port)
    print_ = known.fingerprint(key)
    file = Path(place.known_hosts[0]).expanduser()
    name = known.name_of(place.host, place.port)
    where = f"{verdict.entry.file}:{verdict.entry.line}" if verdict.entry else ""
    scan = f"`ssh-keyscan -p {place.port} {place.host}`"
    words = {
        known.Standing.KNOWN: "",
        known.Standing.UNKNOWN: f"the host key of {place} is not known ({print_}): get it with"
        f" {scan}, verify the fingerprint, then add the line to {file}",
        known.Standing.CHANGED: f"the host key of {place} has CHANGED (now {print_}, not what"
        f" {where} says): somebody may be in between; only if the change is verified, remove the"
        f" old key with `ssh-keygen -f {file} -R '{name}'` and add the new one",
        known.Standing.REVOKED: f"the host key of {place} ({print_}) is revoked by {where}",
        known.Standing.SIGNED: f"the host key of {place} ({print_}) is not known, and probes don't"
        f" understand the host certificates of {where}: get the key itself with {scan}, verify"
        f" the fingerprint, then add the line to {file}",
    }[verdict.standing]
    if words:
        raise SshError(words)


def _execute(
    transport: paramiko.Transport, place: Place, command: str, stdin: bytes, deadline: Deadline
) -> Result:
    channel = transport.open_session(timeout=deadline.left())
    try:
        channel.settimeout(deadline.left())
        channel.exec_command(command)
        stdout, stderr = _talk(channel, stdin, deadline)
        status = channel.exit_status
    finally:
        channel.close()
    if deadline.passed and status < 0:
        raise SshError(_late(place, deadline))
    if status < 0:
        raise SshError(f"{place}: the program ended without an exit status, killed or cut off")
    return Result(status, stdout.text, stderr.text, stdout.cut or stderr.cut)


def _talk(channel: paramiko.Channel, stdin: bytes, deadline: Deadline) -> tuple[Output, Output]:
    """Feed and read until the program has ended or the deadline passed."""
    stdout, stderr = Output(), Output()
    fed, quiet = False, Deadline(GRACE)
    while not deadline.passed:
        moved = False
        if not fed and channel.send_ready():
            with suppress(OSError):  # it doesn't read its input: its exit status will tell
                stdin = stdin[channel.send(stdin[:CHUNK]) :] if stdin else b""
            if not stdin or channel.closed:
                fed = True
                channel.shutdown_write()
        while channel.recv_ready() and not deadline.passed:
            stdout.add(channel.recv(CHUNK))
            moved = True
        while channel.recv_stderr_ready() and not deadline.passed:
            stderr.add(channel.recv_stderr(CHUNK))
            moved = True
        if moved:
            quiet = Deadline(GRACE)
            continue
        # A stray child may hold the output open after the program's end.
        ended = channel.exit_status_ready() and (channel.eof_received or quiet.passed)
        if channel.closed or ended:
            break
        time.sleep(0.005)
    return stdout, stderr


def _late(place: Place, deadline: Deadline) -> str:
    return f"{place} did not answer within {deadline.seconds:g} s over SSH"


def _words(error: BaseException, place: Place, deadline: Deadline) -> str:
    if deadline.passed or isinstance(error, TimeoutError):
        return _late(place, deadline)
    if isinstance(error, paramiko.AuthenticationException):
        return f"{place} does not let {place.user!r} in: {one_line(error)}"
    if isinstance(error, EOFError):
        return f"{place} cut the connection"
    if isinstance(error, OSError):
        return f"{place}: {one_line(os.strerror(error.errno) if error.errno else error)}"
    return f"{place}: {one_line(error)}"
