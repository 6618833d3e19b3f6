"""The probe `sql`: one query on any database; its columns are facts.

The variables are `sql_url` (any URL of SQLAlchemy, without a password), `sql_password`, and
`sql_tls` with `sql_tls_ca` (`_cert`, `_key`, `_check_hostname`); with `connection: billing` they
are `sql_billing_url` and so on. The transaction is read-only and rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from autofix.core.inert import names_a_secret
from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Field, Options, field_validator
from autofix.probes import sql_places, variables
from autofix.probes.common import chosen, name_faults, option_faults
from autofix.probes.net import Deadline
from autofix.probes.sql_places import Place
from autofix.probes.sql_rows import FACTS, column_names, facts_of, not_apart
from autofix.probes.words import one_line

MOST_ROWS = 1000
_READS = re.compile(r"\s*\(*\s*(select|with|show|values|table)\b", re.IGNORECASE)
_SHOW = re.compile(r"\s*show\b", re.IGNORECASE)


class SqlOptions(Options):
    """What to ask, and of which database."""

    query: str = Field(min_length=1, max_length=10_000, description="one SELECT")
    connection: str = Field(
        default="", pattern="^[a-z][a-z0-9_]{0,30}$|^$", description="which sql_<name>_url"
    )
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description="what :name in the query stands for: host, address or an inventory variable",
    )
    by: tuple[str, ...] = Field(
        default=(), max_length=8, description="columns that tell several rows apart"
    )
    max_rows: int = Field(default=100, ge=1, le=MOST_ROWS)

    @field_validator("query")
    @classmethod
    def _query(cls, value: str) -> str:
        if not _READS.match(value):
            raise ValueError("a query that reads begins with SELECT, WITH, SHOW, VALUES or TABLE")
        return value


class SqlProbe:
    """Implements the Probe port."""

    name = "sql"
    facts: Mapping[str, Fact] = FACTS
    open_ended = True  # the columns

    def options_schema(self) -> Mapping[str, Any]:
        return SqlOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        found = option_faults(SqlOptions, options)
        if found:
            return found
        wanted = SqlOptions.model_validate(options)
        return [*name_faults(wanted.by, self.facts), *_parameter_faults(wanted)]

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading; one a row when `by` tells them apart."""
        deadline = Deadline(timeout)
        wrong = self.check_options(options)
        try:
            if wrong:
                raise ProbeError("; ".join(wrong))
            wanted = chosen(SqlOptions, options)
            place = sql_places.place_of(target, wanted.connection)
            found = _readings(place, wanted, _values(wanted, target), deadline)
        except ProbeError as error:
            return [Reading.unseen(target.host, now, str(error))]
        ok: dict[str, Value] = {"reachable": True, "error": None}
        return [Reading(target.host, now, ok | facts) for facts in found]


def _parameter_faults(wanted: SqlOptions) -> list[str]:
    try:
        named = set(text(wanted.query).compile().params)
    except SQLAlchemyError as error:
        return [f"query: {one_line(error)}"]
    found = [
        f"query: :{one_line(name, 60)} stands for nothing: set it under parameters, or write "
        f"\\: for a colon"
        for name in sorted(named - set(wanted.parameters))
    ]
    found += [
        f"parameters: {one_line(name, 60)!r} is not in the query"
        for name in sorted(set(wanted.parameters) - named)
    ]
    found += [
        f"parameters: {one_line(variable, 60)!r} is a secret, which does not go into a query"
        for variable in wanted.parameters.values()
        if names_a_secret(variable)
    ]
    return found


def _values(wanted: SqlOptions, target: Target) -> dict[str, Any]:
    """What the parameters stand for: values of the inventory, and nothing else."""
    own = {"host": target.host, "address": target.address}
    found = {}
    for name, variable in wanted.parameters.items():
        value = own.get(variable, target.variables.get(variable))
        if not isinstance(value, str | int | float):
            raise variables.VariableError(
                f"{one_line(variable, 60)} of {target.host} is not set, or neither text nor number"
            )
        found[name] = value
    return found


def _readings(
    place: Place, wanted: SqlOptions, values: Mapping[str, Any], deadline: Deadline
) -> list[dict[str, Value]]:
    def ask(connection: Connection) -> tuple[list[str], list[Sequence[Any]]]:
        query = wanted.query.strip().rstrip(";")
        if connection.dialect.name == "postgresql" and not _SHOW.match(query):
            # Its driver would fetch all rows there are, however many are wanted.
            query = f"SELECT * FROM (\n{query}\n) AS wanted LIMIT {wanted.max_rows + 1:d}"  # noqa: S608
        with closing(connection.execute(text(query), dict(values))) as result:
            if not result.returns_rows:
                raise ProbeError("the query gave no rows: one that reads is needed")
            rows = result.fetchmany(wanted.max_rows + 1)
            return list(result.keys()), [tuple(row) for row in rows]

    columns, rows = sql_places.asked(place, deadline, wanted.max_rows + 1, ask)
    if len(rows) > wanted.max_rows:
        raise ProbeError(f"over {wanted.max_rows} rows: narrow the query, or raise max_rows")
    names = column_names(columns)
    missing = [name for name in wanted.by if name not in names]
    if missing:
        raise ProbeError(f"by: the query has no column {one_line(missing[0], 60)!r}")
    return _sorted(wanted.by, [facts_of(names, row) for row in rows])


def _sorted(by: Sequence[str], rows: Sequence[dict[str, Value]]) -> list[dict[str, Value]]:
    """The facts of each reading; ProbeError for rows that can't be told apart."""
    count: dict[str, Value] = {"rows": len(rows)}
    if not rows:
        return [count]
    if not by and len(rows) > 1:
        raise ProbeError(not_apart(len(rows), by))
    keys = {tuple(str(row.get(name)) for name in by) for row in rows}
    if len(keys) < len(rows):
        raise ProbeError(not_apart(len(rows) - len(keys) + 1, by))
    return [count | row for row in rows]
