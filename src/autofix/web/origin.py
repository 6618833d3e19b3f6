"""Did a request that changes something come from a page of ours? Against cross-site requests."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


def fault(headers: Headers, scheme: str, ours: Collection[str] = ()) -> str:
    """Why it did not, in one line; empty when it did, or when no browser sent it.

    `ours`: further addresses by which browsers find this server (`public_url`).
    """
    origin = headers.get("origin")
    if origin is None:
        site = headers.get("sec-fetch-site", "same-origin")
        return "" if site in ("same-origin", "none") else "this request comes from another site"
    allowed = {_place(f"{scheme}://{headers.get('host', '')}"), *map(_place, ours)}
    found = _place(origin)
    return "" if found and found in allowed else "this request comes from another site"


def _place(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for `null` and whatever is no web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port
