"""Secrets that autofix itself keeps: set, listed by name, removed; their key rotated. A room of the
local desk. No value ever leaves it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autofix.core.audit import AuditEvent
from autofix.core.inert import inert
from autofix.core.roles import Permission
from autofix.desk.base import Room
from autofix.errors import HeldError, NotFound, UsageError

#: What people may call theirs; autofix's own (the seeds of second factors) have a slash.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
LARGEST = 64 * 1024


class KeptSecrets(Room):
    def kept_secrets(self) -> list[Mapping[str, Any]]:
        self.may(Permission.ADMIN, "secrets.list")
        with self.ctx.store.reading() as reads:
            return [
                {"name": kept.name, "at": kept.at, "by": kept.by, "key": kept.key}
                for kept in reads.kept()
            ]

    def keep_secret(self, name: str, value: str) -> None:
        """Set it, whether it was there or not."""
        self.may(Permission.ADMIN, "secrets.set")
        _refuse_name(name)
        _refuse_value(value)
        kept = self.place.vault().seal(name, value, at=self.ctx.clock.now(), by=self.actor)
        with self.ctx.store.transaction() as tx:
            replaced = any(each.name == name for each in tx.kept())
            tx.put_kept(kept, self._secret_event("secret.kept", secret=name, replaced=replaced))

    def remove_secret(self, name: str) -> None:
        self.may(Permission.ADMIN, "secrets.remove")
        if "/" in name:
            raise HeldError(
                f"{inert(name, 120)!r} is autofix's own",
                hint="a second factor is dropped with `autofix users change`",
            )
        with self.ctx.store.transaction() as tx:
            if not tx.remove_kept(name, self._secret_event("secret.removed", secret=name)):
                raise NotFound(
                    f"there is no kept secret {inert(name, 80)!r}", hint="see autofix secrets list"
                )

    def rotate_keys(self) -> Mapping[str, Any]:
        """`old` and `new`, the names of the keys; `secrets`, how many were sealed anew."""
        self.may(Permission.ADMIN, "keys.rotate")
        return self.place.vault().rotate(
            self.ctx.store, lambda done: self._secret_event("secret.key_rotated", **done)
        )

    def _secret_event(self, action: str, **payload: Any) -> AuditEvent:
        return AuditEvent(self.ctx.clock.now(), self.actor, action, payload=payload)


def _refuse_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{inert(name, 80)!r} can't be the name of a secret",
            hint="a name has 1 to 80 letters, digits and . _ -, and begins with a letter or digit",
        )


def _refuse_value(value: str) -> None:
    size = len(value.encode("utf-8", "replace"))
    if not value or size > LARGEST:
        said = "is empty" if not value else f"is too large ({size} bytes)"
        raise UsageError(f"the secret {said}", hint=f"it has 1 to {LARGEST} bytes")
