"""The probe `redis`: INFO of a Redis or Valkey server, over TCP, TLS or a Unix socket.

The only home of redis-py. The connection comes from the inventory's variables: `redis_host`
(default: the host's address), `redis_port` (one or a list), `redis_username`, `redis_password`,
`redis_socket`, `redis_tls` with `redis_tls_ca`, `redis_tls_cert`, `redis_tls_key` and
`redis_tls_check_hostname`.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import redis
from redis import exceptions as theirs

from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Options
from autofix.probes import links, variables
from autofix.probes.common import option_faults
from autofix.probes.links import LinkError, Tls
from autofix.probes.net import Deadline
from autofix.probes.redis_facts import FACTS, facts_of, parse_info
from autofix.probes.words import one_line

PORT = 6379


class RedisOptions(Options):
    """The `with:` block."""

    port: int | str | list[int | str] | None = None


@dataclass(frozen=True)
class Server:
    """Where and as whom to connect. Secrets stay out of repr."""

    host: str
    port: int
    path: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"Redis at {self.path or f'{self.host} port {self.port}'}"


class RedisProbe:
    """Looks at one or several Redis servers of a host."""

    name = "redis"
    facts: Mapping[str, Fact] = FACTS
    open_ended = False

    def options_schema(self) -> Mapping[str, Any]:
        return RedisOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        found = option_faults(RedisOptions, options)
        return found or variables.check_ports(options.get("port"))

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading per port; `port` stands in each, also when it could not be looked at."""
        deadline = Deadline(timeout)
        wrong = self.check_options(options)
        try:
            if wrong:
                raise ProbeError("; ".join(wrong))
            servers = servers_of(target, options)
        except ProbeError as error:
            return [Reading.unseen(target.host, now, str(error))]
        found = links.at_once(servers, lambda server: _facts(server, deadline, now))
        return [Reading(target.host, now, facts) for facts in found]


def servers_of(target: Target, options: Mapping[str, Any]) -> list[Server]:
    """The servers that the variables and the `with:` block describe. VariableError in words."""
    path = variables.text(target, "redis_socket")
    tls = Tls.of(target, "redis") if variables.flag(target, "redis_tls") else None
    return [
        Server(
            host=variables.text(target, "redis_host") or target.address or "127.0.0.1",
            port=port,
            path=path,
            username=variables.text(target, "redis_username"),
            password=variables.text(target, "redis_password"),
            tls=None if path else tls,
        )
        for port in variables.chosen_ports(target, "redis_port", PORT, options, one=bool(path))
    ]


def _facts(server: Server, deadline: Deadline, now: float) -> dict[str, Value]:
    # A port tells two servers of one host apart, so it is there for a dead one as well.
    port = None if server.path else server.port
    try:
        info = ask(server, deadline)
    except ProbeError as error:
        unseen: dict[str, Value] = {"reachable": False, "error": str(error)}
        return unseen if port is None else {**unseen, "port": port}
    return facts_of(info, now=now, port=port)


def ask(server: Server, deadline: Deadline) -> dict[str, str]:
    """INFO as names and texts; `maxclients` is asked for where INFO is too old to tell it.

    LinkError or NetError when the server can't be reached or refuses, in one line.
    """
    with ExitStack() as stack:
        wire = _Wire(server, deadline, stack)
        stack.callback(wire.disconnect)
        try:
            wire.connect()  # type: ignore[no-untyped-call]
            info = parse_info(_command(wire, "INFO"))
            if "maxclients" not in info and "connected_clients" in info:
                info.update(_maxclients(wire))
        except ProbeError:
            raise
        except Exception as error:
            # Any: redis-py fails in many ways on an answer that is not Redis's, or when its
            # socket is shut under it.
            raise LinkError(_words(error, server, deadline)) from error
    if not {"redis_version", "valkey_version"} & info.keys():
        raise LinkError(f"{server} does not answer INFO like Redis")
    return info


def _maxclients(wire: _Wire) -> dict[str, str]:
    """From CONFIG; nothing where CONFIG is refused or renamed."""
    wire.send_command("CONFIG", "GET", "maxclients")  # type: ignore[no-untyped-call]
    try:
        answer = wire.read_response()
    except theirs.ResponseError:
        return {}
    texts = [_text(item) for item in answer] if isinstance(answer, list) else []
    return dict(zip(texts[::2], texts[1::2], strict=False))


def _command(wire: _Wire, *words: str) -> str:
    wire.send_command(*words)  # type: ignore[no-untyped-call]
    return _text(wire.read_response())


def _text(answer: object) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


class _Wire(redis.Connection):
    """redis-py's connection over a socket of ours, which ends with the deadline."""

    def __init__(self, server: Server, deadline: Deadline, stack: ExitStack) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            host=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            protocol=2,  # RESP 2 needs no HELLO, which old servers and ACLs refuse
            socket_timeout=deadline.left(),
        )
        self._server, self._deadline, self._stack = server, deadline, stack

    def _connect(self) -> socket.socket:
        server = self._server
        context = server.tls.context() if server.tls else None
        sock = links.open_link(self._stack, server.host, server.port, server.path, self._deadline)
        if context is None:
            return sock
        try:
            return context.wrap_socket(sock, server_hostname=server.host)
        except (OSError, ValueError) as error:
            sock.close()
            raise LinkError(links.of_tls_error(error, str(server))) from error


def _words(error: BaseException, server: Server, deadline: Deadline) -> str:
    if deadline.passed:
        return links.late(str(server), deadline)
    said = one_line(error)
    low = said.lower()
    if isinstance(error, theirs.NoPermissionError):
        return f"{server}: the user may not run INFO; allow it with ACL SETUSER … +info ({said})"
    for sign, meaning in _SIGNS.items():
        if sign in low:
            return f"{server} {meaning.format(user=server.username or 'default')}"
    if links.cause_of(error) is not None or isinstance(error, theirs.ConnectionError):
        return links.of_error(error, str(server), deadline)
    if isinstance(error, theirs.ResponseError):
        return f"{server} refuses: {said}"
    return f"{server} does not answer like Redis: {said}"


_SIGNS = {
    "max number of clients": "takes no more clients: maxclients is reached",
    "invalid username-password": "does not accept the password of user {user!r}:"
    " wrong redis_username or redis_password",
    "invalid username or password": "does not accept the password of user {user!r}:"
    " wrong redis_username or redis_password",
    "invalid password": "does not accept redis_password: wrong password",
    "without any password configured": "has no password, but redis_password is set for it",
    "no password is set": "has no password, but redis_password is set for it",
    "authentication required": "asks for a password and none is set: set redis_password",
    "running in protected mode": "is in protected mode and takes no clients from other machines:"
    " set a password or bind there",
    "loading the dataset": "is still loading its data set",
}
