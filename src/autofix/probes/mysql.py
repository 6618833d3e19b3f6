"""The probe `mysql`: MySQL 5.7 and later, MariaDB 10 and later, over TCP, TLS or a Unix socket.

The only home of PyMySQL. The connection comes from the inventory's variables: `mysql_host`
(default: the host's address), `mysql_port` (one or a list), `mysql_user`, `mysql_password`,
`mysql_socket`, `mysql_tls` with `mysql_tls_ca`, `mysql_tls_cert`, `mysql_tls_key` and
`mysql_tls_check_hostname`. The user needs PROCESS and REPLICATION CLIENT (MariaDB: SLAVE
MONITOR); with less, the facts it may not see are absent and `limited` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Duration, Options
from autofix.probes import links, mysql_activity, mysql_replica, variables
from autofix.probes.common import option_faults
from autofix.probes.links import Tls
from autofix.probes.mysql_facts import (
    FACTS,
    STATUS,
    VARIABLES,
    Dialect,
    Row,
    dialect_of,
    in_order,
    integer,
    server_facts,
)
from autofix.probes.mysql_session import Server, Session, opened
from autofix.probes.net import Deadline

PORT = 3306
MAX_SETTLE = 60.0


class MysqlOptions(Options):
    """The `with:` block."""

    port: int | str | list[int | str] | None = None
    #: A transaction open for longer than this counts in `long_transactions`.
    long_transaction: Duration = 60.0
    #: Look at replication twice, this far apart, for `replica_position_moves`; 0: once.
    settle: Duration = 0.0


class MysqlProbe:
    """Looks at one or several MySQL or MariaDB servers of a host."""

    name = "mysql"
    facts: Mapping[str, Fact] = FACTS
    open_ended = False

    def options_schema(self) -> Mapping[str, Any]:
        return MysqlOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        found = option_faults(MysqlOptions, options)
        if found:
            return found
        settle = MysqlOptions.model_validate(options).settle
        if settle > MAX_SETTLE:
            found.append(f"settle: {settle:g} s is too long; {MAX_SETTLE:g} s at most")
        return found + variables.check_ports(options.get("port"))

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading per port and replication channel; `port` stands in each."""
        deadline = Deadline(timeout)
        wrong = self.check_options(options)
        try:
            if wrong:
                raise ProbeError("; ".join(wrong))
            servers = servers_of(target, options)
        except ProbeError as error:
            return [Reading.unseen(target.host, now, str(error))]
        chosen = MysqlOptions.model_validate(options)
        found = links.at_once(servers, lambda server: _looked(server, chosen, deadline))
        return [Reading(target.host, now, facts) for several in found for facts in several]


def servers_of(target: Target, options: Mapping[str, Any]) -> list[Server]:
    """The servers that the variables and the `with:` block describe. VariableError in words."""
    path = variables.text(target, "mysql_socket")
    encrypted = variables.flag(target, "mysql_tls")
    tls = Tls.of(target, "mysql") if encrypted else None
    return [
        Server(
            host=variables.text(target, "mysql_host") or target.address or "127.0.0.1",
            port=port,
            path=path,
            user=variables.text(target, "mysql_user"),
            password=variables.text(target, "mysql_password"),
            tls=None if path else tls,
            plain=encrypted is False,
        )
        for port in variables.chosen_ports(target, "mysql_port", PORT, options, one=bool(path))
    ]


def _looked(server: Server, options: MysqlOptions, deadline: Deadline) -> list[dict[str, Value]]:
    # A port tells two servers of one host apart, so it is there for a dead one as well.
    identity: dict[str, Value] = {} if server.path else {"port": server.port}
    try:
        with opened(server, deadline) as session:
            found = _facts(session, options)
    except ProbeError as error:
        return [{"reachable": False, "error": str(error), **identity}]
    return [in_order({**facts, **identity}) for facts in found]


def _facts(session: Session, options: MysqlOptions) -> list[dict[str, Value]]:
    """The facts of the server, once per replication channel, or once if it is no replica."""
    first = session.ask("SELECT VERSION() AS v, @@version_comment AS c, CONNECTION_ID() AS id")[0]
    dialect, own = dialect_of(first["v"], first["c"]), integer(first["id"])
    session.bound(dialect)
    facts = server_facts(
        dialect,
        session.ask(f"SHOW GLOBAL STATUS WHERE Variable_name IN {STATUS}"),
        session.ask(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN {VARIABLES}"),
    )
    channels = _channels(session, dialect, options.settle)
    facts.update(_activity(session, dialect, options, own, replica=bool(channels)))
    if channels is not None and not channels:
        facts["is_replica"] = False
    if session.limits:
        facts["limited"] = "; ".join(session.limits)
    return [{**facts, **channel} for channel in channels or [{}]]


def _channels(session: Session, dialect: Dialect, settle: float) -> list[dict[str, Value]] | None:
    """The facts of each channel, None when this user may not see them."""
    rows = _replica_rows(session, dialect)
    if not rows:
        return None if rows is None else []
    earlier = [mysql_replica.replica_facts(row) for row in rows]
    if not settle:
        return [mysql_replica.with_movement(facts, None) for facts in earlier]
    if not session.pause(settle):
        session.limits.append(f"no time to look twice, {settle:g} s apart, within the timeout")
        return [mysql_replica.with_movement(facts, None) for facts in earlier]
    again = _replica_rows(session, dialect) or rows
    later = [mysql_replica.replica_facts(row) for row in again]
    before = {facts["channel"]: facts for facts in earlier}
    return [mysql_replica.with_movement(facts, before.get(facts["channel"])) for facts in later]


def _replica_rows(session: Session, dialect: Dialect) -> list[Row] | None:
    return session.ask_if_allowed("replication", *mysql_replica.statements(dialect))


def _activity(
    session: Session, dialect: Dialect, options: MysqlOptions, own: int | None, *, replica: bool
) -> dict[str, Value]:
    """Statements, transactions, locks. All of it needs PROCESS: without it the list of processes
    comes back with our own only, which must not read as "nothing runs"."""
    transactions = session.ask_if_allowed("transactions", mysql_activity.TRANSACTIONS)
    if transactions is None:
        return {}
    processes = session.ask(mysql_activity.PROCESSES)
    facts = mysql_activity.query_facts(processes, own=own)
    facts |= mysql_activity.transaction_facts(
        transactions, processes, longer_than=options.long_transaction
    )
    if replica:
        waits = session.ask_if_allowed("lock waits", mysql_activity.lock_waits(dialect))
        facts |= mysql_activity.blocking_facts(processes, transactions, waits or [], own=own)
    return facts
