"""Alerts: each file is one kind of sender. The table is the whole registry.

A source's class has `options` (its option model, a subclass of `alerts.options.SourceOptions`)
and is built as `Class(name, options)`; it is a `ports.Source`. To add one: write the file, add its
line. To remove one: delete both.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

TABLE: dict[str, str] = {
    "alertmanager": "autofix.alerts.alertmanager:AlertmanagerSource",
    "grafana": "autofix.alerts.grafana:GrafanaSource",
    "zabbix": "autofix.alerts.zabbix:ZabbixSource",
    "datadog": "autofix.alerts.datadog:DatadogSource",
    "pagerduty": "autofix.alerts.pagerduty:PagerdutySource",
    "uptime_kuma": "autofix.alerts.uptime_kuma:UptimeKumaSource",
    "cloudevents": "autofix.alerts.cloudevents:CloudEventsSource",
    "standard": "autofix.alerts.standard:StandardSource",
    "generic": "autofix.alerts.generic:GenericSource",
}


def load(kind: str) -> Any:
    """The source class of this type. KeyError when the table has none."""
    module, _, attribute = TABLE[kind].partition(":")
    return getattr(import_module(module), attribute)
