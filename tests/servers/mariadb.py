"""A real MariaDB primary and replica, as child processes in temporary folders.

    with mariadb_pair() as pair:
        pair.primary.query("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
        pair.caught_up()
        pair.replica.query("SELECT * FROM shop.orders")

Both listen on loopback, on a free port and a socket. The first start of a test session makes the
system tables once and later starts copy them, so that a pair is up in about a second.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

#: Small and quick; nothing in these folders outlives its test, so nothing is synced to the disk.
FAST = (
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-method=nosync",
    "--aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
    "--performance-schema=OFF",
)
STARTS_WITHIN = 60.0  # seconds; two cores may be busy with other tests


def missing() -> str:
    """The programs that are not installed here, empty when all are."""
    programs = ("mariadbd", "mariadb-install-db", "mariadb", "setpriv")
    return ", ".join(name for name in programs if not _program(name))


def eventually(
    what: Callable[[], Any], *, within: float = 20.0, every: float = 0.05, said: str = ""
) -> Any:
    """The first truthy answer of `what`; AssertionError when none came within the deadline."""
    deadline = time.monotonic() + within
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {said or what}; last answer {answer!r}")
        time.sleep(every)


@dataclass
class MariaDB:
    """One server. `user` may do everything, `repl` may only replicate."""

    folder: Path
    server_id: int
    options: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    user: str = "admin"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> str:
        return str(self.folder / "m.sock")

    @property
    def variables(self) -> dict[str, Any]:
        """What an inventory would say about this server."""
        return {
            "mysql_host": self.host,
            "mysql_port": self.port,
            "mysql_user": self.user,
            "mysql_password": self.password,
        }

    def start(self) -> None:
        """Start and wait until it answers; raises with its own log when it ends instead."""
        self.port = self.port or _free_port()
        with (self.folder / "error.log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                log_text = (self.folder / "error.log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"mariadbd did not start:\n{log_text[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a crash would; the data folder stays for another start."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
            self.process = None

    def connect(self) -> pymysql.connections.Connection[DictCursor]:
        """A connection of its own (for locks and long queries); close it yourself."""
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            autocommit=True,
            connect_timeout=5,
            cursorclass=DictCursor,
        )

    def query(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Run one statement on a fresh connection; its rows, as dictionaries."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, args or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def variable(self, name: str) -> Any:
        """The value of a global variable."""
        return self.query(f"SELECT @@GLOBAL.{name} AS value")[0]["value"]

    def replication(self) -> dict[str, Any]:
        """SHOW SLAVE STATUS, empty when it replicates from nobody."""
        rows = self.query("SHOW SLAVE STATUS")
        return rows[0] if rows else {}

    def replicates(self) -> bool:
        """Both threads run."""
        status = self.replication()
        return {status["Slave_IO_Running"], status["Slave_SQL_Running"]} == {"Yes"}

    def _answers(self) -> bool:
        try:
            self.query("SELECT 1")
        except pymysql.err.OperationalError:
            return False
        return True

    def _command(self) -> list[str]:
        init = self.folder / "init.sql"
        init.touch(mode=0o600)
        init.write_text(_users(self.user, self.password))
        # setpriv: a test process that is killed takes its servers with it.
        return [
            *("setpriv", "--pdeathsig", "KILL", _program("mariadbd")),
            *("--no-defaults", *_as_root(), *FAST),
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={init}",
            f"--port={self.port}",
            f"--bind-address={self.host}",
            f"--server-id={self.server_id}",
            *("--skip-name-resolve", "--log-bin=binlog", "--binlog-format=ROW"),
            *("--relay-log=relay", "--slave-net-timeout=10", "--skip-slave-start"),
            *self.options,
        ]


@dataclass
class Pair:
    """A primary and the replica that follows it by GTID."""

    primary: MariaDB
    replica: MariaDB

    def follow(self) -> None:
        """Point the replica at the primary and start both threads."""
        self.replica.query(
            "CHANGE MASTER TO MASTER_HOST=%s, MASTER_PORT=%s, MASTER_USER='repl',"
            " MASTER_PASSWORD=%s, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
            *(self.primary.host, self.primary.port, self.primary.password),
        )
        self.replica.query("START SLAVE")
        eventually(self.replica.replicates, said="both threads of the replica run")

    def caught_up(self, within: float = 30.0) -> None:
        """Wait until the replica has applied everything the primary has written."""

        def equal() -> bool:
            position = self.primary.variable("gtid_binlog_pos")
            return bool(self.replica.variable("gtid_slave_pos") == position)

        eventually(equal, within=within, said="the replica has caught up")


@contextmanager
def mariadb_server(*options: str, server_id: int = 1) -> Iterator[MariaDB]:
    """One server on its own; `options` are further arguments of mariadbd."""
    with tempfile.TemporaryDirectory(prefix="mdb-") as name:
        folder = Path(name)
        shutil.copytree(_template(), folder / "data")
        server = MariaDB(folder, server_id, options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def mariadb_pair(*replica_options: str) -> Iterator[Pair]:
    """A primary and a replica that has caught up; the database `shop` exists on both."""
    with (
        mariadb_server(server_id=1) as primary,
        mariadb_server(*replica_options, server_id=2) as replica,
    ):
        pair = Pair(primary, replica)
        pair.follow()
        primary.query("CREATE DATABASE shop")
        pair.caught_up()
        yield pair


@lru_cache(maxsize=1)
def _template() -> Path:
    """A data folder with the system tables, made once per test session."""
    folder = Path(tempfile.mkdtemp(prefix="mdb-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = subprocess.run(
        [
            *("mariadb-install-db", "--no-defaults", *_as_root(), *FAST),
            *("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
            f"--datadir={folder / 'data'}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"mariadb-install-db failed:\n{made.stdout}{made.stderr}")
    return folder / "data"


def _users(user: str, password: str) -> str:
    # One statement a line, as --init-file wants it; not logged, so that no server replicates it.
    return "\n".join(
        [
            "SET sql_log_bin = 0;",
            f"CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{password}';",
            f"GRANT ALL ON *.* TO '{user}'@'%' WITH GRANT OPTION;",
            f"CREATE OR REPLACE USER 'repl'@'%' IDENTIFIED BY '{password}';",
            "GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%';",
            "SET sql_log_bin = 1;\n",
        ]
    )


def _as_root() -> tuple[str, ...]:
    # mariadbd refuses to run as root unless it is told so.
    return ("--user=root",) if os.geteuid() == 0 else ()


def _program(name: str) -> str:
    # Servers live in /usr/sbin, which is not on every user's PATH.
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    return shutil.which(name, path=path) or ""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
