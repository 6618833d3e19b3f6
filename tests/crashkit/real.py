"""A real server on a real store with real playbooks, killed as a case asks for, and judged.

Hosts are local connections; being ill is a file, each playbook leaves a line of what it did, and
the channel a line of whom it reached. `Killed.live` is one lifetime of the server.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from typing import Any

from autofix import crashpoints
from autofix.core.runbooks import Runbook, Step
from autofix.core.runs import RunState
from autofix.store import open_store
from crashkit.judge import Judge
from crashkit.lasting import Traces
from servers.project import Project, environment
from servers.site import alive, eventually, saying

EXECUTOR = "autofix.ansible.executor"
#: The same as the files below, for the judge.
BOOKS = {
    "mend": Runbook("mend", "", (Step("mend.yml", afterwards="mend-back.yml"),), None),
    "undo": Runbook("undo", "", (Step("try.yml", rollback="undo.yml"), Step("last.yml")), None),
    "again": Runbook("again", "", (Step("again.yml", afterwards="again-back.yml"),), None,
                     idempotent=True),
}  # fmt: skip
STEPS = {
    "mend": "- {playbook: mend.yml, afterwards: mend-back.yml}",
    "undo": "- {playbook: try.yml, rollback: undo.yml}\n      - {playbook: last.yml}",
    "again": "- {playbook: again.yml, afterwards: again-back.yml}",
}
RUNBOOK = """
    name: {name}
    title: {name}
    severity: P1
    idempotent: {idempotent}
    triggers:
      - probe: command
        hosts: web
        every: 1s
        when: not ok
        with: {{argv: [sh, -c, "{test}"]}}
    fix:
      {steps}
    verify:
      {{probe: command, until: ok, within: 2s, every: 500ms, with: {{argv: [sh, -c, "{test}"]}}}}
    guards: {{cooldown: 1s, at_once: 4, attempts: {{max: 50, per: 1h}}}}
    """
PLAYBOOK = """
    - hosts: web
      gather_facts: false
      vars: {{af: "{{{{ event_json | from_json }}}}"}}
      tasks:
        - name: act
          ansible.builtin.command:
            argv:
              - {python}
              - {act}
              - --
              - "{{{{ af.run }}}}"
              - "{{{{ af.incident }}}}"
              - "{{{{ af.kind }}}}"
              - "{{{{ af.step }}}}"
              - "{{{{ af.host }}}}"
              - "{{{{ af.runbook }}}}"
              - {playbook}
        - name: look back
          ansible.builtin.command: "true"
    """
#: What a playbook does: a line of the deed, then it takes its time, then perhaps the host is well.
ACT = """
import json, os, sys, time
run, incident, kind, step, host, runbook, playbook = sys.argv[2:]
line = {"run": int(run), "incident": int(incident), "kind": kind, "step": int(step),
        "runbook": runbook, "playbook": playbook}
home = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(home, "begun"), "a") as file:
    file.write(json.dumps(line) + "\\n")
time.sleep(float(open(os.path.join(home, "pace")).read()))
if playbook in ("mend.yml", "again.yml"):
    ill = os.path.join(home, "ill", f"{runbook}.{host}")
    if os.path.exists(ill):
        os.unlink(ill)
