"""A session with a MySQL or MariaDB server that ends with the look's deadline; errors in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.cursors import Cursor, DictCursor

from autofix.errors import ProbeError
from autofix.probes import links
from autofix.probes.links import LinkError, Tls
from autofix.probes.mysql_facts import Dialect, Row, dialect_of
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

_REFUSED = {1044, 1142, 1143, 1227, 1370, 3861}  # a privilege is missing
_UNKNOWN = {1064, 1109, 1146, 1193, 1235}  # this server has no such statement, table or variable
_RESERVE = 0.5  # seconds kept for the second look and the rest


@dataclass(frozen=True)
class Server:
    """Where and as whom to connect. Secrets stay out of repr."""

    host: str
    port: int
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Tls | None = None
    plain: bool = False  # True: no TLS even if the server offers it
    database: str = ""

    def __str__(self) -> str:
        return f"MySQL at {self.path or f'{self.host} port {self.port}'}"


class Session:
    """Asks questions. `limits` gathers what this user may not see."""

    def __init__(
        self, connection: pymysql.connections.Connection[DictCursor], deadline: Deadline
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self.limits: list[str] = []

    def ask(self, sql: str) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def ask_if_allowed(self, what: str, *statements: str) -> list[Row] | None:
        """The rows of the first statement that this server knows; None, noted in `limits`, when
        the user may not ask or the server knows none of them."""
        said = ""
        for sql in statements:
            try:
                return self.ask(sql)
            except pymysql.err.MySQLError as error:
                if code_of(error) not in _REFUSED | _UNKNOWN:
                    raise
                said = said or _said(error)
        self.limits.append(f"{what}: {said}")
        return None

    def bound(self, dialect: Dialect) -> None:
        """Have the server give up with us: a question that hangs there (a STOP REPLICA under way)
        would else keep its connection, one more with each look."""
        seconds = max(1, round(self._deadline.left()))
        name, value = ("max_statement_time", seconds)
        if not dialect.mariadb:
            name, value = ("max_execution_time", seconds * 1000)
        with suppress(pymysql.err.OperationalError):
            self.ask(f"SET SESSION {name} = {value}")

    @property
    def raw(self) -> pymysql.connections.Connection[Any]:
        """PyMySQL's own connection."""
        return self._connection

    def for_rows(self, most: int) -> None:
        """For a question of somebody else's: rows as tuples, `most` of them at most, in time."""
        row = self.ask("SELECT VERSION() AS v, @@version_comment AS c")[0]
        self.bound(dialect_of(row["v"], row["c"]))
        self.ask(f"SET SESSION sql_select_limit = {most:d}")
        self.raw.cursorclass = Cursor

    def pause(self, seconds: float) -> bool:
        """Wait; False, without waiting, when that would leave no time to go on."""
        if seconds + _RESERVE > self._deadline.left():
            return False
        time.sleep(seconds)
        return True


@contextmanager
def opened(server: Server, deadline: Deadline) -> Iterator[Session]:
    """A session, closed at the end. LinkError or NetError in one line."""
    with ExitStack() as stack:
        # TLS files are looked at first: no connection is made in vain.
        context = server.tls.context() if server.tls else None
        connection = _prepared(server, context)
        stack.callback(_closed, connection)
        sock = links.open_link(stack, server.host, server.port, server.path, deadline)
        try:
            connection.connect(sock)
            yield Session(connection, deadline)
        except ProbeError:
            raise
        except Exception as error:
            # Any: PyMySQL fails in many ways on an answer that is not MySQL's.
            raise LinkError(_words(error, server, deadline)) from error
        finally:
            sock.close()


def _prepared(server: Server, context: Any) -> pymysql.connections.Connection[DictCursor]:
    settings: dict[str, Any] = {"ssl": context} if context else {"ssl_disabled": server.plain}
    try:
        return pymysql.connect(
            host=server.host,
            port=server.port,
            user=server.user or None,
            password=server.password,
            database=server.database or None,
            charset="utf8mb4",
            autocommit=True,
            cursorclass=DictCursor,
            defer_connect=True,
            **settings,
        )
    except (ImportError, KeyError, OSError) as error:
        raise LinkError(f"{server}: set mysql_user; this process has no user name") from error


def _closed(connection: pymysql.connections.Connection[DictCursor]) -> None:
    with suppress(pymysql.err.Error, OSError):
        connection.close()


def code_of(error: BaseException) -> int:
    """MySQL's number of an error, 0 when it has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _said(error: BaseException) -> str:
    args: Sequence[object] = error.args
    return one_line(args[1] if len(args) > 1 else error)


def _words(error: BaseException, server: Server, deadline: Deadline) -> str:
    if deadline.passed:
        return links.late(str(server), deadline)
    code, said = code_of(error), _said(error)
    if code in (1045, 1698):
        if not server.password:
            return f"{server} asks for a password and none is set: set mysql_password ({said})"
        # MariaDB says the same to a client without TLS where it wants it.
        also = ", or it demands TLS" if server.plain else ""
        return f"{server} does not accept mysql_user and mysql_password{also}: {said}"
    if code in _MEANINGS:
        return f"{server} {_MEANINGS[code]} ({said})"
    if code in (0, 2003, 2006, 2013, 2026) and links.cause_of(error) is not None:
        return links.of_error(error, str(server), deadline)
    if code == 0 and not isinstance(error, pymysql.err.MySQLError):
        return f"{server} does not answer like MySQL: {said}"
    return f"{server}: {said}" + (f" ({code})" if code else "")


_MEANINGS = {
    1040: "takes no more clients: max_connections is reached",
    1129: "has blocked this machine after too many errors: FLUSH HOSTS there",
    1130: "does not let this machine in: the user is not granted from here",
    1820: "wants a new password: it has expired",
    1862: "wants a new password: it has expired",
    2026: "TLS failed",
    2059: "wants a way of authentication that is not supported",
    3159: "demands TLS: set mysql_tls",
    4031: "closed the connection",
}
