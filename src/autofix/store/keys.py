"""The key pair that signs checkpoints (Ed25519), in a folder of its own that only its user reads.

`audit.key` is the private half, `audit.pub` the public one; every public half that was ever in use
stays beside them as `<fingerprint>.pub`, so that old checkpoints still verify. `audit.key.new` is
there only while one key follows another.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from autofix.core.checkpoints import Archive, Checkpoint, archive_body, body
from autofix.errors import AuditError
from autofix.store.canonical import canonical
from autofix.store.keyfiles import RESTORE, content, only_ours, sync, write, writing

PRIVATE, PUBLIC, NEXT = "audit.key", "audit.pub", "audit.key.new"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


def fingerprint(public: bytes) -> str:
    """What a key is called: 32 hex digits of its public half's SHA-256."""
    return hashlib.sha256(public).hexdigest()[:32]


def holds(public: bytes, message: bytes, signature: str) -> bool:
    """Is this the signature (hex) of the message by the private half of this key?"""
    if not _SIGNATURE.fullmatch(signature):  # else one could be spelt in several ways
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def message(value: Checkpoint | Archive) -> bytes:
    """The bytes that are signed."""
    return canonical(body(value) if isinstance(value, Checkpoint) else archive_body(value))


def read_public(path: Path) -> bytes:
    """The 32 bytes of a public half in a file; AuditError says what is wrong with it."""
    try:
        key = load_pem_public_key(content(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise AuditError(
            f"{path} is not the public half of an audit key",
            hint="`autofix audit key` prints the right one",
        )
    return _raw(key)


def pem(public: bytes) -> str:
    """The public half as text to keep or hand on."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Keys:
    """The keys of one project. Files are read anew each time: another process may change them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / PRIVATE

    # -- looking ------------------------------------------------------------------------------

    @property
    def there(self) -> bool:
        """There is a private half, good or not."""
        return os.path.lexists(self.file)

    @property
    def ever(self) -> bool:
        """There is one, or what is left of one."""
        return self.there or next(self.folder.glob("*.pub"), None) is not None

    @property
    def lost(self) -> bool:
        """There is no private half that could sign, whoever may read it."""
        try:
            _private_half(self.file)
        except AuditError:
            return True
        return False

    def public(self) -> bytes:
        """The public half of the key in use; AuditError says why there is none and what to do."""
        return _raw(self._load(self.file).public_key())

    def name(self) -> str:
        """The fingerprint of the key in use."""
        return fingerprint(self.public())

    def trusted(self) -> dict[str, bytes]:
        """Every public half of this project, by fingerprint; AuditError if one can't be read."""
        publics = (read_public(path) for path in sorted(self.folder.glob("*.pub")))
        return {fingerprint(each): each for each in publics}

    # -- signing ------------------------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Only one process at a time signs or changes keys."""
        try:
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            raise self._missing() from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def sign(self, draft: Checkpoint) -> Checkpoint:
        """The checkpoint with its key and signature."""
        key, name = self._signing()
        named = replace(draft, key=name)
        return replace(named, signature=key.sign(message(named)).hex())

    def sign_archive(self, draft: Archive) -> Archive:
        key, name = self._signing()
        named = replace(draft, key=name)
        return replace(named, signature=key.sign(message(named)).hex())

    def _signing(self) -> tuple[Ed25519PrivateKey, str]:
        key = self._load(self.file)
        return key, fingerprint(_raw(key.public_key()))

    # -- making -------------------------------------------------------------------------------

    def make(self) -> bytes | None:
        """Make the first key pair; its public half. None: there is one already, nothing changed."""
        with writing(self.folder):
            self._make_folder()
            fresh = Ed25519PrivateKey.generate()
            passing = self.folder / f"{NEXT}.{token_hex(8)}"
            write(passing, _private(fresh), 0o600)
            try:
                os.link(passing, self.file)  # unlike a rename, it takes nobody's place
            except FileExistsError:
                return None
            finally:
                passing.unlink()
            return self._publish(_raw(fresh.public_key()))

    def complete(self) -> None:
        """Who made the first pair may have been cut off: its public half is published, unless
        there is another key's, and what was left on the way is removed."""
        if not self.there:
            return
        public = self.public()
        ours = {PUBLIC, f"{fingerprint(public)}.pub"}
        found = {path.name for path in self.folder.glob("*.pub")}
        with writing(self.folder):
            if found < ours:
                self._publish(public)
            for left in self.folder.glob(f"{NEXT}.*"):
                left.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def prepare(self) -> bytes:
        """A key to follow the one in use, not yet in its place; its public half."""
        with writing(self.folder):
            self._make_folder()
            fresh = Ed25519PrivateKey.generate()
            write(self.folder / NEXT, _private(fresh), 0o600)
            public = _raw(fresh.public_key())
            write(self.folder / f"{fingerprint(public)}.pub", pem(public).encode(), 0o644)
            return public

    def waiting(self) -> str:
        """The fingerprint of a prepared key that did not take its place; empty when none waits."""
        path = self.folder / NEXT
        return fingerprint(_raw(self._load(path).public_key())) if path.exists() else ""

    def adopt(self) -> None:
        """The prepared key takes its place."""
        with writing(self.folder):
            (self.folder / NEXT).replace(self.file)
            self._publish(self.public())

    def drop(self) -> None:
        """The prepared key is not wanted."""
        with suppress(AuditError):
            (self.folder / f"{self.waiting()}.pub").unlink(missing_ok=True)
        with writing(self.folder):
            (self.folder / NEXT).unlink(missing_ok=True)

    def _publish(self, public: bytes) -> bytes:
        for name in (f"{fingerprint(public)}.pub", PUBLIC):
            write(self.folder / name, pem(public).encode(), 0o644)
        sync(self.folder)
        return public

    # -- reading the private half -------------------------------------------------------------

    def _load(self, path: Path) -> Ed25519PrivateKey:
        if not os.path.lexists(path):
            raise self._missing()
        only_ours(path)
        return _private_half(path)

    def _missing(self) -> AuditError:
        hint = RESTORE if self.ever else "`autofix init` makes one"
        return AuditError(f"the audit key {self.file} is missing", hint=hint)


def _private_half(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(content(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditError(f"{path} is not an audit key", hint=RESTORE)
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
