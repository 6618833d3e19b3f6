"""Forges deaths: for each case on stdin a fresh world, whose tellers are killed one after another.

`python -m crashkit.forge FOLDER`; a case is a JSON line `{"seed": 3, "deaths": ["run.event:2"]}`,
so is its answer. Everything is imported once, each teller is a fork.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from autofix import crashpoints
from autofix.errors import AutofixError
from autofix.store import open_store
from autofix.store.sql import SqlStore
from crashkit.books import BOOKS
from crashkit.border import Fault, under_fault
from crashkit.judge import Judge
from crashkit.lasting import Traces
from crashkit.story import Teller


def open_in(folder: Path) -> SqlStore:
    return open_store(f"sqlite:///{folder}/state/autofix.db", state=folder / "state")


class Forge:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template"
        self._template.mkdir(parents=True)
        self._in_child(lambda: open_in(self._template).close())
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._port: int = self._listener.getsockname()[1]

    def case(
        self, seed: int, deaths: list[str], fault: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Tell the seed's story with these deaths, then to its end, and judge it.

        `fault`: the fields of a `border.Fault`, for the first telling.
        """
        began = time.monotonic()
        world = self._folder / "world"
        shutil.rmtree(world, ignore_errors=True)
        shutil.copytree(self._template, world)
        died = [self._in_child(partial(self._tell, seed, world, wish)) for wish in deaths]
        broken = self._under_fault(seed, world, Fault(**fault)) if fault else {}
        killed = broken.get("code", 0) < 0 or bool(broken.get("refused"))
        end = self._in_child(lambda: self._tell_to_the_end(seed, world, len(deaths) + killed))
        complaints = (world / "error").read_text() if (world / "error").exists() else ""
        found = json.loads((world / "verdict").read_text()) if end == 0 else {}
        return {
            "seed": seed,
            "deaths": deaths,
            "died": [code == -signal.SIGKILL for code in died],
            "complaints": [*found.get("complaints", []), *([complaints] if complaints else [])],
            "passes": found.get("passes", {}),
            "begun": [line["playbook"] for line in Traces(world).all("begun")],
            **broken,
            "seconds": time.monotonic() - began,
        }

    def _under_fault(self, seed: int, world: Path, fault: Fault) -> dict[str, Any]:
        """A failing call may end the teller, as it may end a server, but only in one clear line."""

        def work() -> None:
            with (self._folder / "err").open("a") as errors:
                os.dup2(errors.fileno(), 2)
            try:
                store = open_in(world)
                Teller(seed, world, store, self._port).tell()
                store.close()
            except AutofixError as error:
                (world / "refused").write_text(str(error))
            except BaseException:
                (world / "error").write_text(traceback.format_exc())

        code = under_fault(work, world / "state", fault)
        refused = world / "refused"
        said = refused.read_text() if refused.exists() else ""
        return {"calls": fault.seen, "failed": fault.failed, "code": code, "refused": said}

    def _tell(self, seed: int, world: Path, wish: str) -> None:
        crashpoints.arm(wish)
        store = open_in(world)
        Teller(seed, world, store, self._port).tell()
        store.close()

    def _tell_to_the_end(self, seed: int, world: Path, deaths: int) -> None:
        passes: Counter[str] = Counter()
        crashpoints.reach = lambda name: passes.update([name])
        store = open_in(world)
        Teller(seed, world, store, self._port).tell()
        store.close()
        store = open_in(world)
        complaints = Judge(store, Traces(world), BOOKS, deaths=deaths).complaints()
        store.close()
        verdict = {"complaints": complaints, "passes": passes}
        (world / "verdict").write_text(json.dumps(verdict))

    def _in_child(self, work: Callable[[], None]) -> int:
        """Its exit code; negative: the signal it died of."""
        pid = os.fork()
        if pid == 0:
            try:
                with (self._folder / "err").open("a") as errors:
                    os.dup2(errors.fileno(), 2)
                work()
            except BaseException:
                world = self._folder / "world"
                world.mkdir(exist_ok=True)
                with (world / "error").open("a") as file:
                    file.write(traceback.format_exc())
                os._exit(70)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)


def main(folder: Path) -> None:
    forge = Forge(folder)
    for line in sys.stdin:
        print(json.dumps(forge.case(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
