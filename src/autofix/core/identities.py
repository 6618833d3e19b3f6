"""Who a person is, as the record names them."""

from __future__ import annotations

BEHIND_ROOT = " (sudo)"


def login(by: str) -> str:
    """The login name of `ann` and of `ann (sudo)`: the same person, as herself and as root."""
    return by.removesuffix(BEHIND_ROOT)
