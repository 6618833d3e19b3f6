"""Sealing an entry from what is stored: the canonical bytes are joined, never encoded again.

The stored payload is canonical JSON text already, so its bytes go into the hash as they stand:
any altered byte shows, an equivalent spelling of the same JSON too. The result is byte for byte
`canonical(core.audit.body(...))`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from autofix.core.audit import VERSION
from autofix.store.canonical import canonical

#: seq, at, actor, action, runbook, host, incident, run, payload, prev, hash: as stored. Texts may
#: be bytes as they lie on the disk, whether they are UTF-8 or not.
Row = tuple[Any, ...]


class Malformed(ValueError):
    """A column holds what this program never writes."""


def digest(row: Row) -> str:
    """The hash (hex SHA-256) that a row must have; Malformed if its types are wrong."""
    return hashlib.sha256(sealed_bytes(row)).hexdigest()


def sealed_bytes(row: Row) -> bytes:
    """The bytes that are hashed; keys in canonical order."""
    seq, at, actor, action, runbook, host, incident, run, payload, prev = row[:10]
    return (
        b'{"action":%b,"actor":%b,"at":%b,"host":%b,"incident":%b,"payload":%b,"prev":%b,'
        b'"run":%b,"runbook":%b,"seq":%d,"v":%d}'
    ) % (
        _quoted(action),
        _quoted(actor),
        _time(at),
        _quoted(host),
        _number(incident),
        raw(payload),
        b'"%b"' % _hex(prev),
        _number(run),
        _quoted(runbook),
        _whole(seq),
        VERSION,
    )


def line(row: Row) -> bytes:
    """The entry as a line of an export: what was hashed, and its `hash` in its place among it."""
    at, actor, action = row[1:4]
    head = b'{"action":%b,"actor":%b,"at":%b,' % (_quoted(action), _quoted(actor), _time(at))
    return b'%b"hash":"%b",%b' % (head, _hex(row[10]), sealed_bytes(row)[len(head) :])


def raw(value: Any) -> bytes:
    """The bytes of a text column."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise Malformed("a text is missing")


def _hex(value: str | bytes) -> bytes:
    bare = raw(value)
    if len(bare) != 64 or not bare.isalnum():
        raise Malformed("a hash is not one")
    return bare


@lru_cache(maxsize=4096)
def _quoted(value: str | bytes) -> bytes:
    # JSON's own escapes are those of RFC 8785 for text; bytes that are no UTF-8 stay as they are.
    found = raw(value).decode("utf-8", "surrogateescape")
    return encode_basestring(found).encode("utf-8", "surrogateescape")


def _time(at: Any) -> bytes:
    if not isinstance(at, float):
        raise Malformed("a time is missing")
    if 1.0 <= at < 1e15:  # in this range Python writes a double just as RFC 8785 does
        return repr(at).removesuffix(".0").encode()
    return canonical(at)


def _number(value: Any) -> bytes:
    return b"null" if value is None else b"%d" % _whole(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise Malformed("a number is missing")
    return value
