"""pagerduty: an alert through PagerDuty's Events API v2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from autofix.channels import message
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind
from autofix.options import Field, Secret

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
SEVERITIES = {"P0": "critical", "P1": "error", "P2": "warning"}
#: What is done with the alert of a page's key.
ACTIONS = {PageKind.TAKEN: "acknowledge", PageKind.CLOSING: "resolve"}
#: PagerDuty's limits: 255 characters of key, 1,024 of summary, 512 KB of event.
KEY_LENGTH, TEXT_BYTES = 255, 30_000


class PagerdutyOptions(HttpOptions):
    routing_key: Secret = Field(
        min_length=1, description="the integration key of the service, of type Events API v2"
    )
    url: str = Field(
        ENQUEUE, description="where to send events (`https://events.eu.pagerduty.com/v2/enqueue`)"
    )


class PagerdutyChannel:
    closes = True
    options: ClassVar[type[PagerdutyOptions]] = PagerdutyOptions

    def __init__(self, name: str, options: PagerdutyOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options, options.routing_key)

    def send(self, page: Page, *, timeout: float) -> str:
        answer = self._wire.post_json(self._event(page), timeout=timeout)
        if answer.status != 202 or answer.json().get("status") != "success":
            raise self._wire.failed(f"answered {answer.status}: {answer.text[:200]}")
        return self._wire.clean(f"accepted as {answer.json().get('dedup_key', '')}")

    def _event(self, page: Page) -> dict[str, Any]:
        action = ACTIONS.get(page.kind, "trigger")
        if action != "trigger":
            key = self._chosen.routing_key.get_secret_value()
            return {"routing_key": key, "event_action": action, "dedup_key": dedup_key(page)}
        return {
            "routing_key": self._chosen.routing_key.get_secret_value(),
            "event_action": "trigger",
            "dedup_key": dedup_key(page),
            "client": "autofix",
            "payload": {
                "summary": message.title(page),
                "source": inert(str(page.data.get("host") or "autofix")),
                "severity": SEVERITIES.get(page.severity, "info"),
                "timestamp": datetime.fromtimestamp(page.created_at, UTC).isoformat(),
                "component": inert(str(page.data.get("runbook") or "")),
                "class": "incident",
                "custom_details": {
                    "text": message.cut(message.text(page), TEXT_BYTES, page),
                    "severity": page.severity,
                    "incident": page.incident,
                },
            },
        }


def dedup_key(page: Page) -> str:
    """The page's key; a longer one is cut, with a digest that keeps it its own."""
    key = page.dedup_key
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[: KEY_LENGTH - 33]}-{message.digest(key)}"
