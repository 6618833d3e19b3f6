"""Addresses that no call to the outside may reach: a cloud's metadata, and the link's own.

Whoever reaches those from this machine gets its keys. They are looked at after the name was looked
up, so no spelling of an address and no name that leads there goes past.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from autofix.core.addresses import Address, within

LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
#: Where clouds tell a machine who it is, besides 169.254.169.254.
METADATA = ("fd00:ec2::/32", "fd20:ce::/32", "100.100.100.200", "168.63.129.16", "192.0.0.192")
#: No address of another machine; 0.0.0.0 is this one by another name.
NO_MACHINE = ("0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8", "255.255.255.255")
#: IPv6 that stands for an IPv4 address, and how many bits follow that address.
_CARRIERS = (("64:ff9b::/96", 0), ("64:ff9b:1::/96", 0), ("2002::/16", 80), ("::/96", 0))


def refusal(address: str, allowed: Iterable[str] = ()) -> str:
    """Why this address (as a lookup gave it) may not be called; empty when it may.

    `allowed`: addresses and networks that the settings name.
    """
    forms = _forms(address)
    if not forms:
        return "is no address"
    permitted = list(allowed)
    if any(within(form, permitted) for form in forms):
        return ""
    for networks, what in (
        (LINK_LOCAL, "is a link-local address"),
        (METADATA, "is an address of a cloud's metadata"),
        (NO_MACHINE, "is not the address of a machine"),
    ):
        if any(within(form, networks) for form in forms):
            return what
    return ""


def _forms(address: str) -> list[str]:
    """The address, and the IPv4 address that it may carry."""
    try:
        found: Address = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return []
    forms = [str(found)]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            forms.append(str(found.ipv4_mapped))
        for network, bits in _CARRIERS:
            if found in ipaddress.ip_network(network) and int(found) > 1:
                forms.append(str(ipaddress.IPv4Address(int(found) >> bits & 0xFFFFFFFF)))
    return forms
