"""datadog: what a webhook of Datadog's posts, by the payload of `contrib/datadog` or its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from autofix.alerts.reading import (
    MAX_ANNOTATION,
    digest,
    fingerprint,
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
from autofix.core.door import Refused

#: A variable that Datadog does not know stands there as it was written.
_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*(\[[^\]]*\])?")
#: `[P2] [Triggered on {host:web1}] Disk is filling`
_TITLE = re.compile(r"\s*\[(?P<word>[^\[\]{}]*?)(?: on \{(?P<scope>[^{}]*)\})?\]\s*")
_PRIORITY = re.compile(r"P[1-5]")
_NOTES = ("body", "link", "alert_query", "alert_status", "snapshot")
#: What changes with each repetition, or says who sent it: nothing to tell alerts apart by.
_PASSING = ("title", "alert_title", "tags", "org", "last_updated", "date", "id")


class DatadogSource(Named):
    type: ClassVar[str] = "datadog"

    def read(self, body: Any) -> Iterator[Alert]:
        said = {
            name: value
            for name, value in mapping(body, "the body").items()
            if value not in (None, "")
            and not (isinstance(value, str) and _VARIABLE.fullmatch(value.strip()))
        }
        name, titled = _title(one_line(said.get("title") or said.get("alert_title")))
        if not name:
            raise Refused("`title` is missing; both Datadog's own body and contrib/datadog have it")
        state = _state(text_of(said.get("alert_transition")) or titled["transition"])
        labels = _labels(said, titled, state)
        yield Alert(
            # Monitors that got no data prove nothing: a runbook must ask for them by name.
            name=self.named(f"{name} (no data)" if state == "no data" else name, labels),
            firing=state != "ok",
            labels=labels,
            annotations=flat({key: said.get(key) for key in _NOTES}, MAX_ANNOTATION),
            fingerprint=_fingerprint(said, name, labels),
        )


def _title(title: str) -> tuple[str, dict[str, str]]:
    """The monitor's name, and what Datadog wrote before it in brackets."""
    found = {"transition": "", "scope": "", "priority": ""}
    while begun := _TITLE.match(title):
        word = begun["word"].strip()
        key = "priority" if _PRIORITY.fullmatch(word) else "transition"
        if found[key] or not _known(word):
            break
        found[key] = word
        found["scope"] = found["scope"] or begun["scope"] or ""
        title = title[begun.end() :]
    return title.strip(), found


def _known(word: str) -> bool:
    """Is this a word of Datadog's, not brackets in the monitor's own name?"""
    return _PRIORITY.fullmatch(word) is not None or word.lower().removeprefix("re-") in (
        *("triggered", "recovered", "warn", "no data", "renotify"),
    )


def _state(transition: str) -> str:
    word = transition.strip().lower().removeprefix("re-")
    if word.startswith("recovered"):
        return "ok"
    return {"no data": "no data", "warn": "warn"}.get(word, "alert")


def _labels(said: Mapping[str, Any], titled: Mapping[str, str], state: str) -> dict[str, str]:
    own = flat({name: said[name] for name in said if name not in (*_PASSING, *_NOTES)})
    scope = text_of(said.get("alert_scope")) or titled["scope"]
    found = merged(
        {"state": state},
        {"host": own["hostname"]} if "hostname" in own else {},
        {"severity": p} if (p := own.get("priority") or titled["priority"]) else {},
        own,
        tags(_pairs(scope)),
        tags(_pairs(text_of(said.get("tags")) or "")),
        {"org": org} if (org := _org(said.get("org"))) else {},
    )
    return with_instance(found)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """`env:prod,role:db` as pairs; a tag without a colon is `true`."""
    for word in text.split(","):
        name, colon, value = word.strip().partition(":")
        yield name.strip(), value.strip() if colon else "true"


def _org(value: Any) -> str:
    name = one_line(value.get("name") or value.get("id")) if isinstance(value, Mapping) else ""
    return "" if _VARIABLE.fullmatch(name) else name


def _fingerprint(said: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> str:
    """A monitor and its scope are the same until they are deleted; a cycle ends with recovery."""
    scope = text_of(said.get("alert_scope")) or ""
    if monitor := text_of(said.get("alert_id")):
        return digest("datadog", monitor, ",".join(sorted(scope.split(","))), labels.get("host"))
    if cycle := text_of(said.get("alert_cycle_key")):
        return fingerprint(cycle)
    return digest("datadog", name, scope, labels.get("host"))
