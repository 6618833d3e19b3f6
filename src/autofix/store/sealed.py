"""Secrets that autofix itself keeps: sealed by AES-256-GCM, each bound to its name, so that one
can't be put in another's place by who may write to the store and has no key."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from autofix.core.accounts import Kept
from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.errors import HeldError, StoreError, UsageError
from autofix.ports import Store, Transaction
from autofix.store.secret_keys import RESTORE, Key, SecretKeys, new_key

#: Bytes: of a nonce, new and random for each sealing; of the largest value.
NONCE, LARGEST = 12, 64 * 1024
#: Keys in the file at most, before one more is refused.
MOST_KEYS = 40
#: Seconds for which a key that nothing is sealed by is kept: somebody may just now have sealed
#: with it what he has not yet put into the store.
GRACE = 60.0


class Vault:
    """`ports.Vault`. `empty` says whether nothing is kept: only then a first key is made."""

    def __init__(self, keys: SecretKeys, empty: Callable[[], bool]) -> None:
        self.keys = keys
        self._empty = empty

    def seal(self, name: str, value: str, *, at: float, by: str) -> Kept:
        if len(value.encode("utf-8", "replace")) > LARGEST:
            raise UsageError(f"a kept secret has at most {LARGEST // 1024} KiB")
        key = self._first()
        return Kept(name, key.name, _sealed(key, name, value), at, by)

    def _first(self) -> Key:
        if not self.keys.there and not self.keys.handed_in and self._empty():
            return self.keys.make()[0]
        return self.keys.read()[0]

    def open(self, kept: Kept) -> str:
        return _opened({key.name: key for key in self.keys.read()}, kept)

    def rotate(
        self, store: Store, event: Callable[[Mapping[str, Any]], AuditEvent]
    ) -> Mapping[str, Any]:
        """See `ports.Vault`. The file has the new key before anything is sealed with it, and no
        key leaves it here: whenever this breaks off, all can be opened."""
        self.settle(store)
        with store.transaction() as tx:
            found = self.keys.read() if self.keys.there or tx.kept() else self.keys.make()
            fresh, opening = self._next(found, {kept.key for kept in tx.kept()})
            count = _seal_anew(tx, fresh, opening)
            done = {"old": opening[0].name, "new": fresh.name, "secrets": count}
            tx.record(event(done))
        with suppress(StoreError):  # it is done; the next start puts the keys in order
            self.settle(store)
        return done

    def _next(self, found: tuple[Key, ...], used: set[str]) -> tuple[Key, tuple[Key, ...]]:
        """The key to seal with from now on, and those that open, the one in use first."""
        opening = tuple(sorted(found, key=lambda key: key.name not in used))
        if self.keys.handed_in:
            if not used - {found[0].name}:
                raise HeldError(
                    "the system hands in this key, and all is sealed by it",
                    hint="put a new key above it in the credential, start anew, and rotate then",
                )
            return found[0], opening
        if len(found) > MOST_KEYS:
            raise HeldError("the key was rotated too often within a minute", hint="wait a minute")
        fresh = new_key()
        self.keys.replace([*found, fresh])
        return fresh, opening

    def settle(self, store: Store) -> None:
        """The key by which things are sealed becomes the one in use, whatever a rotation that broke
        off left; those that nothing needs are dropped after a while.

        Not at once: the transaction that sealed anew may share its commit with this one, and
        neither is on the disk yet.
        """
        if self.keys.handed_in or not self.keys.there or len(self.keys.read()) == 1:
            return
        with store.transaction() as tx:  # no rotation is under way meanwhile
            found, used = self.keys.read(), {kept.key for kept in tx.kept()}
            needed = [key for key in found if key.name in used] or [found[0]]
            rest = [key for key in found if key not in needed]
            wanted = needed if self.keys.age() > GRACE else [*needed, *rest]
            if tuple(wanted) != found:
                self.keys.replace(wanted)


def _seal_anew(tx: Transaction, key: Key, opening: tuple[Key, ...]) -> int:
    known = {each.name: each for each in (*opening, key)}
    rows = tx.kept()
    for kept in rows:
        value = _opened(known, kept)
        tx.put_kept(replace(kept, key=key.name, sealed=_sealed(key, kept.name, value)), None)
    return len(rows)


def _bound(name: str) -> bytes:
    return b"autofix kept secret 1\0" + name.encode("utf-8", "surrogatepass")


def _sealed(key: Key, name: str, value: str) -> str:
    nonce = os.urandom(NONCE)
    text = AESGCM(key.raw).encrypt(nonce, value.encode("utf-8", "surrogatepass"), _bound(name))
    return base64.b64encode(nonce + text).decode()


def _opened(keys: Mapping[str, Key], kept: Kept) -> str:
    said = f"the kept secret {inert(kept.name, 120)!r}"
    key = keys.get(kept.key)
    if key is None:
        raise StoreError(
            f"{said} was sealed by another key ({inert(kept.key, 40)})",
            hint=f"that key lies in keys/ where it was set; copy it from there, or {RESTORE}",
        )
    try:
        raw = base64.b64decode(kept.sealed, validate=True)
        opened = AESGCM(key.raw).decrypt(raw[:NONCE], raw[NONCE:], _bound(kept.name))
        return opened.decode("utf-8", "surrogatepass")
    except (InvalidTag, ValueError, binascii.Error):
        raise StoreError(
            f"{said} was changed in the store, or belongs to another name",
            hint=f"set it again: autofix secrets set {inert(kept.name, 120)}",
        ) from None
