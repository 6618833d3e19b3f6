"""grafana: what a webhook contact point of Grafana's unified alerting posts (version 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from autofix.alerts.alertmanager import AlertmanagerSource
from autofix.alerts.reading import flat

LINKS = ("generatorURL", "dashboardURL", "panelURL", "silenceURL", "imageURL")


class GrafanaSource(AlertmanagerSource):
    """As Alertmanager's, with the values that the rule saw as labels `value_A`, `value_B`, …"""

    type: ClassVar[str] = "grafana"

    def more_labels(
        self, alert: Mapping[str, Any], group: Mapping[str, Any], labels: Mapping[str, str]
    ) -> dict[str, str]:
        values = flat(alert.get("values"))
        found = {f"value_{name}": value for name, value in values.items()}
        found |= flat({"org_id": alert.get("orgId", group.get("orgId"))})
        return {name: value for name, value in found.items() if name not in labels}

    def links(self, alert: Mapping[str, Any]) -> dict[str, str]:
        return flat({name: alert.get(name) or None for name in LINKS})
