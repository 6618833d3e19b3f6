"""Who decides on this store: an exclusive lock on a file, which the kernel frees at death."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from autofix.core.plain import text
from autofix.errors import ServerBusy, StoreError

#: `leader()` holds a shared lock for a moment to look; that alone must not refuse a server.
_TRIES, _PAUSE = 10, 0.02


@contextmanager
def lead(paths: list[Path], owner: str) -> Iterator[None]:
    """Hold every lock file, or raise ServerBusy at once, naming who holds one."""
    with ExitStack() as held:
        for path in paths:
            held.enter_context(_hold(path, owner))
        yield


@contextmanager
def _hold(path: Path, owner: str) -> Iterator[None]:
    handle = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        _lock(handle, path)
        _write(handle, owner)
        yield
        _write(handle, "")
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not left:
                raise _busy(handle) from None
            time.sleep(_PAUSE)
        except OSError as error:
            raise StoreError(f"{path} can't be locked: {error.strerror}") from None
        else:
            return


def _busy(handle: int) -> ServerBusy:
    who = _read(handle) or "another autofix"
    return ServerBusy(
        f"{who} already works on this store",
        hint="stop it first; only one may decide what is done to a host",
    )


def leader(path: Path) -> str:
    """The text of who holds the lock; empty when nobody does."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle) or "another autofix"
    else:
        return ""
    finally:
        os.close(handle)


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"{path} can't be opened: {error.strerror}",
            hint="check that the state folder belongs to the user who runs autofix",
        ) from None


def _read(handle: int) -> str:
    found = os.pread(handle, 500, 0).decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in found).strip()


def _write(handle: int, owner: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text(owner).encode(), 0)
