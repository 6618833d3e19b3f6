"""Readings of facts over time, for charts; and what the console's lists are found by.

Written out, not taken from `store/tables*.py`: those files move on, a migration does not.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _readings()
    _lists()
    _runs()


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("id", NUMBER, nullable=False, autoincrement=True),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("runbook", "host", "subject", "look")
        ),
        sa.Column("at", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("verdict", "facts")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("readings_target", "readings", ["runbook", "host", "subject", "at"])
    op.create_index("readings_at", "readings", ["at"])


def _lists() -> None:
    counted = ["runbook", "opened_at", "check", "state", "ended_at", "calls"]
    op.create_index("incidents_history", "incidents", counted)


def _runs() -> None:
    """Lists of runs go by one of these, newest first; failures are found without the rest."""
    for name in ("state", "host"):
        op.drop_index(f"runs_{name}", "runs")
    for name in ("state", "host", "runbook", "outcome"):
        op.create_index(f"runs_{name}", "runs", [name, "id"])
    op.create_index("runs_ok", "runs", ["playbook", "id"], **_where("outcome = 'ok'"))
    bad = _where("kind = 'failed' OR kind = 'unreachable'")
    op.create_index("run_events_failed", "run_events", ["run", "number"], **bad)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
