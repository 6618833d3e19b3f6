"""What this program never makes in its database: a trigger, a view or an index of somebody else's
can hide entries, keep them out, or answer with others, and the chain would still hold."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from autofix.store.tables import archives, audit, checkpoints, metadata

_TABLES = (audit, checkpoints, archives)


def schema_sqlite(connection: Connection) -> Iterator[str]:
    """What is in an SQLite database that we did not make, as far as it can touch the record."""
    found = connection.execute(
        text("SELECT type, name, tbl_name FROM sqlite_master WHERE type NOT IN ('table', 'index')")
    )
    for kind, name, table in found:
        yield f"the store has a {kind} {name!r} on {table}: autofix makes none"
    ours = {index.name for table in metadata.tables.values() for index in table.indexes}
    for table in _TABLES:
        for _, name, _, _, partial in connection.execute(text(f"PRAGMA index_list({table.name})")):
            if name not in ours or partial:
                yield f"the store has an index {name!r} on {table.name}: autofix makes none such"
        columns = [
            (name, hidden)
            for _, name, _, _, _, _, hidden in connection.execute(
                text(f"PRAGMA table_xinfo({table.name})")
            )
        ]
        if sorted(columns) != sorted((column.name, 0) for column in table.columns):
            yield f"the table {table.name} has other columns than autofix gives it"


def schema_postgresql(connection: Connection) -> Iterator[str]:
    """The same in PostgreSQL: triggers and rules on the record's tables."""
    names = ", ".join(f"'{table.name}'" for table in _TABLES)
    triggers = (
        "SELECT 'trigger', tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "  # noqa: S608
        f"WHERE NOT tgisinternal AND relname IN ({names}) AND relnamespace = "
        "current_schema()::regnamespace UNION SELECT 'rule', rulename, tablename FROM pg_rules "
        f"WHERE tablename IN ({names}) AND schemaname = current_schema()"
    )
    for kind, name, table in connection.execute(text(triggers)):
        yield f"the store has a {kind} {name!r} on {table}: autofix makes none"
