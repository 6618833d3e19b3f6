"""Addresses and networks, as text. What is no address lies in no network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parsed(text: str) -> Address | None:
    """An IPv4 address that came as `::ffff:10.0.0.5` is the IPv4 address."""
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def within(address: str, networks: Iterable[str]) -> bool:
    """Is this address, or the network it stands in, among these?"""
    found = parsed(address)
    if found is None:
        return False
    return any(_holds(found, network) for network in networks)


def near(text: str) -> str:
    """What one sender may well have all of: the address, of IPv6 its network of 64 bits."""
    found = parsed(text)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found) if found else text


def _holds(address: Address, network: str) -> bool:
    try:
        held = ipaddress.ip_network(network)
    except ValueError:
        return False
    return address.version == held.version and address in held
