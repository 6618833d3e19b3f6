"""Values and stores for tests of the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from autofix.core.audit import AuditEvent
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page
from autofix.core.runs import Run, RunKind
from autofix.core.signals import Signal
from autofix.ports import Store
from autofix.store import open_store
from autofix.testing.memory import MemoryStore
from servers import postgres

#: Every kind of store that the conformance suite runs on. `tmp_path` is an empty folder.
STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda tmp_path: MemoryStore(),
    "postgresql": lambda tmp_path: open_postgresql(new_database(), tmp_path / "state"),
    "sqlite": lambda tmp_path: open_sqlite(tmp_path / "state"),
}


def open_postgresql(url: str, state: Path, **options: Any) -> Any:
    return open_store(url, state=state, **options)


#: Databases that were given back, empty again.
_FREE: list[str] = []
_WIPE = """
DO $$ DECLARE each record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('alembic_version', 'counters') LOOP
        EXECUTE format('DELETE FROM %I', each.name);
    END LOOP;
    FOR each IN SELECT sequencename AS name FROM pg_sequences LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', each.name);
    END LOOP;
    UPDATE counters SET value = 0;
END $$
"""


def new_database() -> str:
    """The URL of a database that has our tables and nothing in them. Give it back."""
    return _FREE.pop() if _FREE else postgres.cluster().database(_template())


def give_back(url: str) -> None:
    """Nobody needs this database any more; its tables are as they were made."""
    postgres.cluster().execute(_WIPE, url.rpartition("/")[2])
    _FREE.append(postgres.cluster().url(url.rpartition("/")[2]))


@lru_cache(maxsize=1)
def _template() -> str:
    """Migrated once; a copy of it costs a tenth of a second."""
    server = postgres.cluster()
    url = server.database()
    open_store(url, state=server.folder / "state").close()
    return url.rpartition("/")[2]


@contextmanager
def opened_store(kind: str, tmp_path: Path) -> Iterator[Store]:
    """A new store of this kind; what it leaves on a server is dropped."""
    store = STORES[kind](tmp_path)
    try:
        yield store
    finally:
        store.close()
        if kind == "postgresql":
            give_back(store.where)  # type: ignore[attr-defined]


def open_sqlite(state: Path, **options: Any) -> Any:
    return open_store(f"sqlite:///{state / 'autofix.db'}", state=state, **options)


def event(action: str = "test.happened", at: float = 1000.0, **more: Any) -> AuditEvent:
    return AuditEvent(**{"at": at, "actor": "tester", "action": action, **more})


def incident(host: str = "redis1", **more: Any) -> Incident:
    values = {
        "id": 0,
        "runbook": "redis-memory-high",
        "host": host,
        "subject": "",
        "state": State.OPEN,
        "origin": Origin.PROBE,
        "severity": "P1",
        "opened_at": 1000.0,
        "updated_at": 1000.0,
    }
    return Incident(**{**values, **more})


def run(incident_id: int, **more: Any) -> Run:
    values = {
        "id": 0,
        "incident": incident_id,
        "runbook": "redis-memory-high",
        "host": "redis1",
        "kind": RunKind.FIX,
        "step": 0,
        "attempt": 1,
        "playbook": "fix.yml",
    }
    return Run(**{**values, **more})


def page(incident_id: int | None = None, **more: Any) -> Page:
    values = {
        "id": 0,
        "incident": incident_id,
        "policy": "default",
        "channels": ("ding", "mail"),
        "severity": "P1",
        "title": "Redis memory above 90 %",
        "text": "what was tried",
        "dedup_key": "redis-memory-high/redis1",
        "created_at": 1000.0,
        "due_at": 1000.0,
    }
    return Page(**{**values, **more})


def signal(**more: Any) -> Signal:
    return Signal(**{"id": 0, "origin": Origin.ALERT, "at": 1000.0, "host": "redis1", **more})


def opened(store: Store, **more: Any) -> Incident:
    """An incident that is stored."""
    with store.transaction() as tx:
        return tx.add_incident(incident(**more), event("incident.opened", incident=0))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call each in a thread of its own, all let go together; what they gave or raised."""
    gate = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def go(place: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=go, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
