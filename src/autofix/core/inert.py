"""Showing text that strangers wrote: control characters escaped, length bounded, secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MASK = "********"
_SECRET = re.compile(
    r"passw|passphrase|secret|token|credential|(private|api|app|access)_?key|(^|_)pwd(_|$)",
    re.IGNORECASE,
)
#: C0, DEL and C1 controls, zero-width and direction marks, surrogates: they forge or break lines.
_ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def names_a_secret(name: str) -> bool:
    """A variable of this name holds something that is never shown."""
    return _SECRET.search(name) is not None


def without_secrets(
    given: Mapping[str, Any], beside: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """These values for people and the record: what a name calls a secret is masked, and a text of
    some length wherever else it stands. `beside`: further values, of which the same is true."""
    both = [*given.items(), *(beside or {}).items()]
    hidden = {each for name, each in both if isinstance(each, str) and _hides(name, each)}
    long = {each for each in hidden if len(each) > 3}
    return {
        name: MASK if _hides(name, each) or (isinstance(each, str) and each in long) else each
        for name, each in given.items()
    }


def _hides(name: str, value: Any) -> bool:
    """Yes and no tell nothing; a mapping says what may be given, not what was."""
    told = value in (None, "") or isinstance(value, bool | Mapping)
    return not told and names_a_secret(name)


def inert(text: str, limit: int = 200, *, lines: bool = False) -> str:
    """At most `limit` characters in which every active character is escaped as `\\u001b`.

    One line, unless `lines` lets line ends and tabs stand. An escape is never cut in half.
    """
    plain = text.isascii() and text.isprintable()
    if len(text) <= limit and (plain or not _ACTIVE.search(text)):
        return text  # nearly all
    pieces, length = [], 0
    for char in text[: limit + 1]:
        piece = char if lines and char in "\n\t" else _ACTIVE.sub(_escaped, char)
        pieces.append(piece)
        length += len(piece)
        if length > limit:
            break
    else:
        return "".join(pieces)
    while pieces and length > limit - 1:
        length -= len(pieces.pop())
    return "".join(pieces) + ("…" if limit > 0 else "")


def unlimited(text: str) -> str:
    """The whole text with every active character escaped but line ends and tabs: megabytes too."""
    if text.isascii() and text.isprintable():
        return text
    return _ACTIVE.sub(lambda found: found[0] if found[0] in "\n\t" else _escaped(found), text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def shown(value: Any, limit: int = 60) -> str:
    """A JSON value as people read it: `0.93`, `true`, `"text"`, `[1, 2, …]`, `unknown` for None."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return '"' + inert(value, limit) + '"'
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} too deep or large to show"
    return inert(text, limit)


def _number(value: float) -> str:
    if value and abs(value) < 0.001:
        return f"{value:.4g}"
    text = repr(round(value, 4))
    return text.removesuffix(".0")
