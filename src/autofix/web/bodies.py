"""The body of a request, as far as it is let in: bounded, unpacked, of a type that we read."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autofix.core.door import MAX_BYTES
from autofix.core.inert import inert
from autofix.web.problems import Problem

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


#: Bytes of a body that always have room; of all larger ones that are on their way, and of those
#: from one address: who sends without an end, and is not known yet, must not fill the memory.
SMALL, ROOM, ROOM_OF_ONE = 65_536, 64 * 2**20, 16 * 2**20


class Gone(Exception):
    """The client went away before its body was there."""


class Room:
    """For bodies that are being read. Belongs to the event loop's thread."""

    def __init__(self, most: int = ROOM, of_one: int = ROOM_OF_ONE) -> None:
        self._most, self._of_one = most, of_one
        self.held: Counter[str] = Counter()

    @contextmanager
    def of(self, address: str) -> Iterator[Callable[[int], None]]:
        """Tell it how many bytes there are by now. Problem 503 where there is no room for them."""
        mine = 0

        def hold(size: int) -> None:
            nonlocal mine
            more = max(size - SMALL, 0) - mine
            crowded = self.held[address] + more > self._of_one
            if more > 0 and (crowded or self.held.total() + more > self._most):
                raise Problem(503, "too many large bodies are on their way", "send it again",
                              {"retry-after": "5"})  # fmt: skip
            self.held[address] += more
            mine += more

        try:
            yield hold
        finally:
            self.held[address] -= mine
            self.held += Counter()  # without those that hold none


def _no_matter(_size: int) -> None:
    pass


def too_large(most: int) -> str:
    return f"the body is larger than {most} bytes"


async def read(
    receive: Receive,
    length: str,
    *,
    most: int = MAX_BYTES,
    hold: Callable[[int], None] = _no_matter,
) -> bytes:
    """The body as it came. Problem 413 as soon as it is clear that it is too large. `hold` is told
    of its size while it grows, see `Room`."""
    if length and (not length.isdigit() or int(length[:20]) > most):
        raise Problem(413, too_large(most))
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > most:
            raise Problem(413, too_large(most))
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        if size > most:
            raise Problem(413, too_large(most))
        hold(size)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if size > most:
        raise Problem(413, too_large(most))
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
        raise Problem(413, f"{too_large(most)} when it is unpacked")
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
