"""Every earlier revision comes up to this program's, on each database, with what was in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect, text

from autofix.core.audit import GENESIS, AuditEvent, seal
from autofix.core.incidents import Incident, Looks, Origin, State
from autofix.core.pages import Page, PageKind, PageState
from autofix.core.pauses import Pause
from autofix.core.runs import Run, RunEvent, RunKind, RunState
from autofix.core.signals import Signal
from autofix.core.triggers import Watch
from autofix.errors import StoreError
from autofix.store import migrate, open_store
from autofix.store.canonical import canonical, json_text
from autofix.store.engine import backend, parse
from autofix.store.tables import metadata
from autofix.store.verify import verify
from servers import postgres
from storekit import event, opened


def revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(migrate._FOLDER))
    return sorted(each.revision for each in ScriptDirectory.from_config(config).walk_revisions())


OLDER = revisions()[:-1]

INCIDENT = Incident(
    1, "redis-memory-high", "redis1", "6380", State.VERIFYING, Origin.PROBE, "P1", 1000.0, 1001.5,
    due_at=1010.0, fix_started_at=1001.0, requested_by="ann", inputs={"note": "ünder \U0001f525"},
    facts_before={"used_memory_ratio": 0.95}, facts={"list": [1, None, True]}, trigger=0, step=1,
    attempt=2, reason="because", looks=Looks(1002.0, None, 2, "gone"), approved={"1.0": "ben"},
    accepted=("cooldown",), paged_for=frozenset({"held"}), check=False, was_ill=True, version=7,
)  # fmt: skip
RUN = Run(
    1, 1, "redis-memory-high", "redis1", RunKind.FIX, 1, 2, "fix.yml", state=RunState.STARTED,
    variables={"target": 0.8}, timeout=300.0, planned_at=1000.5, started_at=1001.0,
    owner="serve pid 1 on ops1", lease_until=1031.0, token=3, version=3,
)  # fmt: skip
PAGE = Page(
    1, 1, "default", ("ding", "mail"), "P1", "title", "text", "key", 1000.0, 1000.0,
    state=PageState.QUEUED, tried=1, data={"runbook": "redis-memory-high"}, version=2,
)  # fmt: skip
SIGNAL = Signal(1, Origin.ALERT, 999.0, "redis1", "redis-memory-high", labels={"team": "cache"})
WATCH = Watch("redis-memory-high", 0, "redis1", "", at=1000.0, since=990.0, facts={"x": 1.5})
OUTPUT = RunEvent("output", 1002.0, text="changed")


def _entries() -> list[dict[str, Any]]:
    rows, prev = [], GENESIS
    for seq in range(1, 4):
        payload = {"reason": "Zeit", "n": [1.5, None]}
        entry = seal(
            seq,
            AuditEvent(1000.25 + seq, "autofix", "run.started", "r", "h", 1, seq, payload),
            prev,
            canonical,
        )
        row = {name: getattr(entry.event, name) for name in ("at", "actor", "action", "runbook")}
        row |= {"host": "h", "incident": 1, "run": seq, "payload": json_text(payload)}
        rows.append(row | {"seq": seq, "prev": prev, "hash": entry.hash})
        prev = entry.hash
    return rows


def _row(value: Any, columns: set[str], **more: Any) -> dict[str, Any]:
    """A dataclass as the columns that an older schema has."""
    found = {name: _plain(each) for name, each in vars(value).items() if name in columns}
    return {**found, **{name: each for name, each in more.items() if name in columns}}


def _plain(value: Any) -> Any:
    if isinstance(value, Looks):
        value = vars(value)
    if isinstance(value, frozenset):
        value = sorted(value)
    return json_text(value) if isinstance(value, dict | list | tuple) else value


def fill(connection: Any) -> None:
    """What a busy store of that time holds."""
    found = MetaData()
    found.reflect(connection)

    def add(name: str, *rows: dict[str, Any]) -> None:
        connection.execute(found.tables[name].insert(), list(rows))

    def of(name: str, value: Any, **more: Any) -> None:
        add(name, _row(value, {column.name for column in found.tables[name].columns}, **more))

    of("incidents", INCIDENT, live=True)
    of("runs", RUN)
    of("pages", PAGE)
    of("signals", SIGNAL)
    of("watches", WATCH)
    of("pauses", Pause(1.0, "ann", "disk swap", "", "redis1"))
    of("run_events", OUTPUT, run=1, number=1)
    add("host_locks", {"host": "redis1", "run": 1, "token": 3, "until": 1031.0})
    add("slots", {"job": "backup", "slot": "02:00"})
    connection.execute(text("UPDATE counters SET value = 3"))
    add("audit", *_entries())
    if connection.dialect.name == "postgresql":
        for name in ("incidents", "runs", "pages", "signals"):
            connection.execute(text(f"SELECT setval('{name}_id_seq', 1)"))


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state/autofix.db"
        return
    made = postgres.cluster().database()
    yield made
    postgres.cluster().drop(made)


def old_store(url: str, revision: str, tmp_path: Path) -> None:
    made = backend(parse(url), tmp_path / "state", busy_timeout=10, lease=8)
    connection = made.begin(10)
    migrate.to_schema(connection, revision)
    fill(connection)
    connection.get_transaction().commit()
    connection.close()
    made.engine.dispose()


@pytest.mark.parametrize("revision", OLDER)
def test_what_an_older_program_stored_is_all_there(url: str, tmp_path: Path, revision: str) -> None:
    old_store(url, revision, tmp_path)
    store = open_store(url, state=tmp_path / "state")
    with store.reading() as reads:
        assert reads.incidents() == [INCIDENT]
        assert reads.runs() == [RUN]
        assert reads.run_events(1) == [(1, OUTPUT)]
        assert reads.pages() == [PAGE]
        assert reads.pages()[0].kind is PageKind.CALL
        assert reads.signals() == [SIGNAL]
        assert reads.watches() == [WATCH]
        assert [pause.host for pause in reads.pauses()] == ["redis1"]
        assert reads.host_lock("redis1") == 1
        assert reads.audit_head()[0] == 3
        assert reads.silences() == reads.checkpoints() == reads.archives() == []
    assert verify(store).holds
    with store.transaction() as tx:
        assert tx.incident(1) is not None
        assert not tx.claim_slot("backup", "02:00")
        assert tx.renew_host("redis1", 3, 2000.0)
        tx.free_host("redis1", 3)
        assert tx.lock_host("redis1", 1, 1.0) == 4
        tx.save_incident(INCIDENT.with_(due_at=None), None)
    assert opened(store).id == 2
    assert verify(store).holds
    store.close()


def test_there_are_older_revisions_to_come_from() -> None:
    assert OLDER[0] == "0001"
    assert revisions()[-1] == migrate.SCHEMA


@pytest.mark.parametrize("revision", OLDER)
def test_an_upgrade_that_breaks_off_leaves_the_old_store(
    url: str, tmp_path: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_store(url, revision, tmp_path)
    real = migrate.to_schema

    def breaks(connection: Any, wanted: str) -> None:
        real(connection, wanted)
        raise StoreError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(migrate, "to_schema", breaks)
        with pytest.raises(StoreError, match="power"):
            open_store(url, state=tmp_path / "state")
    made = backend(parse(url), tmp_path / "state", busy_timeout=10, lease=8)
    with made.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == (
            revision
        )
        assert not inspect(connection).has_table("readings")
    made.engine.dispose()
    open_store(url, state=tmp_path / "state").close()


def test_a_store_of_a_newer_program_is_refused_with_what_to_do(url: str, tmp_path: Path) -> None:
    store = open_store(url, state=tmp_path / "state")
    with store.transaction() as tx:
        tx.record(event())
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match=r"newer autofix .schema 9999; this one knows") as refused:
        open_store(url, state=tmp_path / "state")
    assert "\n" not in str(refused.value)
    assert "restore the backup" in refused.value.hint
    assert refused.value.exit_code == 4


def test_the_migrations_make_the_tables_of_this_program_on_postgresql() -> None:
    server = postgres.cluster()
    url = server.database()
    open_store(url, state=server.folder / "state").close()
    engine = create_engine(parse(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        made = {
            row.indexname: row.indexdef
            for row in connection.execute(text("SELECT indexname, indexdef FROM pg_indexes"))
        }
        assert made["one_live_incident"].endswith("WHERE live")
        for table in metadata.tables.values():
            for index in table.indexes:
                where = index.dialect_options["postgresql"].get("where")
                found = (
                    made[str(index.name)].replace("::text", "").replace("(", "").replace(")", "")
                )
                assert (str(where) if where is not None else "btree") in found
    engine.dispose()
    server.drop(url)
