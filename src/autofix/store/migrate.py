"""Bringing a store to the schema of this program, by the migrations inside the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from autofix.errors import StoreError

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore

#: The newest migration in `migrations/versions`.
SCHEMA = "0004"
_FOLDER = Path(__file__).parent / "migrations"


def upgrade(store: SqlStore) -> None:
    """Make or upgrade the tables, whole or not at all; a newer store is refused (StoreError)."""
    with store.engine.connect() as connection, connection.begin():
        found = _schema(connection)
    if found == SCHEMA:
        return
    with store.block() as group:
        connection = group.connection
        # Looked at again: another process may have done it while we waited for our turn.
        found = _schema(connection)
        if found == SCHEMA:
            return
        if found and found > SCHEMA:
            raise StoreError(
                f"the store {store.where} was written by a newer autofix "
                f"(schema {found}; this one knows up to {SCHEMA})",
                hint="install that version again, or restore the backup made before the upgrade",
            )
        if not found and (strange := inspect(connection).get_table_names()):
            raise StoreError(
                f"the database {store.where} belongs to another program (table {strange[0]!r})",
                hint="give autofix a database of its own in `store:`",
            )
        store.fit(connection)
        to_schema(connection, "head")


def _schema(connection: Connection) -> str:
    """The schema's number; empty for a new database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def to_schema(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision, within the caller's transaction."""
    # Only a new or old store pays for importing Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
