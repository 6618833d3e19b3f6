"""A page as channels write it: plain text made harmless, cut to size, or one JSON document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from autofix.core.inert import inert
from autofix.core.pages import Page

TITLE_LIMIT = 250
TEXT_LIMIT = 60_000
#: What chat services turn into a call to everybody or to somebody, when a host's output holds it.
_MENTION = re.compile(
    r"(?<![\w.])@(?=all\b|everyone\b|here\b|channel\b|所有人|\+?\d{5,})|<(?=[@!]|/?at\b)",
    re.IGNORECASE,
)


def title(page: Page) -> str:
    """The one line, without anything that could start another."""
    return inert(page.title, TITLE_LIMIT)


def text(page: Page) -> str:
    """The lines below it."""
    return inert(page.text, TEXT_LIMIT, lines=True)


def whole(page: Page) -> str:
    """Title and text as one plain text."""
    return f"{title(page)}\n\n{text(page)}"


def calm(words: str) -> str:
    """The same words, calling nobody: `@all` becomes `@ all`, `<@U1>` becomes `< @U1>`."""
    return _MENTION.sub(lambda found: found.group() + " ", words)


def cut(words: str, limit: int, page: Page) -> str:
    """At most `limit` bytes of UTF-8, with a note of what was cut and where the rest is."""
    raw = words.encode("utf-8", "replace")
    if len(raw) <= limit:
        return raw.decode()
    where = f"; see: autofix incidents show {page.incident}" if page.incident else ""
    note = f"\n… (cut here, {len(raw)} bytes in all{where})"
    room = max(limit - len(note.encode()), 0)
    return raw[:room].decode("utf-8", "ignore") + note


def document(page: Page) -> dict[str, Any]:
    """The page for machines. Keys are only ever added."""
    return {
        "type": "page",
        "event": str(page.kind),
        "id": page.id,
        "incident": page.incident,
        "runbook": page.runbook,
        "policy": page.policy,
        "level": page.level + 1,
        "count": page.count,
        "severity": page.severity,
        "title": title(page),
        "text": text(page),
        "dedup_key": page.dedup_key,
        "created_at": datetime.fromtimestamp(page.created_at, UTC).isoformat(),
        "data": _plain(page.data),
    }


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {inert(key): _plain_value(value) for key, value in data.items()}


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, int) for each in value):
        return list(value)  # a digest's incidents
    return inert(str(value))


def message_id(page: Page) -> str:
    """The same for every try of this page, and another one for the next page of its incident."""
    return digest(f"{page.dedup_key}\0{page.id}\0{page.created_at!r}")


def thread_id(page: Page) -> str:
    """The same for all pages with this dedup key."""
    return digest(page.dedup_key)


def digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]
