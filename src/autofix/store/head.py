"""`audit.head`: the last (size, hash) of the chain, beside the store, so that a cut shows; and in
a second line the last checkpoint, so that its absence shows.

A file that contradicts the chain is evidence: it is never overwritten, and `verify` goes on
reporting it until a person has looked and moved it away.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autofix import crashpoints
from autofix.core.checkpoints import Checkpoint, line, parse_lines
from autofix.errors import AuditError

log = logging.getLogger("autofix.store")

#: Seconds after which nobody is still writing a file.
LEFT_BEHIND = 3600.0

Head = tuple[int, str]
_LARGEST = 4096
_HEAD = re.compile(r"(?:^|[^0-9])(\d{1,15}) ([0-9a-f]{64})(?![0-9a-f])")


def parse(text: str) -> list[Head]:
    """Every `<size> <hash>` in a text, such as a head file or a log that keeps copies of it."""
    return [(int(size), digest) for size, digest in _HEAD.findall(text)]


def read(path: Path) -> Head | None:
    """What the head file says; None if there is none; AuditError if it can't be read."""
    found = _parts(path)
    return None if found is None else found[0]


def checkpoints(path: Path) -> list[Checkpoint]:
    """The checkpoint that the head file names, if it names one; AuditError if it can't be read."""
    found = _parts(path)
    return [] if found is None else found[1]


def _parts(path: Path) -> tuple[Head, list[Checkpoint]] | None:
    """What the file holds; it must be, to the last byte, what `write` writes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"{path} can't be read: {error.strerror}") from None
    heads, named = parse(text.partition("\n")[0]), parse_lines(text.partition("\n")[2])
    if len(heads) != 1 or text != _content(heads[0], named[0] if named else None):
        raise AuditError(f"{path} does not hold one size and hash, and at most one checkpoint")
    return heads[0], named


def _content(head: Head, checkpoint: Checkpoint | None) -> str:
    more = f"{line(checkpoint)}\n" if checkpoint is not None else ""
    return f"{head[0]} {head[1]}\n{more}"


def write(path: Path, head: Head, checkpoint: Checkpoint | None = None) -> None:
    """Replace the file atomically; readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(_content(head, checkpoint))
            file.flush()
            os.fsync(file.fileno())
        crashpoints.reach("head.written")
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def tidy(path: Path) -> None:
    """Remove what processes that were killed on the way left beside the file, an hour ago."""
    for left in path.parent.glob(f"{path.name}.*.new"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                left.unlink()


@dataclass(frozen=True)
class Sealed:
    """What seals the chain just now: the checkpoint of some size (None: the last one), and up to
    which entry it was archived."""

    checkpoint: Callable[[int | None], Checkpoint | None] = lambda _: None
    archived: Callable[[], int] = lambda: 0


class HeadWriter:
    """Writes the head at most once per `pause` seconds, and at close."""

    def __init__(
        self,
        path: Path,
        hash_at: Callable[[int], str],
        sealed: Sealed = Sealed(),
        pause: float = 1.0,
    ) -> None:
        self._path = path
        self._hash_at = hash_at
        self._sealed = sealed
        self._pause = pause
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._latest: Head | None = None
        self._timer: threading.Timer | None = None
        self._said = ""
        self._tidied = False

    def moved(self, head: Head) -> None:
        """The chain's end has moved; the file follows soon."""
        with self._lock:
            self._latest = head
            if self._timer is None:
                self._timer = threading.Timer(self._pause, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write now what is not written yet. Never raises: the commit it follows has happened."""
        with self._writing:
            with self._lock:
                head, self._latest = self._latest, None
                timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if head is not None:
                self._write(head)

    def _write(self, head: Head) -> None:
        try:
            old = read(self._path)
            if old and old[0] > head[0]:
                return  # another process is ahead; or the chain was cut, which verify will say
            if old and self._contradicted(old):
                raise AuditError(f"{self._path} contradicts the audit chain and is left as it is")
            write(self._path, head, self._sealed.checkpoint(None))
            if not self._tidied:
                self._tidied = True
                tidy(self._path)
        except Exception as error:  # noqa: BLE001 - a timer's thread: said once, never raised
            self._say(str(error))

    def _contradicted(self, old: Head) -> bool:
        archived = self._sealed.archived()
        if old[0] > archived and self._hash_at(old[0]) != old[1]:
            return True
        return any(
            each.size > archived and self._sealed.checkpoint(each.size) != each
            for each in checkpoints(self._path)
        )

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            log.error("%s; run autofix audit verify", what)
