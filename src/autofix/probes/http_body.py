"""The body of an HTTP answer: read up to a limit, searched, and read as JSON."""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from autofix.probes.http_options import HttpOptions

LIMIT = 1024 * 1024
MOST_JSON = 16 * 1024  # bytes of a json_value


@dataclass(frozen=True)
class Body:
    """The first bytes of a body, opened when it was compressed, and its size as sent."""

    text: str
    size: int
    cut: bool  # there was more, or it could not be opened to its end


def read(response: httpx.Response) -> Body:
    """Read up to the limit, and no further."""
    data, cut = bytearray(), False
    for piece in response.iter_raw():
        room = LIMIT - len(data)
        data += piece[:room]
        if len(piece) > room:
            cut = True
            break
    length = response.headers.get("content-length", "")
    size = int(length) if cut and re.fullmatch("[0-9]{1,18}", length) else len(data)
    if response.headers.get("content-encoding", "identity").lower() in ("gzip", "deflate"):
        data, cut = _opened(bytes(data), cut)
    return Body(_decoded(bytes(data), response), size, cut)


def body_facts(body: Body, wanted: HttpOptions) -> dict[str, Any]:
    """`size_bytes`, and what `match` and `json` ask for."""
    facts: dict[str, Any] = {"size_bytes": body.size}
    if wanted.match:
        facts["body_matches"] = re.search(wanted.match, body.text) is not None
    if wanted.json_path and not body.cut:
        facts["json_value"] = json_at(body.text, wanted.json_path)
    return facts


def json_at(text: str, path: str) -> Any:
    """The value at a dotted path (`data.0.state`), None where there is none or text isn't JSON.

    A value that JSON itself can't write (NaN, 1e999, half a surrogate), or a very long one,
    counts as none.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
        for key in path.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        written = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return value if len(written) <= MOST_JSON else None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _opened(data: bytes, cut: bool) -> tuple[bytearray, bool]:
    """Uncompressed, to the limit: a small answer may swell without end."""
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a gzip or zlib header; without
        opener = zlib.decompressobj(bits)
        with suppress(zlib.error):
            opened = opener.decompress(data, LIMIT)
            return bytearray(opened), cut or not opener.eof
    return bytearray(), True


def _decoded(data: bytes, response: httpx.Response) -> str:
    try:
        return data.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
