"""The keys that seal kept secrets, outside the store: a file that only its user reads, or a
credential of the system (systemd's `LoadCredential=`).

One key a line, 32 bytes in base64: the first one seals and opens, the others only open. So what an
earlier key sealed can be read until everything is sealed anew, wherever that breaks off.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autofix.errors import StoreError
from autofix.store.keyfiles import sync, write

FILE = "secrets.key"
SIZE = 32
RESTORE = "restore it from a backup; if it is lost, remove the kept secrets and set them again"
_LARGEST = 4096


@dataclass(frozen=True)
class Key:
    """`name` says which key sealed a value, and nothing about the key."""

    name: str
    raw: bytes = field(repr=False)


def made_of(raw: bytes) -> Key:
    return Key(hashlib.sha256(b"autofix secrets key\0" + raw).hexdigest()[:32], raw)


def new_key() -> Key:
    return made_of(secrets.token_bytes(SIZE))


class SecretKeys:
    """Read anew each time: another process may rotate them."""

    def __init__(
        self, folder: Path, credential: str = "", environ: Mapping[str, str] | None = None
    ) -> None:
        """`credential`: the one that the system hands in; then nothing is written here."""
        self.folder = folder
        self.handed_in = bool(credential)
        self._credential = credential
        self._environ = os.environ if environ is None else environ

    @property
    def file(self) -> Path:
        if not self.handed_in:
            return self.folder / FILE
        folder = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise StoreError(
                "the system hands in no credentials, and the key for secrets is to be one of them",
                hint="only a service has them: let the server do it, see `secrets` in the settings",
            )
        return Path(folder) / self._credential

    @property
    def there(self) -> bool:
        return os.path.lexists(self.file)

    def read(self) -> tuple[Key, ...]:
        """The keys, the one in use first. StoreError: none, readable by others, or no keys."""
        try:
            self._only_ours(self.file.lstat() if not self.handed_in else self.file.stat())
            text = self._content().decode("ascii")
            found = tuple(_key(line) for line in text.split("\n") if line.strip())
        except FileNotFoundError:
            raise StoreError(f"there is no key for secrets: {self.file}", hint=RESTORE) from None
        except OSError as error:
            raise StoreError(
                f"{self.file} can't be read: {error.strerror}",
                hint="it must belong to the user who runs autofix",
            ) from None
        except (ValueError, binascii.Error):
            found = ()
        if not found:
            # What stands there may be a key all the same: it is not shown.
            raise StoreError(
                f"{self.file} is not a key for secrets",
                hint="a line holds 32 bytes in base64, as `openssl rand -base64 32` prints them",
            )
        return found

    def _content(self) -> bytes:
        handle = os.open(self.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return file.read(_LARGEST)

    def _only_ours(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(f"the key for secrets {self.file} is not a plain file", hint=RESTORE)
        # The system opens a credential to a service by an access list, which shows as its group.
        others = 0o007 if self.handed_in else 0o077
        if found.st_mode & others:
            raise StoreError(
                f"the key for secrets {self.file} can be read by others than its owner "
                f"(mode {stat.S_IMODE(found.st_mode):04o})",
                hint=f"chmod 600 {self.file}; if somebody may have read it: autofix keys rotate",
            )
        if found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise StoreError(
                f"the key for secrets {self.file} belongs to another user (uid {found.st_uid})",
                hint=f"chown it to the user who runs autofix: chown {os.geteuid()} {self.file}",
            )

    def make(self) -> tuple[Key, ...]:
        """The first key, unless another process made it meanwhile: then that one."""
        if self.handed_in:
            raise StoreError(
                f"the system hands in no key for secrets: there is no {self.file}",
                hint="see LoadCredential= in docs/settings.md, `secrets`",
            )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.folder / f".{FILE}.{secrets.token_hex(8)}"
            try:
                write(fresh, _text([new_key()]), 0o600)
                _as_its_folders_owner(self.folder, self.folder.parent)
                _as_its_folders_owner(fresh, self.folder)
                with suppress(FileExistsError):
                    os.link(fresh, self.file)
            finally:
                fresh.unlink(missing_ok=True)
            sync(self.folder)
        except OSError as error:
            raise self._unwritable(error) from None
        return self.read()

    def replace(self, keys: Sequence[Key]) -> None:
        """These from now on, whole or not at all."""
        try:
            write(self.file, _text(keys), 0o600)
            _as_its_folders_owner(self.file, self.folder)
            sync(self.folder)
        except OSError as error:
            raise self._unwritable(error) from None

    def age(self) -> float:
        """Seconds since the keys were last replaced."""
        try:
            return time.time() - self.file.lstat().st_mtime
        except OSError:
            return 0.0

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"the key for secrets can't be written in {self.folder}: {error.strerror}",
            hint="check that the state folder belongs to the user who runs autofix",
        )


def _as_its_folders_owner(path: Path, folder: Path) -> None:
    """What root makes for the service is the service's."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _key(line: str) -> Key:
    raw = base64.b64decode(line.strip(), validate=True)
    if len(raw) != SIZE:
        raise ValueError
    return made_of(raw)


def _text(keys: Sequence[Key]) -> bytes:
    return b"".join(base64.b64encode(key.raw) + b"\n" for key in keys)
