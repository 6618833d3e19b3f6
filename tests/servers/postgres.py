"""A real PostgreSQL cluster, as a child process in a temporary folder.

    server = cluster()                    # one for this test process, made at first use
    url = server.database()               # a new empty database, as a URL of autofix's
    server.drop(url)

It listens on loopback, on a free port, and syncs to the disk as a real one does. PostgreSQL refuses
to run as root, so tests of root start it as the system user `postgres`. When it can't be had, tests
fail and say what is missing: they never pass without it.
"""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

STARTS_WITHIN = 60.0  # seconds; two cores may be busy with other tests
USER = "autofix"
SYSTEM_USERS = ("postgres", "nobody")

#: Small, and as durable as a real one: fsync, synchronous_commit and full_page_writes stay on.
SMALL = (
    "shared_buffers=32MB",
    "max_connections=100",
    "max_wal_size=256MB",
    "autovacuum=off",
    "lc_messages=C",
)


def programs() -> Path:
    """The folder of `initdb` and `postgres`; RuntimeError when there is none."""
    found = [
        *(Path(each).parent for each in [shutil.which("postgres")] if each),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
    ]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError("PostgreSQL is not installed here: run tools/setup.sh test")


@dataclass
class Cluster:
    """One server. `USER` is its superuser, by password over TCP."""

    folder: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _numbers: Any = field(default_factory=lambda: count(1), repr=False)

    def make(self) -> None:
        """initdb, as a user who is not root."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        _give(self.folder, secret)
        self._run(
            str(programs() / "initdb"),
            *("-D", str(self.folder / "data"), "-U", USER, "-E", "UTF8", "--locale=C"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}", "-N"),
        )

    def copy_of(self, primary: Cluster) -> None:
        """Instead of `make`: a standby that streams from a running server once it is started."""
        _give(self.folder)
        self._run(
            # Beside the real `initdb`: what is on PATH may be links to a few programs only.
            str((programs() / "initdb").resolve().with_name("pg_basebackup")),
            *("-D", str(self.folder / "data"), "-R", "-X", "stream", "-c", "fast", "-N", "-d"),
            f"host=127.0.0.1 port={primary.port} user={USER} password={primary.password}",
        )

    def start(self) -> None:
        """Start and wait until it answers; raises with its own log when it ends instead."""
        self.port = self.port or _free_port()
        options = [
            f"listen_addresses=127.0.0.1 port={self.port} unix_socket_directories={self.folder}",
            *SMALL,
        ]
        flags = [word for text in options for each in text.split() for word in ("-c", each)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                # A test process that is killed takes its server with it.
                [
                    *("setpriv", "--pdeathsig", "QUIT", *_as_another()),
                    *(str(programs() / "postgres"), "-D", str(self.folder / "data"), *flags),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = (self.folder / "log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{text[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a crash would; the data stay for another start."""
        if self.process is not None:
            self.process.send_signal(3)  # SIGQUIT: at once, without a checkpoint
            self.process.wait(timeout=30)
            self.process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of its own, committing each statement; close it yourself."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def execute(self, sql: str, database: str = "postgres") -> list[Any]:
        with self.connect(database) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, template: str = "template0") -> str:
        """Make an empty database (or a copy of one); its URL, password included."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def drop(self, url: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", *_as_another(), *command],
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=STARTS_WITHIN,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}\n{done.stderr}")


@lru_cache(maxsize=1)
def cluster() -> Cluster:
    """The one of this test process: made at first use, ended and removed at its exit."""
    made = temporary()
    atexit.register(remove, made)
    return made


def temporary() -> Cluster:
    """A cluster of your own, running; `remove` it."""
    folder = Path(tempfile.mkdtemp(prefix="autofix-pg-"))
    made = Cluster(folder)
    try:
        made.make()
        made.start()
    except BaseException:
        remove(made)
        raise
    return made


def remove(made: Cluster) -> None:
    made.stop()
    shutil.rmtree(made.folder, ignore_errors=True)


def _system_user() -> pwd.struct_passwd | None:
    """Who runs the server when we are root; None when we are not."""
    if os.geteuid():
        return None
    for name in SYSTEM_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _as_another() -> list[str]:
    user = _system_user()
    if user is None:
        return []
    return [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _give(*paths: Path) -> None:
    user = _system_user()
    for path in paths:
        path.chmod(0o700)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
