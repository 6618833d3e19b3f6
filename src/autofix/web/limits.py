"""How many requests one may make in a minute: by token or session once it is known to be good, by
address before that. The Unix socket has no limit.

Posts of alerts are not limited by their number: a storm must come in, and a sender takes 429 for
an answer that is final. Who shows wrong secrets again and again is asked to come later, unread.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from autofix.core.addresses import parsed

#: Credentials that are remembered as good; posts with a wrong secret from one address in a minute.
GOOD, WRONG_POSTS = 10_000, 120


class Limits:
    """Belongs to the event loop's thread. `per_minute`: the settings in force."""

    def __init__(self, per_minute: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._hits = FixedWindowRateLimiter(MemoryStorage())
        self._good: OrderedDict[str, str] = OrderedDict()
        self._suspects: OrderedDict[str, str] = OrderedDict()

    def enter(self, address: str, credential: str) -> int:
        """0: go on; else the seconds after which to come again."""
        key = self._good.get(credential) or near(address)
        item = RateLimitItemPerMinute(self._per_minute())
        return 0 if self._hits.hit(item, "api", key) else self._wait(item, "api", key)

    def good(self, credential: str, who: str) -> None:
        """It is known who shows this: he has a count of his own from now on, one however many
        ways he finds to write it."""
        self._remember(self._good, credential, f"known {who}")

    def wrong_post(self, address: str) -> None:
        """A post of alerts from there was refused for what it showed."""
        self._remember(self._suspects, near(address))
        self._hits.hit(RateLimitItemPerMinute(WRONG_POSTS), "post", near(address))

    def post(self, address: str) -> int:
        """Like `enter`, for posts of alerts."""
        key = near(address) if self._suspects else ""
        item = RateLimitItemPerMinute(WRONG_POSTS)
        if key not in self._suspects or self._hits.test(item, "post", key):
            return 0
        return self._wait(item, "post", key)

    def _wait(self, item: RateLimitItemPerMinute, *names: str) -> int:
        end = self._hits.get_window_stats(item, *names).reset_time
        return max(1, math.ceil(end - time.time()))

    def _remember(self, among: OrderedDict[str, str], key: str, as_: str = "") -> None:
        if key:
            among[key] = as_
            among.move_to_end(key)
            while len(among) > GOOD:
                among.popitem(last=False)


def near(address: str) -> str:
    """What counts as one: an IPv4 address, or the /64 of an IPv6 one, which one customer has."""
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def credential_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """A mark of the token or session that is shown, and never the secret itself."""
    shown = [value for name, value in headers if name in (b"authorization", b"cookie")]
    return hashlib.sha256(b"\n".join(shown)).hexdigest() if shown else ""
