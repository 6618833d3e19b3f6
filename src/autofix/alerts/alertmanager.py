"""alertmanager: what Prometheus' Alertmanager posts to a webhook receiver (version 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from autofix.alerts.reading import (
    MAX_ANNOTATION,
    fingerprint,
    flat,
    items,
    mapping,
    moment,
    one_line,
)
from autofix.alerts.sender import Named
from autofix.core.alerts import Alert
from autofix.core.door import Refused

CUSTOM = "this is no body of Alertmanager's: it has no `alerts`; a custom one is of type `generic`"


class AlertmanagerSource(Named):
    type: ClassVar[str] = "alertmanager"

    def read(self, body: Any) -> Iterator[Alert]:
        """A group of alerts; a bare list of alerts, or one alert, as custom bodies have them."""
        group = _group(body)
        alerts = items(group["alerts"], "`alerts`")
        common = flat(group.get("commonLabels")) or flat(group.get("groupLabels"))
        notes = self.group_notes(group)
        for alert in alerts:
            yield self.one(mapping(alert, "an alert"), group, common, notes)

    def group_notes(self, group: Mapping[str, Any]) -> dict[str, str]:
        """What is said of the whole group, as annotations of each alert in it."""
        cut = group.get("truncatedAlerts")
        notes = {"externalURL": group.get("externalURL"), "truncatedAlerts": cut or None}
        return flat(notes, MAX_ANNOTATION)

    def one(
        self,
        alert: Mapping[str, Any],
        group: Mapping[str, Any],
        common: Mapping[str, str],
        notes: Mapping[str, str],
    ) -> Alert:
        labels = flat(alert.get("labels")) or dict(common)
        status = alert.get("status") or group.get("status")
        return Alert(
            name=self.named(one_line(labels.get("alertname")), labels),
            firing=status != "resolved",
            labels={**labels, **self.more_labels(alert, group, labels)},
            annotations={**notes, **flat(alert.get("annotations"), MAX_ANNOTATION),
                         **self.links(alert)},
            fingerprint=fingerprint(alert.get("fingerprint"), "alertmanager", labels),
            starts_at=moment(alert.get("startsAt")),
        )  # fmt: skip

    def more_labels(
        self, _alert: Mapping[str, Any], _group: Mapping[str, Any], _labels: Mapping[str, str]
    ) -> dict[str, str]:
        """What else is told of this alert, as labels that it does not have."""
        return {}

    def links(self, alert: Mapping[str, Any]) -> dict[str, str]:
        return flat({"generatorURL": alert.get("generatorURL") or None})


def _group(body: Any) -> Mapping[str, Any]:
    if isinstance(body, list):
        return {"alerts": body}
    if isinstance(body, Mapping) and "alerts" in body:
        return body
    if isinstance(body, Mapping) and isinstance(body.get("labels"), Mapping):
        return {"alerts": [body]}
    raise Refused(CUSTOM)
