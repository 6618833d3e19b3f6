"""A sandbox to see the main job in: a real Redis, a project, a server; nothing is left behind."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

from autofix.app.desk import desk_of
from autofix.app.served import url_there
from autofix.app.site import Site
from autofix.core.roles import Role, at_the_terminal
from autofix.errors import UsageError

MEMORY = 64 * 1024 * 1024
FILL = 0.95
VALUE = "x" * 4000
#: Of every this many keys, one has no time to live: it must still be there at the end.
LASTING = 20

SETTINGS = """\
# The demo's settings: the shipped runbook files, with shorter durations set here.
policies:
  default: {channels: [pager]}
sentinel: {enabled: false}       # the sandbox ends with the demo
web: {listen: "127.0.0.1:0"}     # any free port: another server may run here
channels:
  pager:
    type: command
    argv:
      - PYTHON
      - -c
      - import sys, json; print(json.load(sys.stdin)["text"], file=open("PAGES", "a"))
overrides:
  redis-memory-high:
    triggers: {every: 1s, for: 2s}
    verify: {within: 3s, hold: 2s, every: 500ms}
    guards: {cooldown: 5s}
ansible:
  python: PYTHON
"""


#: Who may come in by the console of the sandbox.
NAME = "demo"


class Sandbox:
    """A folder under the temporary folder with everything in it; `close` removes all of it."""

    def __init__(self, *, refuse_config: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="autofix-demo-"))
        self.pages = self.folder / "pages.txt"
        self.log = self.folder / "serve.log"
        self.port = _free_port()
        #: Of `NAME`; made anew for each sandbox, and kept nowhere but here.
        self.password = secrets.token_urlsafe(12)
        self._refuse_config = refuse_config
        self._children: list[subprocess.Popen[bytes]] = []

    def build(self) -> None:
        """Write the project, start Redis and fill it."""
        self._write_project()
        self._let_in()
        self._start_redis()
        self.fill()

    def _write_project(self) -> None:
        for name in ("playbooks", "runbooks"):
            shutil.copytree(shipped(name), self.folder / name)
        for runbook in (self.folder / "runbooks").glob("*.yaml"):
            if runbook.name != "redis-memory-high.yaml":
                runbook.unlink()
        (self.folder / "inventory").mkdir()
        (self.folder / "inventory" / "hosts.yml").write_text(
            "redis:\n  hosts:\n    demo-redis:\n      ansible_connection: local\n"
            f"      ansible_host: 127.0.0.1\n      redis_host: 127.0.0.1\n"
            f"      redis_port: {self.port}\n"
        )
        text = SETTINGS.replace("PYTHON", sys.executable).replace("PAGES", str(self.pages))
        (self.folder / "autofix.yaml").write_text(text)

    def _let_in(self) -> None:
        """One person, made before the server starts: so it offers nobody a link."""
        site = Site.open(self.folder)
        try:
            desk = desk_of(site, at_the_terminal(NAME))
            desk.add_user(NAME, [Role.ADMIN], password=self.password)
        finally:
            site.close()

    def console(self) -> str:
        """Where it is; empty while the server does not listen yet."""
        return url_there(self.folder / ".autofix")

    def _start_redis(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise UsageError(
                "the demo needs redis-server", hint="as root: apt-get install redis-server"
            )
        data = self.folder / "redis"
        data.mkdir()
        more = ["--rename-command", "CONFIG", ""] if self._refuse_config else []
        self._start(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(data),
             "--maxmemory", str(MEMORY), "--maxmemory-policy", "noeviction", "--save", "",
             "--appendonly", "yes", "--logfile", str(data / "redis.log"), *more],
        )  # fmt: skip
        self._wait_for_redis()

    def _wait_for_redis(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.redis("PING").strip() == "PONG":
                return
            time.sleep(0.05)
        raise UsageError("the demo's redis-server did not start", hint=f"see {self.folder}/redis")

    def fill(self) -> None:
        """To 95 % of its memory, most of it keys with a time to live."""
        number = 0
        while self.ratio() < FILL:
            room = int((FILL * MEMORY - self.used()) / (len(VALUE) + 400))
            lines = []
            for _ in range(max(room, 20)):
                number += 1
                life = "" if number % LASTING == 0 else f" EX {3600 + number % 600}"
                name = "keep" if number % LASTING == 0 else "session"
                lines.append(f"SET {name}:{number} {VALUE}{life}")
            self._feed("\n".join(lines) + "\n")

    def _feed(self, commands: str) -> None:
        subprocess.run(
            ["redis-cli", "-p", str(self.port)],
            input=commands.encode(),
            check=False,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    def redis(self, *argv: str) -> str:
        """redis-cli's answer; empty when there is none."""
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *argv], capture_output=True, check=False, timeout=20
        )
        return done.stdout.decode(errors="replace")

    def used(self) -> int:
        for line in self.redis("INFO", "memory").splitlines():
            if line.startswith("used_memory:"):
                return int(line.partition(":")[2])
        return 0

    def ratio(self) -> float:
        return self.used() / MEMORY

    def lasting(self) -> int:
        """How many keys without a time to live there are."""
        for line in self.redis("INFO", "keyspace").splitlines():
            if line.startswith("db0:"):
                counts = dict(pair.split("=") for pair in line[4:].split(","))
                return int(counts["keys"]) - int(counts["expires"])
        return 0

    def serve(self) -> None:
        """Start `autofix serve` on the sandbox."""
        with self.log.open("wb") as log:
            self._start([sys.executable, "-m", "autofix", "-C", str(self.folder), "serve"], log)

    def _start(self, argv: list[str], log: object = None) -> None:
        self._children.append(
            subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log or subprocess.DEVNULL,  # type: ignore[call-overload]
                stderr=log or subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        )

    def alive(self) -> bool:
        """Does everything that was started still run?"""
        return all(child.poll() is None for child in self._children)

    def pids(self) -> list[int]:
        """The processes of the sandbox, the server first."""
        return [child.pid for child in reversed(self._children)]

    def close(self) -> None:
        """End what was started, the server first, and remove the folder."""
        for child in reversed(self._children):
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def shipped(name: str) -> Path:
    """The shipped `playbooks` or `runbooks`: in the wheel, or at the root of a checkout."""
    packed = Path(str(files("autofix"))) / "shipped" / name
    if packed.is_dir():
        return packed
    checkout = Path(__file__).resolve().parents[3] / name
    if checkout.is_dir():
        return checkout
    raise UsageError(f"the shipped {name} are missing", hint="install autofix again")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
