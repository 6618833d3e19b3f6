"""Calls to the outside: which addresses they may reach. A name is looked up once, its addresses are
looked at, and the connection is made to exactly those, so that it can't lead elsewhere meanwhile.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import Any

from autofix.core import outgoing as rules
from autofix.core.inert import inert

_allowed: tuple[str, ...] = ()


class NotAllowed(OSError):
    """This may not be called; one line for people."""


def allow(networks: Collection[str]) -> None:
    """What the settings' `outgoing.allow` names is in force from now on, for this process."""
    global _allowed
    _allowed = tuple(networks)


def refusal(address: str) -> str:
    """Why this address, as a lookup gave it, may not be called; empty when it may."""
    return rules.refusal(address, _allowed)


def permitted(infos: Collection[Any], host: str) -> list[Any]:
    """What `getaddrinfo` gave, less what may not be called. NotAllowed when nothing is left."""
    found = [info for info in infos if not refusal(info[4][0])]
    if infos and not found:
        address = next(iter(infos))[4][0]
        is_name = "" if address == host else f" leads to {inert(str(address), 60)}, which"
        raise NotAllowed(
            f"{inert(host, 120)}{is_name} {refusal(address)}: calls to it are refused "
            "(outgoing.allow in the settings permits it)"
        )
    return found


def addresses(host: str, port: int) -> list[str]:
    """What this name may be called at, in the order to try. OSError when there is nothing."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    return list(dict.fromkeys(str(info[4][0]) for info in permitted(infos, host)))
