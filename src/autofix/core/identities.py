"""Who a person is, as the record names them."""

from __future__ import annotations

import re

BEHIND_ROOT = " (sudo)"
#: How somebody acts: behind root, or by a token of theirs.
_HOW = re.compile(r" \((?:sudo|token [^()]*)\)$")


def login(by: str) -> str:
    """The name of `ann`, `ann (sudo)` and `ann (token ci)`: the same person each time."""
    return _HOW.sub("", by)
