"""Addresses that channels post to: often secrets themselves, so shown by their host alone."""

from __future__ import annotations

import ipaddress
from urllib.parse import parse_qsl, urlsplit

from autofix.core.inert import MASK, inert

#: A shorter piece of an address (`v2`, `hook`, `send`) is no secret; masking it would blur errors.
_SECRET_LENGTH = 8


def fault(url: str, insecure: bool) -> str:
    """What is wrong with this address, in words that don't repeat it; empty when nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the address is not a URL"
    if url != inert(url, len(url) + 1) or " " in url:
        return "the address has blanks or control characters"
    if parts.scheme not in ("http", "https") or not host:
        return "the address must begin with https:// and name a host"
    if parts.scheme == "http" and not (insecure or loopback(host)):
        return "plain http to another machine is refused; use https, or set insecure: true"
    return ""


def loopback(host: str) -> bool:
    """This machine, by address or by the name `localhost`; no name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """`https://hooks.slack.com/…`: which service, and nothing that gives access."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return inert(f"{parts.scheme}://{parts.hostname}{port}/…")


def secrets_in(url: str) -> list[str]:
    """The pieces of an address that give access: long parts of the path, values of the query."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    pieces += [piece for piece in (parts.password, parts.query) if piece]
    return [url, *(piece for piece in pieces if len(piece) >= _SECRET_LENGTH)]


def masked(words: str, secrets: list[str]) -> str:
    """One short line in which no secret stands, whatever the other side sent back."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        words = words.replace(secret, MASK)
    return inert(words.strip(), 300)


def sentence(error: Exception) -> str:
    """What an exception says, to stand after a colon: `[Errno 111] Connection refused`."""
    said = str(error) or type(error).__name__
    return said[0].lower() + said[1:] if said[1:2].islower() else said
