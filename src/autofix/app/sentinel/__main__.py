"""`python -m autofix.app.sentinel FILE STATE [child]`: watch one state folder until told to end."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from autofix.app.sentinel.arms import Child
from autofix.app.sentinel.lock import holder, name, succeed
from autofix.app.sentinel.watch import Sentinel

log = logging.getLogger("autofix.sentinel")


def main(file: str, state: str, *how: str) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    child, folder = "child" in how, Path(state)
    sentinel = Sentinel(Path(file), folder, Child(Path(file)), child=child)
    sentinel.arm()  # before an older one ends: there is always one that can page
    if succeed(folder, name(child=child)) is None:
        log.info("%s watches %s already", holder(folder) or "another sentinel", folder)
        return 0
    sentinel.recall()
    log.info("watching %s", folder)
    sentinel.run(until_a_signal())
    return 0


def until_a_signal() -> Callable[[float], bool]:
    """A wait that SIGTERM and Ctrl-C end at once. A pipe: no lock is safe in a signal handler."""
    reader, writer = os.pipe()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: os.write(writer, b"!") and None)
    return lambda seconds: bool(select.select([reader], [], [], seconds)[0])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
