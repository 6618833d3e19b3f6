"""The probe `postgres`: PostgreSQL 10 and later, over TCP, TLS or a Unix socket.

The connection comes from the inventory's variables: `postgres_host` (default: the host's address),
`postgres_port` (one or a list), `postgres_user`, `postgres_password`, `postgres_database`,
`postgres_socket` (the folder of it), `postgres_tls` with `postgres_tls_ca`, `postgres_tls_cert`,
`postgres_tls_key` and `postgres_tls_check_hostname`. The user needs `pg_monitor`; with less, the
facts it may not see are absent and `limited` says which. It changes nothing: the session is
read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Options
from autofix.probes import links, postgres_facts, variables
from autofix.probes.common import option_faults
from autofix.probes.net import Deadline
from autofix.probes.postgres_facts import FACTS
from autofix.probes.postgres_session import Server, Session, first, opened, servers_of

_HIDDEN = "the states of sessions and of replication: GRANT pg_monitor to this user"


class PostgresOptions(Options):
    """The `with:` block."""

    port: int | str | list[int | str] | None = None
    #: Whose size, dead rows and bloat are told; else `postgres_database`, else `postgres`.
    database: str = ""
    #: Estimate bloat as well: a question that reads the planner's statistics of 200 tables.
    bloat: bool = False


class PostgresProbe:
    """Looks at one or several PostgreSQL servers of a host."""

    name = "postgres"
    facts: Mapping[str, Fact] = FACTS
    open_ended = False

    def options_schema(self) -> Mapping[str, Any]:
        return PostgresOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return option_faults(PostgresOptions, options) or variables.check_ports(options.get("port"))

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading per port; `port` stands in each."""
        deadline = Deadline(timeout)
        wrong = self.check_options(options)
        try:
            if wrong:
                raise ProbeError("; ".join(wrong))
            chosen = PostgresOptions.model_validate(options)
            servers = servers_of(target, options, chosen.database)
        except ProbeError as error:
            return [Reading.unseen(target.host, now, str(error))]
        found = links.at_once(servers, lambda server: _looked(server, chosen, deadline))
        return [Reading(target.host, now, facts) for facts in found]


def _looked(server: Server, options: PostgresOptions, deadline: Deadline) -> dict[str, Value]:
    # A port tells two servers of one host apart, so it is there for a dead one as well.
    identity: dict[str, Value] = {"port": server.port}
    try:
        with opened(server, deadline) as session:
            facts = _facts(session, options)
    except ProbeError as error:
        return {"reachable": False, "error": str(error), **identity}
    known = {name: value for name, value in facts.items() if value is not None}
    return {"reachable": True, "error": None, **identity, **known}


def _facts(session: Session, options: PostgresOptions) -> dict[str, Value]:
    row = session.ask(postgres_facts.SERVER)[0]
    if row["number"] < postgres_facts.OLDEST:
        raise ProbeError(f"PostgreSQL {row['version']} is too old: 10 or later can be looked at")
    monitor = bool(first(session.ask(postgres_facts.MONITOR)).get("monitor"))
    if not monitor:
        session.limits.append(_HIDDEN)
    facts = postgres_facts.server_facts(row)
    facts |= postgres_facts.session_facts(
        session.ask(postgres_facts.SESSIONS), row["max_connections"], monitor=monitor
    )
    facts |= postgres_facts.count_facts(session.ask(postgres_facts.COUNTS)[0])
    facts |= _replication(session, replica=row["replica"], monitor=monitor)
    wal = session.ask_if_allowed("WAL files", postgres_facts.WAL)
    facts["wal_bytes"] = first(wal).get("size")
    facts |= postgres_facts.dead_facts(session.ask(postgres_facts.DEAD))
    if options.bloat:
        facts |= postgres_facts.bloat_facts(session.ask(postgres_facts.BLOAT), row["block"])
    if session.limits:
        facts["limited"] = "; ".join(session.limits)
    return facts


def _replication(session: Session, *, replica: bool, monitor: bool) -> dict[str, Value]:
    facts: dict[str, Value] = {}
    if monitor:
        facts |= postgres_facts.standbys_facts(
            session.ask(postgres_facts.STANDBYS), replica=replica
        )
    if replica:
        own = session.ask(postgres_facts.STANDBY)[0]
        facts |= postgres_facts.standby_facts(own, monitor=monitor)
    return facts | postgres_facts.slot_facts(session.ask(postgres_facts.SLOTS))
