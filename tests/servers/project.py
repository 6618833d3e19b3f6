"""A whole autofix project in a temporary folder, driven through the command line as a user would.

with Project(tmp_path, hosts=..., settings=...) as project:
    project.runbook("redis-memory-high")      # a shipped one, or text
    project.serve()
    project.wait_for(lambda: project.incident(1)["state"] == "healed")
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
#: Two cores may be busy with other tests, and Ansible starts cold.
PATIENCE = 120.0


class Project:
    def __init__(
        self, path: Path, groups: Mapping[str, Mapping[str, Mapping[str, Any]]],
        settings: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self.log = path / "serve.log"
        self.pages = path / "pages"
        self._server: subprocess.Popen[bytes] | None = None
        for name in ("inventory", "playbooks", "runbooks"):
            (path / name).mkdir()
        self.inventory(groups)
        self.settings(settings or {})

    def inventory(self, groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        made = {
            group: {"hosts": {name: {**local, **more} for name, more in hosts.items()}}
            for group, hosts in groups.items()
        }
        (self.path / "inventory" / "hosts.yml").write_text(yaml.safe_dump(made))

    def settings(self, given: Mapping[str, Any]) -> None:
        """autofix.yaml; without channels there is one that writes pages into a folder."""
        self.pages.mkdir(exist_ok=True)
        code = (
            "import json,sys,time; page=json.load(sys.stdin);"
            f"name={str(self.pages)!r}+'/%d-%d' % (page.get('id',0),time.time_ns());"
            "open(name,'w').write(json.dumps(page))"
        )
        pager = {"pager": {"type": "command", "argv": [sys.executable, "-c", code]}}
        # A sentinel outlives a killed server, on purpose; tests that want one ask for it.
        base = {
            "channels": pager, "policies": {"default": {"channels": ["pager"]}},
            "sentinel": {"enabled": False},
            "web": {"listen": "127.0.0.1:0"},  # any free port: many servers run side by side
        }  # fmt: skip
        (self.path / "autofix.yaml").write_text(yaml.safe_dump({**base, **given}))

    def runbook(self, name: str, text: str = "") -> None:
        """A shipped runbook with its playbooks, or one of the test's own."""
        target = self.path / "runbooks" / f"{name}.yaml"
        if text:
            target.write_text(dedent(text))
            return
        shutil.copy(ROOT / "runbooks" / f"{name}.yaml", target)
        shutil.copytree(ROOT / "playbooks", self.path / "playbooks", dirs_exist_ok=True)

    def playbook(self, name: str, text: str) -> None:
        (self.path / "playbooks" / name).write_text(dedent(text))

    # the command line

    def autofix(
        self,
        *words: str,
        timeout: float = PATIENCE,
        more: Mapping[str, str] | None = None,
        given: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """A command's end; `more` is added to its environment, `given` is its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "autofix", "-C", str(self.path), *words], text=True,
            capture_output=True, timeout=timeout, check=False, input=given,
            env={**environment(), **(more or {})},
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.autofix(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def incident(self, number: int) -> dict[str, Any]:
        """The incident; with state `none` while there is no such one."""
        done = self.autofix("incidents", "show", str(number), "--json")
        if done.returncode == 2:
            return {"state": "none"}
        found: dict[str, Any] = json.loads(done.stdout)["incident"]
        return found

    def runs(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("incidents", "show", str(number))["runs"]
        return found

    def sent(self) -> list[dict[str, Any]]:
        """The pages that the default channel took, oldest first."""
        return [json.loads(each.read_text()) for each in sorted(self.pages.iterdir())]

    def asks(self, path: str) -> Any:
        """What the running server says by its socket, quicker than a command; None: a problem."""
        with Local(self.path / ".autofix" / "autofix.sock") as there:
            there.request("GET", f"/api/v1{path}")
            answer = there.getresponse()
            body = json.loads(answer.read())
            return body if answer.status == 200 else None

    def standing(self, number: int) -> str:
        """The state of an incident as a running server says it, for who asks again and again: a
        command is a second's work of a core. Empty: no server says it."""
        try:
            with Local(self.path / ".autofix" / "autofix.sock", timeout=3) as there:
                there.request("GET", f"/api/v1/incidents/{number}")
                answer = there.getresponse()
                body = json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            return ""
        if answer.status == 404:
            return "none"
        return str(body["incident"]["state"]) if answer.status == 200 else ""

    # the server

    def serve(self, says: str = "autofix serves") -> subprocess.Popen[bytes]:
        """Start the server and wait for words in its log."""
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "autofix", "-C", str(self.path), "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=environment(),
            )  # fmt: skip
        self.wait_for(lambda: says in self.log.read_text().split("=killed=")[-1])
        return self._server

    def kill(self) -> None:
        """kill -9 of the server, as a crash would."""
        assert self._server is not None
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()
        with self.log.open("ab") as log:
            log.write(b"=killed=")
        self._server = None

    def stop(self) -> int:
        """SIGTERM; the server's exit code."""
        assert self._server is not None
        self._server.terminate()
        code = self._server.wait(30)
        self._server = None
        return code

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            if self._server is not None and self._server.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()[-3000:]}")
            time.sleep(0.3)
        tail = self.log.read_text()[-3000:] if self.log.exists() else ""
        raise AssertionError(f"not within {seconds} s; the server said: {tail}")

    def wait_for_state(self, number: int, *states: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            if self.standing(number) not in ("", *states):
                return None
            incident = self.incident(number)
            return incident if incident["state"] in states else None

        return self.wait_for(reached)  # type: ignore[no-any-return]

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(20)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()


class Local(HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, file: Path, timeout: float = 30) -> None:
        super().__init__("localhost", timeout=timeout)
        self._file = file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._file))

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def environment() -> dict[str, str]:
    """The caller's environment without what would change autofix."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AUTOFIX_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
