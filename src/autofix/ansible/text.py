"""Text from hosts made inert, and secrets struck out of it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

STRUCK = "********"
#: A shorter secret would strike out half the text; it is struck only as a whole word.
SHORTEST = 4
#: C0 and C1 controls but tab and newline, DEL, line separators, bidirectional overrides and
#: isolates, the byte order mark, and lone surrogates, which no database takes.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def inert(text: str) -> str:
    r"""The same text with control characters shown as `\x1b` or `\u202e`; \n and \t stay."""
    return _CONTROLS.sub(_shown, text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 300) -> str:
    """Whitespace joined, cut at `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Redactor:
    """Strikes secrets out of text in the forms in which they are usually met."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if secret.strip()}
        needles = {form for secret in known if len(secret) >= SHORTEST for form in _forms(secret)}
        self._needles = sorted(needles, key=lambda needle: (-len(needle), needle))
        short = sorted(secret for secret in known if len(secret) < SHORTEST)
        patterns = [re.escape(needle) for needle in self._needles]
        patterns += [rf"(?<!\w){re.escape(secret)}(?!\w)" for secret in short]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __repr__(self) -> str:
        return f"Redactor({len(self._needles)} forms)"

    def strike(self, text: str, *, cut: bool = False) -> str:
        """`cut`: the text's end is missing, so it may end in the beginning of a secret."""
        if self._pattern is None or not text:
            return text
        text = self._pattern.sub(STRUCK, text)
        return self._without_torn_end(text) if cut else text

    def strike_value(self, value: Any) -> Any:
        """Strings inside JSON-like values, keys included; made inert as well."""
        if isinstance(value, str):
            return inert(self.strike(value))
        if isinstance(value, Mapping):
            return {self.strike_value(str(key)): self.strike_value(v) for key, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.strike_value(item) for item in value]
        if isinstance(value, int | float) and self.strike(str(value)) != str(value):
            return STRUCK
        return value

    def _without_torn_end(self, text: str) -> str:
        longest = 0
        for needle in self._needles:
            for size in range(min(len(needle) - 1, len(text)), max(longest, SHORTEST - 1), -1):
                if text.endswith(needle[:size]):
                    longest = size
                    break
        return text[: len(text) - longest] + STRUCK if longest else text


def _forms(secret: str) -> set[str]:
    """How a secret looks plain, quoted, and in JSON, URLs, HTML, hexadecimal and base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {
        secret,
        secret[::-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        shlex.quote(secret),
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        escape(secret),
        raw.hex(),
        raw.hex().upper(),
    }
    forms |= _base64_forms(raw)
    # Output is often split into lines, and so is a key or a certificate.
    forms |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= 12}
    return {form for form in forms if len(form) >= SHORTEST}


def _base64_forms(raw: bytes) -> set[str]:
    """The characters that a secret alone decides, at each of the three alignments."""
    forms = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        first = -(-shift * 8 // 6)  # characters that also carry bits of what stands before
        last = (shift + len(raw)) * 8 // 6
        part = encoded[first:last]
        if len(part) >= SHORTEST:
            forms |= {part, part.replace("+", "-").replace("/", "_")}
    return forms | {base64.b64encode(raw).decode()}
