"""The audit key's files: who may read them, and how they are written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from autofix.errors import AuditError

_LARGEST = 4096
RESTORE = "restore it from a backup, or, when it is lost, make a new one: autofix audit key --new"


def only_ours(path: Path) -> None:
    """Whoever else can read the key can write a record that verifies: AuditError then."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise AuditError(f"the audit key {path} is not a plain file", hint=RESTORE)
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise AuditError(
            f"the audit key {path} can be read by others than its owner "
            f"(mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"chmod 600 {path}; if somebody may have read it: autofix audit key --new",
        )
    ours = {os.geteuid()} if os.geteuid() else {0, path.parent.stat().st_uid}
    if found.st_uid not in ours:
        raise AuditError(
            f"the audit key {path} belongs to another user (uid {found.st_uid})",
            hint=f"chown it to the user who runs autofix: chown {os.geteuid()} {path}",
        )


def content(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise AuditError(f"{path} can't be read: {error.strerror}") from None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AuditError(
            f"the audit key can't be written in {folder}: {error.strerror}",
            hint="check that the state folder belongs to the user who runs autofix",
        ) from None


def write(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
