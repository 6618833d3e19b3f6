"""Probes: each file reads facts from one kind of target. The table is the whole registry.

To add one: write the file, add its line. To remove one: delete both.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autofix.ports import Probe

TABLE = {
    "redis": "autofix.probes.redis:RedisProbe",
    "mysql": "autofix.probes.mysql:MysqlProbe",
    "host": "autofix.probes.host:HostProbe",
    "http": "autofix.probes.http:HttpProbe",
    "command": "autofix.probes.command:CommandProbe",
    "sql": "autofix.probes.sql:SqlProbe",
    "postgres": "autofix.probes.postgres:PostgresProbe",
    "prometheus": "autofix.probes.prometheus:PrometheusProbe",
    "zabbix": "autofix.probes.zabbix:ZabbixProbe",
    "datadog": "autofix.probes.datadog:DatadogProbe",
    "elasticsearch": "autofix.probes.elasticsearch:ElasticsearchProbe",
    "opensearch": "autofix.probes.elasticsearch:OpensearchProbe",
}


def load(name: str) -> Probe:
    """The probe of this name. KeyError when the table has none. Imported only when asked for."""
    module, _, attribute = TABLE[name].partition(":")
    made: Any = getattr(import_module(module), attribute)()
    probe: Probe = made
    return probe
