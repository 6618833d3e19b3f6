"""A primary of one's own with a streaming standby, both real, in temporary folders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.postgres import Cluster, remove, temporary


@contextmanager
def primary_and_standby() -> Iterator[tuple[Cluster, Cluster]]:
    primary = temporary()
    made = Cluster(Path(tempfile.mkdtemp(prefix="autofix-pg-standby-")))
    try:
        made.password = primary.password
        made.copy_of(primary)
        made.start()
        yield primary, made
    finally:
        remove(made)
        remove(primary)