"""
PAGER = (
    "import json,sys; page=json.load(sys.stdin);"
    "line={'page': page.get('id'), 'incident': page.get('incident'),"
    " 'runbook': (page.get('data') or {}).get('runbook') or page.get('runbook') or ''};"
    "open(%r,'a').write(json.dumps(line)+chr(10))"
)


class Killed(Project):
    """A project whose server is killed; `traces` are what the world has seen."""

    def __init__(self, path: Path, hosts: int, isolation: str = "auto") -> None:
        self.world = path / "world"
        (self.world / "ill").mkdir(parents=True)
        self.traces = Traces(self.world)
        self.deaths = 0
        self._said = 0  # where in the log the last start begins
        names: dict[str, dict[str, Any]] = {f"h{number}": {} for number in range(hosts)}
        pager = {
            "type": "command",
            "argv": [sys.executable, "-c", PAGER % str(self.world / "rung")],
        }
        settings = {
            "channels": {"pager": pager},
            "policies": {"default": {"channels": ["pager"]}},
            "ansible": {"isolation": isolation},
            # The brakes have tests of their own; here much is to be going on.
            "limits": {"runs_per_hour": 100_000, "hosts_at_once": 8, "percent_of_group": "100%"},
        }
        super().__init__(path, {"web": names}, settings)
        (self.world / "act.py").write_text(dedent(ACT))
        self.pace(0)
        for name in STEPS:
            self._write(name)

    def _write(self, name: str) -> None:
        test = f"test ! -e {self.world}/ill/{name}.$AUTOFIX_HOST"
        idempotent = str(BOOKS[name].idempotent).lower()
        values = {"name": name, "steps": STEPS[name], "test": test, "idempotent": idempotent}
        self.runbook(name, RUNBOOK.format(**values))
        for step in BOOKS[name].fix:
            for playbook in filter(None, (step.playbook, step.rollback, step.afterwards)):
                act = self.world / "act.py"
                text = PLAYBOOK.format(playbook=playbook, python=sys.executable, act=act)
                self.playbook(playbook, text)

    def __enter__(self) -> Killed:
        return self

    # the world

    def ill(self, host: str, runbook: str) -> None:
        (self.world / "ill" / f"{runbook}.{host}").touch()

    def pace(self, seconds: float) -> None:
        """How long every playbook takes from now on."""
        (self.world / "pace").write_text(str(seconds))

    def begun(self, count: int) -> bool:
        return len(self.traces.all("begun")) >= count

    # the server

    def start(self, wish: str = "", **more: str) -> subprocess.Popen[bytes]:
        """A server, with this crash point; it may be dead before it serves."""
        armed = {crashpoints.VARIABLE: wish} if wish else {}
        with self.log.open("ab") as log:
            self._said = log.tell()
            self._server = subprocess.Popen(
                [sys.executable, "-m", "autofix", "-C", str(self.path), "serve"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**environment(), **armed, **more},
            )  # fmt: skip
        self.traces.add("restarted", at=time.time())
        return self._server

    def serves(self) -> bool:
        """The one that was started last is through with its recovery."""
        with self.log.open("rb") as log:
            log.seek(self._said)
            return b"autofix serves" in log.read()

    def dies(self, seconds: float = 60.0) -> None:
        """Wait until its crash point has killed it."""
        assert self._server is not None
        try:
            code = self._server.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not die: {self.log.read_text()[-3000:]}") from None
        assert code == -signal.SIGKILL, f"{code}: {self.log.read_text()[-3000:]}"
        self._gone()

    def stops(self, seconds: float = 60.0) -> None:
        """Wait until its crash point has stopped it."""
        assert self._server is not None
        stat = Path(f"/proc/{self._server.pid}/stat")
        stopped = "T"
        eventually(
            lambda: stat.read_text().rpartition(")")[2].split()[0] == stopped, seconds, "it stops"
        )

    def strike(self) -> None:
        """kill -9 of the server, now."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        self._gone()

    def _gone(self) -> None:
        self.deaths += 1
        self._server = None

    def proceed(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def executors(self) -> list[int]:
        """The executor processes of this project, outermost first."""
        found = [pid for pid in saying(str(self.path)) if EXECUTOR in command_of(pid)]
        return [pid for pid in found if alive(pid)]

    def kill_executors(self) -> int:
        found = self.executors()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # with its namespace
        return len(found)

    def leftovers(self) -> list[int]:
        """Live processes of playbooks of this project."""
        return [pid for pid in saying(f"{self.path}/.autofix/runs") if alive(pid)]

    # the verdict

    def rests(self) -> bool:
        """Nothing is to be done any more but by people, and they were called; a digest may still
        gather, for as long as the last page of its runbook is fresh."""
        later = time.time() + 3600
        with self._store() as store, store.reading() as reads:
            waiting = [page for page in reads.due_pages(later) if not page.gathers]
            if waiting or reads.signals(received=True) or reads.due_incidents(later):
                return False
            states = (RunState.PLANNED, RunState.CLAIMED, RunState.STARTED)
            return not reads.runs(states=states, limit=1)

    def complaints(self) -> list[str]:
        with self._store() as store:
            judged = Judge(store, self.traces, BOOKS, deaths=self.deaths).complaints()
        left = self.leftovers() if self._server is None else []
        return [*judged, *(f"process {pid} was left behind" for pid in left)]

    def _store(self) -> Any:
        state = self.path / ".autofix"
        return closing(open_store(f"sqlite:///{state}/autofix.db", state=state))

    def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait with the server's own words in the error."""
        return self.wait_for(condition, seconds)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
