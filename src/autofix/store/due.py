"""What is due, in one question: it is asked several times a second, all day long."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import TextClause, text

from autofix.core.due import Due
from autofix.store.session import Session

#: Each arm uses a partial index, whose very condition must stand in it.
_ARMS = (
    "SELECT 'signals' AS kind, id FROM signals WHERE state = 'received' ORDER BY id",
    # What has just opened goes before what has waited: a storm that is held keeps nothing away.
    "SELECT 'decisions' AS kind, id FROM incidents "
    "WHERE {live} AND due_at <= :now AND state = 'open' ORDER BY due_at, id",
    "SELECT 'decisions' AS kind, id FROM incidents "
    "WHERE {live} AND due_at <= :now AND state NOT IN ('open', 'verifying') ORDER BY due_at, id",
    "SELECT 'looks' AS kind, id FROM incidents "
    "WHERE {live} AND due_at <= :now AND state = 'verifying' ORDER BY due_at, id",
    "SELECT 'runs' AS kind, id FROM runs WHERE state = 'planned' AND due_at <= :now "
    "ORDER BY due_at, id",
    "SELECT 'running' AS kind, id FROM runs WHERE state IN ('claimed', 'started') ORDER BY id",
    "SELECT 'pages' AS kind, id FROM pages WHERE state = 'queued' AND due_at <= :now "
    "ORDER BY due_at, id",
    # Ended ones too: what was called for them is to be closed.
    "SELECT 'calls' AS kind, id FROM incidents WHERE call_at <= :now ORDER BY call_at, id",
    "SELECT 'deadlines' AS kind, id FROM incidents WHERE {live} AND deadline_at <= :now "
    "ORDER BY deadline_at, id",
)


@lru_cache
def _question(dialect: str) -> TextClause:
    live = "live = 1" if dialect == "sqlite" else "live"
    arms = (
        f"SELECT * FROM ({arm.format(live=live)} LIMIT :limit) AS arm{number}"  # noqa: S608
        for number, arm in enumerate(_ARMS)
    )
    return text(" UNION ALL ".join(arms))


def due(session: Session, now: float, limit: int) -> Due:
    """Numbers of what is due; at most `limit` of each kind."""
    found: dict[str, list[int]] = {}
    question = _question(session.dialect).bindparams(now=now, limit=limit)
    for kind, number in session.all(question):
        found.setdefault(kind, []).append(number)
    return Due(**{kind: tuple(numbers) for kind, numbers in found.items()})
