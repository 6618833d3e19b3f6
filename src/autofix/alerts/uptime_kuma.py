"""uptime_kuma: what Uptime Kuma's webhook notification posts (as JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from autofix.alerts.reading import (
    MAX_ANNOTATION,
    digest,
    flat,
    mapping,
    merged,
    moment,
    one_line,
    tags,
    text_of,
    with_instance,
)
from autofix.alerts.sender import Named
from autofix.core.alerts import Alert
from autofix.core.door import Refused

#: Heartbeats; while one is pending, or in maintenance, nothing is known of the symptom.
DOWN, UP = "0", "1"
#: The alert of a message about no heartbeat: a test, a certificate that is about to expire.
MESSAGE = "message"
_MONITOR = ("name", "url", "hostname", "port", "type")


class UptimeKumaSource(Named):
    type: ClassVar[str] = "uptime_kuma"

    def read(self, body: Any) -> Iterator[Alert]:
        said = mapping(body, "the body")
        if not {"heartbeat", "monitor", "msg"} & set(said):
            raise Refused("this is no body of Uptime Kuma's: no heartbeat, no monitor and no msg")
        beat = mapping(said.get("heartbeat") or {}, "`heartbeat`")
        monitor = mapping(said.get("monitor") or {}, "`monitor`")
        status = text_of(beat.get("status"))
        if beat and status not in (DOWN, UP):
            return
        labels = _labels(monitor, beat)
        name = (one_line(monitor.get("name")) or _numbered(beat)) if beat else MESSAGE
        notes = {"msg": said.get("msg"), "heartbeat": beat.get("msg"),
                 "description": monitor.get("description")}  # fmt: skip
        yield Alert(
            name=self.named(name, labels),
            firing=status != UP,
            labels=labels,
            annotations=flat(notes, MAX_ANNOTATION),
            fingerprint=_fingerprint(labels, name, "" if beat else one_line(said.get("msg"))),
            starts_at=moment(beat.get("time")),
        )


def _labels(monitor: Mapping[str, Any], beat: Mapping[str, Any]) -> dict[str, str]:
    number = monitor.get("id", beat.get("monitorID"))
    own = flat({key: monitor.get(key) or None for key in _MONITOR})
    own |= flat({"monitor_id": number, "ping": beat.get("ping"), "time": beat.get("time")})
    host = own.get("hostname") or _host_of(own.get("url", ""))
    named = monitor.get("tags")
    pairs = [one for one in named if isinstance(one, Mapping)] if isinstance(named, list) else []
    found = merged(
        {"host": host} if host else {},
        own,
        tags((one.get("name"), one.get("value")) for one in pairs),
    )
    return with_instance(found)


def _host_of(url: str) -> str:
    """A monitor of a type that asks no address has `https://` there."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _numbered(beat: Mapping[str, Any]) -> str:
    return f"monitor {one_line(beat.get('monitorID')) or 'without a number'}"


def _fingerprint(labels: Mapping[str, str], name: str, message: str) -> str:
    return digest("uptime_kuma", labels.get("monitor_id") or labels.get("host"), name, message)
