"""A session with a PostgreSQL server that ends with the look's deadline; errors in words.

psycopg's only home among the probes; it is there with `pip install 'autofix[postgresql]'`. Its own
timeout for a connection is two seconds at least and knows nothing of name lookups: the connection
is made step by step here, each step within what is left.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes import links, net, variables
from autofix.probes.links import LinkError, Tls
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

if TYPE_CHECKING:
    import psycopg

PORT = 5432
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Server:
    """Where and as whom to connect. Secrets stay out of repr."""

    host: str
    port: int
    folder: str = ""  # of a Unix socket
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = "postgres"
    tls: Tls | None = None
    plain: bool = False  # True: no TLS even if the server offers it

    def __str__(self) -> str:
        where = self.folder or f"{self.host} port {self.port}"
        return f"PostgreSQL at {where}"


def servers_of(target: Target, options: Mapping[str, Any], database: str = "") -> list[Server]:
    """The servers that the variables and the `with:` block describe. VariableError in words."""
    encrypted = variables.flag(target, "postgres_tls")
    folder = variables.text(target, "postgres_socket")
    tls = Tls.of(target, "postgres") if encrypted and not folder else None
    ports = variables.chosen_ports(target, "postgres_port", PORT, options)
    return [
        Server(
            host=variables.text(target, "postgres_host") or target.address or "127.0.0.1",
            port=port,
            folder=folder,
            user=variables.text(target, "postgres_user"),
            password=variables.text(target, "postgres_password"),
            database=database or variables.text(target, "postgres_database") or "postgres",
            tls=tls,
            plain=encrypted is False,
        )
        for port in ports
    ]


class Session:
    """Asks questions. `limits` gathers what this user may not see."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection
        self.limits: list[str] = []

    def ask(self, sql: str) -> list[Row]:
        return list(self._connection.execute(sql.encode()).fetchall())

    def ask_if_allowed(self, what: str, sql: str) -> list[Row] | None:
        """The rows; None, noted in `limits`, when this user may not ask."""
        from psycopg import errors

        try:
            return self.ask(sql)
        except errors.InsufficientPrivilege as error:
            self.limits.append(f"{what}: {one_line(error.diag.message_primary)}")
            return None


@contextmanager
def opened(server: Server, deadline: Deadline) -> Iterator[Session]:
    """A read-only session, closed at the end. LinkError or NetError in one line."""
    connection = connected(server, deadline)
    with ExitStack() as stack:
        stack.callback(closed, connection)
        stack.enter_context(cut_at(deadline, connection))
        try:
            bound(connection, deadline)
            yield Session(connection)
        except ProbeError:
            raise
        except Exception as error:
            # Any: psycopg fails in many ways on an answer that is not PostgreSQL's.
            raise LinkError(words_of(error, server, deadline)) from error


def bound(connection: psycopg.Connection[Any], deadline: Deadline) -> None:
    """Have the server give up with us, and change nothing: a question that hangs there would else
    keep its connection, one more with each look."""
    limit = str(max(1, int(deadline.left() * 1000)))
    connection.execute(
        "SELECT set_config('default_transaction_read_only', 'on', false),"
        " set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false)",
        (limit, limit),
    )


@contextmanager
def cut_at(deadline: Deadline, connection: psycopg.Connection[Any]) -> Iterator[None]:
    """The deadline shuts the connection down: whoever waits on a silent server wakes up then."""
    # A copy: libpq closes its own, and the number may be another's by then.
    with socket.socket(fileno=os.dup(connection.fileno())) as copy, net.cut_at(deadline, copy):
        yield


def tuples() -> Any:
    """Rows as SQLAlchemy wants them."""
    from psycopg.rows import tuple_row

    return tuple_row


def closed(connection: psycopg.Connection[Any]) -> None:
    with suppress(Exception):
        connection.close()


