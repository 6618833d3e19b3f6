"""pagerduty: what a webhook subscription (v3) of PagerDuty's posts, signed."""

from __future__ import annotations

import builtins  # a source's `type` is a word
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from autofix.alerts.admitting import Why, is_signed, once, refused, stale
from autofix.alerts.options import NameExpression, Secrets, SourceOptions
from autofix.alerts.reading import (
    digest,
    flat,
    mapping,
    merged,
    moment,
    one_line,
    text_of,
    with_instance,
)
from autofix.alerts.sender import Sender
from autofix.core.alerts import Admission, Alert, Post
from autofix.core.door import Refused, read_json
from autofix.options import Duration, Field

SIGNATURE = "x-pagerduty-signature"
#: Far more than PagerDuty's secrets while they rotate, and few enough to be quick.
MAX_SIGNATURES = 10
#: Its other events (acknowledged, escalated, annotated, …) say nothing new of the symptom.
FIRING = {"incident.triggered": True, "incident.reopened": True, "incident.resolved": False}


class PagerdutyOptions(SourceOptions):
    secret: Annotated[Secrets, Field(min_length=1)]
    window: Annotated[Duration, Field(ge=60, le=7 * 86400)] = 86400.0  # it tries again for hours
    name: NameExpression = ""


class PagerdutySource(Sender):
    type: ClassVar[str] = "pagerduty"
    options: ClassVar[builtins.type[SourceOptions]] = PagerdutyOptions

    def __init__(self, name: str, options: PagerdutyOptions) -> None:
        super().__init__(name, options, options.name)
        self._secrets, self._window = options.secret, options.window

    def admit(self, post: Post, now: float) -> Admission:
        """One good signature of those shown; each event once, and none that is very old."""
        shown = [word.strip() for word in post.headers.get(SIGNATURE, "").split(",")]
        signatures = [word[3:] for word in shown if word.startswith("v1=")][:MAX_SIGNATURES]
        if not signatures:
            return refused(Why.NO_SIGNATURE)
        if not any([is_signed(post.body, one, self._secrets) for one in signatures]):  # noqa: C419
            return refused(Why.WRONG_SIGNATURE)
        return self._once(post, now)

    def _once(self, post: Post, now: float) -> Admission:
        try:
            event = _event(read_json(post.body))
        except Refused:
            return Admission(sender="pagerduty")  # it is PagerDuty's; what is wrong is said later
        number, at = text_of(event.get("id")), moment(event.get("occurred_at"))
        why = stale(at, now, self._window)
        if not number:
            return refused(Why.NO_ID)
        if why is not None or at is None:
            return refused(why or Why.NO_TIME)
        return once("pagerduty", self.name, number, at + self._window)

    def read(self, body: Any) -> Iterator[Alert]:
        event = _event(body)
        kind = text_of(event.get("event_type")) or ""
        if kind not in FIRING:
            return
        incident = mapping(event.get("data"), "`event.data`")
        name = one_line(incident.get("title"))
        labels = _labels(event, incident)
        own = text_of(incident.get("incident_key")) or text_of(incident.get("id"))
        yield Alert(
            name=self.named(name, labels),
            firing=FIRING[kind],
            labels=labels,
            annotations=flat({"html_url": incident.get("html_url")}),
            fingerprint=digest("pagerduty", own or [name, labels.get("service")]),
            starts_at=moment(incident.get("created_at")),
        )


def _event(body: Any) -> Mapping[str, Any]:
    found = mapping(body, "the body").get("event")
    if not isinstance(found, Mapping):
        raise Refused("this is no webhook of PagerDuty's, version 3: it has no `event`")
    return found


def _labels(event: Mapping[str, Any], incident: Mapping[str, Any]) -> dict[str, str]:
    priority = _summary(incident.get("priority"))
    urgency = text_of(incident.get("urgency"))
    own = {key: incident.get(key) for key in ("id", "number", "status", "incident_key", "urgency")}
    said = {
        "title": one_line(incident.get("title")) or None,
        "event_type": event.get("event_type"),
        "client": _summary(event.get("client")),
        "priority": priority,
        "severity": priority or urgency,
        "service": _summary(incident.get("service")),
        "service_id": _part(incident.get("service"), "id"),
        "escalation_policy": _summary(incident.get("escalation_policy")),
    }
    return with_instance(merged(flat(own), flat(said), _custom(incident.get("custom_fields"))))


def _custom(fields: Any) -> dict[str, str]:
    """An incident's own fields, by their names: such as `host`."""
    pairs = [one for one in fields if isinstance(one, Mapping)] if isinstance(fields, list) else []
    return flat({one_line(one.get("name")): one.get("value") for one in pairs if one.get("name")})


def _summary(value: Any) -> str | None:
    """Of a reference to something, what people call it."""
    return _part(value, "summary") or _part(value, "name")


def _part(value: Any, key: str) -> str | None:
    return text_of(value.get(key)) if isinstance(value, Mapping) else None
