"""A real redis-server as a child process, in a temporary folder, on a free port of loopback.

with redis_server("--maxmemory", "10mb", password="s3cret") as server:
    server.cli("SET", "key", "value")
    target = Target("cache1", "127.0.0.1", server.variables)
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

STARTS_WITHIN = 20.0  # seconds; two cores may be busy with other tests


@dataclass
class RedisServer:
    """One server; `variables` is what an inventory would say about it."""

    folder: Path
    options: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    password: str = field(default="", repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def variables(self) -> dict[str, Any]:
        found: dict[str, Any] = {"redis_host": self.host, "redis_port": self.port}
        return {**found, "redis_password": self.password} if self.password else found

    def client(self, **more: Any) -> redis.Redis:
        """A client of its own; close it yourself."""
        settings = {
            "host": self.host,
            "port": self.port,
            "password": self.password or None,
            "decode_responses": True,
            "socket_timeout": 10,
            "protocol": 2,
        }
        return redis.Redis(**{**settings, **more})

    def cli(self, *words: Any) -> Any:
        """Run one command on a fresh connection, as redis-cli would."""
        client = self.client()
        try:
            return client.execute_command(*words)
        finally:
            client.close()

    def fill(self, until: int, *, ttl: int = 0, size: int = 10_000, prefix: str = "key") -> int:
        """Write keys until `used_memory` is at least `until` bytes; how many were written.

        `ttl`: seconds after which they expire, 0 for never.
        """
        client = self.client()
        try:
            written = 0
            while client.info("memory")["used_memory"] < until:
                with client.pipeline(transaction=False) as pipeline:
                    for _ in range(20):
                        pipeline.set(f"{prefix}:{written}", os.urandom(size), ex=ttl or None)
                        written += 1
                    pipeline.execute()
            return written
        finally:
            client.close()

    def start(self) -> None:
        """Start and wait until it answers; raises with its own log when it ends instead."""
        self.port = self.port or free_port()
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                text = (self.folder / "redis.log").read_text(errors="replace")
                raise RuntimeError(f"redis-server did not start:\n{text[-4000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, by its own number; the folder stays for another start."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
            self.process = None

    def _answers(self) -> bool:
        try:
            return bool(self.cli("PING"))
        except (redis.ConnectionError, redis.TimeoutError):  # also: still loading
            return False

    def _command(self) -> list[str]:
        config = self.folder / "redis.conf"
        config.touch(mode=0o600)
        # In a file, since the arguments of a process are for everybody to see.
        config.write_text(f'requirepass "{self.password}"\n' if self.password else "")
        # A test process that is killed takes its servers with it.
        setpriv = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
        return [
            *(*setpriv, program(), str(config)),
            *("--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)),
            *("--save", "", "--daemonize", "no", "--enable-debug-command", "local"),
            *self.options,
        ]


@contextmanager
def redis_server(*options: str, password: str = "", port: int = 0) -> Iterator[RedisServer]:
    """A server that answers; `options` are further arguments (`"--maxmemory", "10mb"`)."""
    with tempfile.TemporaryDirectory(prefix="redis-", ignore_cleanup_errors=True) as name:
        server = RedisServer(Path(name), options, port=port, password=password)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def program() -> str:
    """The path of redis-server, empty when it is not installed."""
    return shutil.which("redis-server") or ""


def free_port() -> int:
    """A port of loopback on which nobody listens right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
