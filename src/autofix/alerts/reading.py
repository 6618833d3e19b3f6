"""From what a sender wrote to labels: flat, text to text, and bounded. Everything here is pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from autofix.core.door import Refused
from autofix.core.inert import inert

MAX_LABELS = 200
MAX_NAME = 200
MAX_TEXT = 2_000
MAX_ANNOTATION = 10_000
#: Words, in lower case, with which senders say that it is over.
OVER = frozenset(
    {
        *("resolved", "resolve", "ok", "okay", "up", "recovered", "recovery", "closed", "close"),
        *("cleared", "clear", "normal", "success", "succeeded", "passing", "healthy", "inactive"),
        *("good", "green", "fixed", "false", "0"),
    }
)


def text_of(value: Any) -> str | None:
    """A JSON value as a label's text; what is nested is JSON, and null is absent."""
    if isinstance(value, str):
        return value
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def flat(values: Any, limit: int = MAX_TEXT) -> dict[str, str]:
    """A mapping as labels; anything else gives none."""
    if not isinstance(values, Mapping):
        return {}
    found: dict[str, str] = {}
    for name, value in values.items():
        text = value if isinstance(value, str) else text_of(value)
        if text is not None:
            found[name[:MAX_NAME]] = text if len(text) <= limit else text[:limit]
        if len(found) >= MAX_LABELS:
            break
    return found


def one_line(value: Any) -> str:
    """An alert's name: white space of every kind is one space."""
    return " ".join((text_of(value) or "").split())[:MAX_NAME]


def merged(*many: Mapping[str, str]) -> dict[str, str]:
    """All labels; of one name the first that has it wins."""
    found: dict[str, str] = {}
    for labels in many:
        for name, value in labels.items():
            if len(found) < MAX_LABELS:
                found.setdefault(name, value)
    return found


def with_instance(labels: dict[str, str]) -> dict[str, str]:
    """`host` is `instance`, too, where the sender has no such label: triggers look there."""
    if labels.get("host") and len(labels) < MAX_LABELS:
        labels.setdefault("instance", labels["host"])
    return labels


def digest(*parts: Any) -> str:
    """A fingerprint of JSON values: the same for the same, whatever the order of keys."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint(own: Any, *parts: Any) -> str:
    """The sender's own where it is short text, else a digest of it or of the parts."""
    text = text_of(own)
    return text if text and len(text) <= MAX_NAME else digest(text or list(parts))


def moment(value: Any) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; None for zero times and what is no time."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        found = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return found if found > 0 else None


def is_over(value: Any) -> bool:
    """Does the sender's word for a status say that it is over? Absent: it does not."""
    if isinstance(value, bool | int | float):
        return not value
    return isinstance(value, str) and value.strip().lower() in OVER


def items(value: Any, what: str) -> list[Any]:
    """A list of a body. Raises Refused for anything else."""
    if not isinstance(value, list):
        raise Refused(f"{what} is not a list but {inert(kind(value), 40)}")
    return value


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object of a body. Raises Refused for anything else."""
    if not isinstance(value, Mapping):
        raise Refused(f"{what} is not an object but {kind(value)}")
    return value


def kind(value: Any) -> str:
    """How JSON calls what this is."""
    names = ((bool, "a truth value"), (int | float, "a number"), (str, "text"), (list, "a list"))
    return next((name for type_, name in names if isinstance(value, type_)), "null")


def tags(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Tags as labels; one that stands several times has all its values, joined by commas."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        key = one_line(name)
        if key and len(found) < MAX_LABELS:
            found.setdefault(key, []).append(text_of(value) or "")
    return {name: ",".join(values)[:MAX_TEXT] for name, values in found.items()}
