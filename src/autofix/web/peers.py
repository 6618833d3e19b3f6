"""Who is at the other end of a request, as far as the connection and a trusted proxy tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autofix.core.addresses import parsed, within

#: Where the scope holds the peer.
PEER = "autofix.peer"


@dataclass(frozen=True)
class Peer:
    """`address` is empty for the Unix socket, whose other end is `uid`. `proxied`: a trusted proxy
    told it. `secure`: nobody in between can read along, by TLS here or at the proxy."""

    address: str = ""
    proxied: bool = False
    secure: bool = False
    uid: int | None = None


def peer_of(scope: Any) -> Peer:
    found: Peer = scope[PEER]
    return found


@lru_cache(maxsize=4096)
def trusted(address: str, proxies: tuple[str, ...]) -> bool:
    return bool(proxies) and within(address, proxies)


def find_peer(scope: Any, proxies: tuple[str, ...], uid: int | None) -> Peer:
    """X-Forwarded-For counts from its end, as far as every hop is a trusted proxy."""
    if uid is not None:
        return Peer(uid=uid, secure=True)
    client = scope.get("client")
    address, secure = client[0] if client else "", scope.get("scheme") == "https"
    if not proxies or not trusted(address, proxies):
        return Peer(address, secure=secure)
    hops = _values(scope["headers"], b"x-forwarded-for")
    told = _values(scope["headers"], b"x-forwarded-proto")
    secure = secure or (bool(told) and told[-1].lower() == "https")
    return Peer(_farthest(address, hops, proxies), proxied=True, secure=secure)


def _farthest(address: str, hops: Sequence[str], proxies: tuple[str, ...]) -> str:
    for hop in reversed(hops):
        told = parsed(_bare(hop))
        if told is None:
            break
        address = str(told)
        if not trusted(address, proxies):
            break
    return address


def _bare(hop: str) -> str:
    """Some proxies write the port, too: `1.2.3.4:5678`, `[::1]:5678`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _values(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    """All values of a header, which may stand several times, in order."""
    joined = ",".join(value.decode("latin-1") for name, value in headers if name == wanted)
    return [each.strip() for each in joined.split(",") if each.strip()]
