"""One of two servers on one PostgreSQL store: the real flow, with hosts that are files.

    python two_servers_child.py URL FOLDER NAME LEASE LOCK_LEASE

A playbook writes one line into FOLDER/executed as its first act and takes a moment; a host is well
when FOLDER/well holds its name. Prints `leading` and `lost` as it goes; ends by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from autofix.app.leading import leading, led
from autofix.app.site import SystemClock, owner_name
from autofix.core.conditions import parse
from autofix.core.escalation import simple
from autofix.core.limits import Limits
from autofix.core.readings import Reading
from autofix.core.runbooks import Guards, ProbeTrigger, Runbook, Step, Verify
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.flow import claim, heartbeat
from autofix.flow.context import Book, Context
from autofix.flow.pools import Pools
from autofix.flow.recover import recover
from autofix.flow.tick import Engine
from autofix.ports import Cancel, Store
from autofix.store import open_store
from autofix.testing.inventory import FakeInventory

HOSTS = [f"h{number}" for number in range(1, 101)]
TAKES = 0.3  # seconds that a playbook works
BOOK = Runbook(
    "heal",
    "A host is ill",
    fix=(Step("heal.yml", timeout=20),),
    verify=Verify("file", parse("well"), within=3, every=0.5),
    triggers=(ProbeTrigger("file", "all", parse("not well"), every=30),),
    guards=Guards(at_once=len(HOSTS)),
)


class Hosts:
    """The probe: a host is well when its name stands in the file."""

    name = "file"
    open_ended = True
    facts: Mapping[str, Any] = {}

    def __init__(self, folder: Path) -> None:
        self._file = folder / "well"

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        well = self._file.exists() and target.host in self._file.read_text().split()
        return [Reading(target.host, now, {"reachable": True, "error": None, "well": well})]


class Playbooks:
    """The runner: what it executes is written down before anything else, in one write."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        self._note("executed", f"{order.host} {order.run_id} {self._name}")
        if cancel.wait(TAKES):
            return RunResult(Outcome.CANCELLED, "cancelled")
        self._note("well", order.host)
        return RunResult(Outcome.OK, "all tasks ok", 0)

    def _note(self, name: str, line: str) -> None:
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)

    def end_leftovers(self, run_ids: Any) -> Sequence[int]:
        return []


class Bell:
    """The channel: every page is delivered."""

    name = "bell"
    closes = False

    def send(self, page: Any, *, timeout: float) -> str:
        return "delivered"


def context(store: Store, folder: Path, owner: str, name: str) -> Context:
    hosts, calm = Hosts(folder), Limits(10_000, 10_000, 100.0)
    book = Book(
        {BOOK.name: BOOK},
        FakeInventory({"all": dict.fromkeys(HOSTS)}),
        {"bell": Bell()},
        {"default": simple("default", "bell")},
        limits=calm,
    )
    runner = Playbooks(folder, name)
    return Context(store, SystemClock(), runner, lambda _: hosts, book, owner)


def main() -> None:
    url, folder, name, lease, lock_lease = sys.argv[1:]
    claim.LEASE = heartbeat.LEASE = float(lock_lease)  # type: ignore[misc]
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    store = open_store(url, state=Path(folder) / name, lease=float(lease))
    owner = owner_name(f"serve {name}")
    while not stopping.is_set():
        with leading(store, owner, stopping) as lead:
            if lead is None:
                break
            ctx = led(context(store, Path(folder), owner, name), lead)
            recover(ctx)
            print("leading", flush=True)
            pools = Pools()
            Engine(ctx, pools.start).run(until=lambda: stopping.is_set() or bool(lead.lost()))
            pools.close(wait=True)
            print(f"lost {lead.lost()}", flush=True)
    store.close()


if __name__ == "__main__":
    main()
