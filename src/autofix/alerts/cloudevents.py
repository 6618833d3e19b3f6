"""cloudevents: CloudEvents 1.0 by HTTP, structured, binary and in batches."""

from __future__ import annotations

import base64
import binascii
import builtins  # a source's `type` is a word
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from autofix.alerts.mapped import Mapped, MappedOptions, Usual
from autofix.alerts.options import SenderOptions, SourceOptions
from autofix.alerts.reading import flat, items, mapping, merged, moment, one_line, text_of
from autofix.alerts.sender import Asked, bounded
from autofix.core.alerts import Alert, Post
from autofix.core.door import Refused, read_json
from autofix.core.inert import inert

REQUIRED = ("id", "source", "specversion", "type")
#: What a sender may be called that asks whether it may post: a name of the DNS.
_ORIGIN = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
_RATE = re.compile(r"[1-9][0-9]{0,8}")


class CloudEventsOptions(SenderOptions, MappedOptions):
    """`name` and the others are expressions on `event`; without `name` it is the event's type."""

    roots: ClassVar[tuple[str, ...]] = ("event",)
    name: str = ""


class CloudEventsSource(Asked):
    type: ClassVar[str] = "cloudevents"
    options: ClassVar[builtins.type[SourceOptions]] = CloudEventsOptions

    def __init__(self, name: str, options: CloudEventsOptions) -> None:
        super().__init__(name, options)
        self._mapped = Mapped.of(options.name, options)

    def handshake(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Leave to post, as the specification's abuse protection asks; each post still shows who
        it is from."""
        origin = headers.get("webhook-request-origin", "").strip()
        if not _ORIGIN.fullmatch(origin):
            return {}
        rate = headers.get("webhook-request-rate", "").strip()
        answer = {"WebHook-Allowed-Origin": origin}
        return answer | ({"WebHook-Allowed-Rate": rate} if _RATE.fullmatch(rate) else {})

    def alerts(self, post: Post) -> list[Alert]:
        return bounded(self._alert(event) for event in events(post))

    def read(self, body: Any) -> Iterable[Alert]:
        return [self._alert(mapping(body, "an event"))]

    def _alert(self, event: Mapping[str, Any]) -> Alert:
        _check(event)
        event = {**event, "data": _data(event)}
        return self._mapped.alert({"event": event}, _usual(event))


def events(post: Post) -> Iterator[Mapping[str, Any]]:
    """The events of a post in any of the three modes. Raises Refused."""
    media = post.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media.startswith("application/cloudevents-batch"):
        for one in items(read_json(post.body), "a batch of events"):
            yield mapping(one, "an event")
    elif media.startswith("application/cloudevents"):
        yield mapping(read_json(post.body), "an event")
    elif "ce-specversion" in post.headers:
        yield _binary(post, media)
    else:
        raise Refused(
            "no CloudEvents: neither content-type application/cloudevents+json nor ce- headers"
        )


def _binary(post: Post, media: str) -> dict[str, Any]:
    """Attributes are headers; the body is the data."""
    found: dict[str, Any] = {
        name.removeprefix("ce-"): _unescaped(value)
        for name, value in post.headers.items()
        if name.startswith("ce-")
    }
    if post.body and (media.endswith(("/json", "+json")) or not media):
        found["data"] = read_json(post.body)
    elif post.body:
        found["data"] = post.body.decode("utf-8", "replace")
    return found


def _unescaped(value: str) -> str:
    """Values of headers are percent-encoded UTF-8."""
    return unquote(value, errors="replace")


def _check(event: Mapping[str, Any]) -> None:
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise Refused(f"an event's `{name}` is missing, or is no text")
    version = event["specversion"]
    if not re.fullmatch(r"1\.[0-9]+", version):
        raise Refused(f"CloudEvents {inert(version, 20)} is not read here; it must be 1.0")


def _data(event: Mapping[str, Any]) -> Any:
    coded = event.get("data_base64")
    if not isinstance(coded, str):
        return event.get("data")
    try:
        raw = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("an event's `data_base64` is not base64") from None
    media = text_of(event.get("datacontenttype")) or ""
    if media.partition(";")[0].strip().lower().endswith(("/json", "+json")):
        return read_json(raw)
    return raw.decode("utf-8", "replace")


def _usual(event: Mapping[str, Any]) -> Usual:
    """The data's own names are labels, and the attributes with `ce_` before theirs."""
    attributes = {
        f"ce_{name}": value for name, value in event.items() if name not in ("data", "data_base64")
    }
    data = event["data"]
    labels = merged(flat(data), flat(attributes))
    subject = text_of(event.get("subject")) or ""
    return Usual(
        name=one_line(event["type"]),
        status=data.get("status") if isinstance(data, Mapping) else None,
        labels=labels,
        identity=(event["source"], subject, labels.get("host", "")),
        starts_at=moment(event.get("time")),
    )
