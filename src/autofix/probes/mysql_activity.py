"""MySQL and MariaDB: running statements, open transactions and who blocks the applier. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autofix.core.readings import Value
from autofix.probes.mysql_facts import Dialect, Row, integer, put, text

PROCESSES = "SHOW PROCESSLIST"
TRANSACTIONS = (
    "SELECT trx_mysql_thread_id AS id, trx_state AS state,"
    " TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS seconds"
    " FROM information_schema.INNODB_TRX"
)
_WAITS = (
    "SELECT r.trx_mysql_thread_id AS waiting, b.trx_mysql_thread_id AS blocking FROM {table} w"
    " JOIN information_schema.INNODB_TRX r ON r.trx_id = w.{requesting}"
    " JOIN information_schema.INNODB_TRX b ON b.trx_id = w.{blocking}"
)
_OLD_WAITS = _WAITS.format(
    table="information_schema.INNODB_LOCK_WAITS",
    requesting="requesting_trx_id",
    blocking="blocking_trx_id",
)
_NEW_WAITS = _WAITS.format(
    table="performance_schema.data_lock_waits",
    requesting="REQUESTING_ENGINE_TRANSACTION_ID",
    blocking="BLOCKING_ENGINE_TRANSACTION_ID",
)
_WORKING = ("Query", "Execute", "Fetch", "Prepare", "Long Data")
_MONTHS = 10**7  # seconds; more is an unsigned value that went below zero


def lock_waits(dialect: Dialect) -> str:
    """The statement that tells which transaction waits for which."""
    moved = not dialect.mariadb and dialect.version >= (8, 0)
    return _NEW_WAITS if moved else _OLD_WAITS


def query_facts(processes: Iterable[Row], *, own: int | None) -> dict[str, Value]:
    """From SHOW PROCESSLIST; `own` is our connection, which does not count."""
    working = [row for row in processes if _is_client(row, own) and _works(row)]
    facts: dict[str, Value] = {"longest_query_seconds": 0}
    longest = max(working, key=_seconds, default=None)
    if longest is not None:
        facts["longest_query_seconds"] = _seconds(longest)
        put(facts, "longest_query_id", integer(longest.get("Id")))
        put(facts, "longest_query_user", text(longest.get("User"), 100))
    facts["waiting_for_metadata_lock"] = sum(_waits_for_metadata(row) for row in processes)
    return facts


def transaction_facts(
    transactions: Iterable[Row], processes: Iterable[Row], *, longer_than: float
) -> dict[str, Value]:
    """From INNODB_TRX; the applier's own transactions do not count."""
    appliers = _applier_ids(processes)
    ages = [
        max(0, integer(row.get("seconds")) or 0)
        for row in transactions
        if integer(row.get("id")) not in appliers
    ]
    return {
        "long_transactions": sum(age > longer_than for age in ages),
        "longest_transaction_seconds": max(ages, default=0),
    }


def blocking_facts(
    processes: Sequence[Row],
    transactions: Sequence[Row],
    waits: Sequence[Row],
    *,
    own: int | None,
) -> dict[str, Value]:
    """Does the applier wait for a lock, and which clients may hold it?

    For a row lock InnoDB names the holder. For a metadata lock (a DDL statement behind a long
    SELECT) the server names nobody: then it is every client with a running statement or an open
    transaction that does not wait itself.
    """
    appliers = _applier_ids(processes)
    named = {
        integer(row.get("blocking")) for row in waits if integer(row.get("waiting")) in appliers
    }
    metadata = any(
        _waits_for_metadata(row) for row in processes if integer(row.get("Id")) in appliers
    )
    waiting = metadata or any(
        row.get("state") == "LOCK WAIT"
        for row in transactions
        if integer(row.get("id")) in appliers
    )
    open_since = {integer(row.get("id")): integer(row.get("seconds")) or 0 for row in transactions}
    ages: dict[int, int] = {}
    for row in processes:
        number = integer(row.get("Id"))
        holds = (metadata and _may_hold(row, open_since)) or number in named
        if number is not None and holds and _is_client(row, own):
            ages[number] = max(_seconds(row) if _works(row) else 0, open_since.get(number, 0))
    facts: dict[str, Value] = {"applier_waiting_for_lock": waiting}
    if ages:
        facts["blocking_query_ids"] = sorted(ages, key=lambda number: (-ages[number], number))
        facts["blocking_query_seconds"] = max(ages.values())
    return facts


def _may_hold(row: Row, open_since: dict[int | None, int]) -> bool:
    in_play = _works(row) or integer(row.get("Id")) in open_since
    return in_play and not _waits_for_metadata(row)


def _is_client(row: Row, own: int | None) -> bool:
    user, command = str(row.get("User") or ""), str(row.get("Command") or "")
    if user in ("system user", "event_scheduler") or command.startswith("Binlog Dump"):
        return False
    return command != "Daemon" and (own is None or integer(row.get("Id")) != own)


def _applier_ids(processes: Iterable[Row]) -> set[int | None]:
    return {integer(row.get("Id")) for row in processes if row.get("User") == "system user"}


def _works(row: Row) -> bool:
    return row.get("Command") in _WORKING


def _waits_for_metadata(row: Row) -> bool:
    state = str(row.get("State") or "").lower()
    return state.startswith("waiting for") and "metadata lock" in state


def _seconds(row: Row) -> int:
    seconds = integer(row.get("Time")) or 0
    return seconds if 0 <= seconds < _MONTHS else 0
