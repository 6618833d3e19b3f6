"""Addresses that came from outside and are gone to: never those of other sites."""

from __future__ import annotations

import re

_INSIDE = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def inside(address: str) -> str:
    """This address when it is one of ours (`/incidents/3?x=1`), else the first page."""
    return address if len(address) <= 2000 and _INSIDE.fullmatch(address) else "/"
