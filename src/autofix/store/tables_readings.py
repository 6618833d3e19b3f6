"""What was seen over time, for charts: no part of the record."""

from __future__ import annotations

from sqlalchemy import Index, Table

from autofix.store.columns import at, id_, text_
from autofix.store.tables import metadata

readings = Table(
    "readings",
    metadata,
    id_(),
    *map(text_, ("runbook", "host", "subject", "look")),
    at("at"),
    *map(text_, ("verdict", "facts")),
    sqlite_autoincrement=True,
)
Index("readings_target", readings.c.runbook, readings.c.host, readings.c.subject, readings.c.at)
Index("readings_at", readings.c.at)