def connected(server: Server, deadline: Deadline) -> psycopg.Connection[dict[str, Any]]:
    """A connection that commits each statement. LinkError or NetError in one line."""
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError as error:
        raise LinkError(
            "psycopg is not installed: pip install 'autofix[postgresql]' where autofix runs"
        ) from error
    if server.tls:
        server.tls.context()  # says in words which file is no good
    addresses = [""]
    if not server.folder:
        infos = net.resolve(server.host, server.port, deadline)
        addresses = [str(info[4][0]) for info in infos]
    last: ProbeError = LinkError(links.late(str(server), deadline))
    for number, address in enumerate(addresses):
        try:
            # What is left is shared by the addresses that are left: a dead one can't eat it all.
            share = Deadline(deadline.left() / (len(addresses) - number))
            raw = _shaken_hands(server, address, share, deadline)
        except LinkError as error:
            last = error
            continue
        raw.nonblocking = 1
        connection = psycopg.Connection(raw, row_factory=dict_row)
        connection.autocommit = True
        connection.prepare_threshold = None
        return connection
    raise last


def _shaken_hands(server: Server, address: str, share: Deadline, deadline: Deadline) -> Any:
    """libpq's own connection, ready; what it is called is `psycopg.pq.PGconn`."""
    from psycopg import OperationalError, pq
    from psycopg.conninfo import make_conninfo

    try:
        raw = pq.PGconn.connect_start(make_conninfo("", **_parameters(server, address)).encode())
        while True:
            status = raw.connect_poll()
            if status == pq.PollingStatus.OK:
                return raw
            if status == pq.PollingStatus.FAILED:
                break
            if not _ready(raw.socket, status == pq.PollingStatus.WRITING, share):
                raw.finish()
                raise LinkError(links.late(str(server), deadline))
    except OperationalError as error:
        raise LinkError(f"{server}: {one_line(error)}") from error
    said = raw.error_message.decode("utf-8", "replace")
    refused = (raw.needs_password, raw.used_password)
    raw.finish()
    raise LinkError(_connecting(server, said, *refused))


def _ready(number: int, writing: bool, share: Deadline) -> bool:
    poll = select.poll()
    poll.register(number, select.POLLOUT if writing else select.POLLIN)
    until = time.monotonic() + share.left()
    return not share.passed and bool(poll.poll(max(1, (until - time.monotonic()) * 1000)))


def _parameters(server: Server, address: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "host": server.folder or server.host,
        "port": server.port,
        "dbname": server.database,
        "application_name": "autofix",
        "client_encoding": "utf8",
        "gssencmode": "disable",
        "sslmode": "disable" if server.plain else "prefer",
        "passfile": os.devnull,  # who we are is what the settings say, not what lies about
    }
    if address:
        found["hostaddr"] = address
    if server.user:
        found["user"] = server.user
    if server.password:
        found["password"] = server.password
    if server.tls:
        found["sslmode"] = "verify-full" if server.tls.check_hostname else "verify-ca"
        found["sslrootcert"] = server.tls.ca or ssl.get_default_verify_paths().cafile or "system"
        if server.tls.cert:
            found |= {"sslcert": server.tls.cert, "sslkey": server.tls.key or server.tls.cert}
    return found


def _connecting(server: Server, said: str, needs_password: bool, used_password: bool) -> str:
    """Why there is no connection. libpq puts the place in front, which we say ourselves."""
    why = one_line(said.strip().rpartition("failed: ")[2] or said)
    if needs_password and not server.password:
        return f"{server} asks for a password and none is set: set postgres_password ({why})"
    if used_password and "FATAL" in why and "authentication" in why:
        return f"{server} does not accept postgres_user and postgres_password: {why}"
    if "refused" in why:
        return f"{server} refused the connection: is the service up?"
    if "certificate verify failed" in said:
        return f"TLS: the certificate of {server} is not trusted: {why}"
    return f"{server}: {why}"


def words_of(error: BaseException, server: object, deadline: Deadline) -> str:
    """A question that failed, in words."""
    if deadline.passed or type(error).__name__ in ("QueryCanceled", "LockNotAvailable"):
        return links.late(str(server), deadline)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return f"{server}: {one_line(primary or error)}"


def first(rows: Sequence[Row] | None) -> Row:
    """The only row of a question that has always one; empty when it was not allowed."""
    return rows[0] if rows else {}
