"""Who a person is, as the record names them."""

from __future__ import annotations

import re

BEHIND_ROOT = " (sudo)"
#: Between an alert's source and the person who had it judged anew.
REPLAYED_BY = ", replayed by "
#: How somebody acts: behind root, or by a token of theirs.
_HOW = re.compile(r" \((?:sudo|token [^()]*)\)$")


def login(by: str) -> str:
    """The name of `ann`, `ann (sudo)` and `ann (token ci)`: the same person each time."""
    return _HOW.sub("", by)


def asker(requested_by: str) -> str:
    """The person who asked: `ann`, too, of `alert grafana, replayed by ann (token ci)`."""
    return login(requested_by.rpartition(REPLAYED_BY)[2])
