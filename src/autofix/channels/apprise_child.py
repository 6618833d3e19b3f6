"""The child process of the apprise channel: an order as JSON on stdin, a verdict as JSON on stdout.

The order: `urls`, `title`, `body`, `type`. The verdict: `ok`, and the indexes of URLs that are
`unknown` to Apprise or `refused` the page. Everything Apprise itself would print is dropped.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any


def main() -> None:
    verdict_to = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.disable(logging.CRITICAL)
    verdict = notify(json.load(sys.stdin))
    os.write(verdict_to, json.dumps(verdict).encode())


def notify(order: Mapping[str, Any]) -> dict[str, Any]:
    """Tell every URL, one after the other, and say which ones did not take it."""
    import apprise

    services = [apprise.Apprise.instantiate(url) for url in order["urls"]]
    unknown = [index for index, service in enumerate(services) if service is None]
    if unknown:
        return {"ok": False, "unknown": unknown, "refused": []}
    refused = [index for index, service in enumerate(services) if not _told(service, order)]
    return {"ok": not refused, "unknown": [], "refused": refused}


def _told(service: Any, order: Mapping[str, Any]) -> bool:
    import apprise

    one = apprise.Apprise()
    one.add(service)
    taken = one.notify(
        title=order["title"],
        body=order["body"],
        notify_type=order["type"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    return bool(taken)  # True, or from Apprise 2 on a result that is true when all took it


if __name__ == "__main__":
    main()
