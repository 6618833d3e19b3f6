"""The body of a request, as far as it is let in: bounded, unpacked, of a type that we read."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from autofix.core.door import MAX_BYTES
from autofix.core.inert import inert
from autofix.web.problems import Problem

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

TOO_LARGE = f"the body is larger than {MAX_BYTES} bytes"
ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Gone(Exception):
    """The client went away before its body was there."""


async def read(receive: Receive, length: str, *, most: int = MAX_BYTES) -> bytes:
    """The body as it came. Problem 413 as soon as it is clear that it is too large."""
    if length and (not length.isdigit() or int(length[:20]) > most):
        raise Problem(413, TOO_LARGE)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > most:
            raise Problem(413, TOO_LARGE)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        if size > most:
            raise Problem(413, TOO_LARGE)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if size > most:
        raise Problem(413, TOO_LARGE)
    return b"".join(parts)


def unpacked(body: bytes, encoding: str, *, most: int = MAX_BYTES) -> bytes:
    """Without its Content-Encoding; no more than `most` bytes are made. Problem 413, 415, 400."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ENCODINGS:
        raise Problem(415, f"Content-Encoding {inert(encoding, 40)} is not read here", "use gzip")
    try:
        return _inflated(body, ENCODINGS[encoding], most)
    except zlib.error:
        pass
    if encoding == "deflate":  # some senders leave out zlib's own head
        try:
            return _inflated(body, -15, most)
        except zlib.error:
            pass
    raise Problem(400, f"the body is not {encoding}")


def _inflated(body: bytes, window: int, most: int) -> bytes:
    work = zlib.decompressobj(window)
    found = work.decompress(body, most + 1)
    if len(found) > most:
        raise Problem(413, f"{TOO_LARGE} when it is unpacked")
    if not work.eof or work.unused_data:
        raise zlib.error("cut off, or followed by something else")
    return found


def type_fault(content_type: str) -> str:
    """Why a body of this type is not read as JSON; empty when it is, or when no type is told."""
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    json = kind in ("", "application/json", "text/json") or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not json:
        return f"Content-Type {inert(kind, 80)} is not read here: send application/json"
    for each in rest.split(";"):
        name, _, value = each.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8", "us-ascii"):
            return f"charset {inert(charset, 40)} is not read here: send UTF-8"
    return ""
