"""zabbix: what the media type of `contrib/zabbix` posts for a problem, a recovery or an update."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from autofix.alerts.reading import (
    digest,
    flat,
    mapping,
    merged,
    one_line,
    tags,
    text_of,
    with_instance,
)
from autofix.alerts.sender import Named
from autofix.core.alerts import Alert
from autofix.core.door import Refused, read_json

#: A macro that Zabbix could not expand: it stands there as it was written, or so.
_MACRO = re.compile(r"\{[$#?]?[A-Z][A-Z0-9_.]*(:[^{}]*)?\}|\*UNKNOWN\*")


class ZabbixSource(Named):
    type: ClassVar[str] = "zabbix"

    def read(self, body: Any) -> Iterator[Alert]:
        said = {
            name: value
            for name, value in mapping(body, "the body").items()
            if not (isinstance(value, str) and (not value or _MACRO.fullmatch(value.strip())))
        }
        name = one_line(said.get("name"))
        if not name:
            raise Refused("`name` is missing; the media type of contrib/zabbix sends it")
        if text_of(said.get("update")) == "1":
            return  # a person acknowledged or wrote something: that is no news of the symptom
        notes = flat({key: said.pop(key, None) for key in ("url", "message")})
        labels = _labels(said)
        yield Alert(
            name=self.named(name, labels),
            firing=text_of(said.get("status", 1)) != "0",
            labels=labels,
            annotations=notes,
            fingerprint=_fingerprint(said, name),
        )


def _labels(said: Mapping[str, Any]) -> dict[str, str]:
    """Its parameters, then its tags by their own names."""
    own = flat({name: value for name, value in said.items() if name not in ("tags", "update")})
    return with_instance(merged(own, _tags(said.get("tags"))))


def _tags(value: Any) -> dict[str, str]:
    """Of `{EVENT.TAGSJSON}`: a list of `tag` and `value`, or the JSON text of one."""
    if isinstance(value, str):
        try:
            value = read_json(value.encode("utf-8", "replace"))
        except Refused:
            return {"tags": value[:2000]}
    pairs = value if isinstance(value, list) else []
    return tags(
        (one.get("tag"), one.get("value"))
        for one in pairs
        if isinstance(one, Mapping) and not (_MACRO.fullmatch(str(one.get("tag")).strip()))
    )


def _fingerprint(said: Mapping[str, Any], name: str) -> str:
    """A trigger is the same for repetitions, recoveries and new problems; an event is not."""
    for key in ("trigger_id", "event_id"):
        if text := text_of(said.get(key)):
            return digest("zabbix", key, text, text_of(said.get("host")))
    return digest("zabbix", name, text_of(said.get("host")))
