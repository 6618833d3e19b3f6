"""Is a host's key known? OpenSSH's known_hosts, read as OpenSSH reads it.

paramiko's own reader passes over `@revoked` lines, patterns and a second key of one type, so
that a revoked key could pass and a rotated one could not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

DEFAULT_PORT = 22


class Standing(StrEnum):
    KNOWN = "known"
    UNKNOWN = "unknown"  # no line for this host
    CHANGED = "changed"  # lines for this host, all with other keys
    REVOKED = "revoked"  # the key stands in a line marked @revoked
    SIGNED = "signed"  # only an authority's line: certificates of hosts are not understood


@dataclass(frozen=True)
class Entry:
    """One line that speaks of a host: its place, marker, key type and key."""

    file: str
    line: int
    marker: str  # "", "@revoked" or "@cert-authority"
    type: str
    key: bytes


@dataclass(frozen=True)
class Verdict:
    """What the lines say of a key; `entry` is the line that decided, where one did."""

    standing: Standing
    entry: Entry | None = None


def name_of(host: str, port: int) -> str:
    """How known_hosts writes a host: plain on port 22, else `[host]:port`."""
    return host.lower() if port == DEFAULT_PORT else f"[{host.lower()}]:{port}"


def entries(text: str, name: str, *, file: str = "known_hosts") -> list[Entry]:
    """The lines of a file that speak of `name` (see `name_of`). Unreadable ones are skipped."""
    return [entry for hosts, entry in _lines(text, file) if _speaks_of(hosts, name)]


def judge(key: bytes, found: Sequence[Entry], without_port: Sequence[Entry] = ()) -> Verdict:
    """What lines found for a host say of the key it shows.

    `without_port`: lines for the bare name of a host on another port than 22; as with OpenSSH
    they can vouch for a key, and revoke it, but are no reason to call it changed.
    """
    everything = [*found, *without_port]
    for entry in everything:
        if entry.marker == "@revoked" and entry.key == key:
            return Verdict(Standing.REVOKED, entry)
    for entry in everything:
        if not entry.marker and entry.key == key:
            return Verdict(Standing.KNOWN, entry)
    others = [entry for entry in found if not entry.marker]
    if others:
        return Verdict(Standing.CHANGED, others[0])
    authorities = [entry for entry in everything if entry.marker == "@cert-authority"]
    if authorities:
        return Verdict(Standing.SIGNED, authorities[0])
    return Verdict(Standing.UNKNOWN)


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` shows it: `SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def _lines(text: str, file: str) -> Iterator[tuple[str, Entry]]:
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        marker = fields.pop(0) if fields[0].startswith("@") else ""
        if len(fields) < 3:
            continue
        try:
            key = base64.b64decode(fields[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield fields[0], Entry(file, number, marker, fields[1], key)


def _speaks_of(hosts: str, name: str) -> bool:
    if hosts.startswith("|"):
        return _is_hash_of(hosts, name)
    return _matches(hosts.lower().split(","), name)


def _matches(patterns: Iterable[str], name: str) -> bool:
    """A negated pattern that fits rules the line out, whatever else fits."""
    fits = False
    for pattern in patterns:
        negated = pattern.startswith("!")
        if _fits(pattern.removeprefix("!"), name):
            if negated:
                return False
            fits = True
    return fits


def _fits(pattern: str, name: str) -> bool:
    # Only * and ? are special to OpenSSH; brackets belong to `[host]:port`.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _is_hash_of(hashed: str, name: str) -> bool:
    parts = hashed.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, digest = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
