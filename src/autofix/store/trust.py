"""Which keys the record's checkpoints may be signed with, and whether they are.

Trusted from the start are the public halves that stand outside the store. A key that followed
another is trusted for the event that says so, when a checkpoint of a trusted key seals that event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autofix.core.audit import Break
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.errors import StoreError
from autofix.store.canonical import read_json
from autofix.store.keys import fingerprint, holds, message

KEY_ROTATED = "audit.key_rotated"


@dataclass(frozen=True)
class Rotation:
    """The event that one key followed another."""

    seq: int
    old: str
    new: str
    old_public: bytes
    public: bytes


def rotation(seq: int, payload: str | bytes) -> Rotation | None:
    """What an event's payload says; None when it is not what this program writes."""
    try:
        value: Any = read_json(payload if isinstance(payload, str) else payload.decode())
        old, new = bytes.fromhex(value["old_public"]), bytes.fromhex(value["public"])
        named = (value["old"], value["new"])
    except (ValueError, KeyError, TypeError):
        return None
    if named[1] != fingerprint(new) or (old and named[0] != fingerprint(old)):
        return None
    return Rotation(seq, *named, old, new)


class Trust:
    """`trusted` public halves by fingerprint; None: nothing is known, no signature is checked."""

    def __init__(self, trusted: Mapping[str, bytes] | None) -> None:
        self.checks = trusted is not None
        self._publics = dict(trusted or {})
        self.rotations: list[Rotation] = []

    def learn(self, seq: int, payload: str | bytes) -> None:
        """An event of KEY_ROTATED at `seq`."""
        found = rotation(seq, payload)
        if found is not None:
            self.rotations.append(found)

    def follow(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Trust what follows from what is trusted, until nothing more does."""
        last = _last_by_key(checkpoints)
        grew = self.checks
        while grew:
            before = len(self._publics)
            for each in self.rotations:
                if each.old_public and self._seals(each.new, each.seq, last):
                    self._publics.setdefault(each.old, each.old_public)
                if self._seals(each.old, each.seq, last):
                    self._publics.setdefault(each.new, each.public)
            grew = len(self._publics) > before

    def _seals(self, key: str, seq: int, last: Mapping[str, list[Checkpoint]]) -> bool:
        """A checkpoint of this trusted key seals the entry."""
        return key in self._publics and any(
            not self.fault(each) for each in last.get(key, ()) if each.size >= seq
        )

    def knows(self, key: str) -> bool:
        return key in self._publics

    def fault(self, value: Checkpoint | Archive) -> str:
        """What is wrong with the signature; empty when nothing is, or nothing is checked."""
        if not self.checks:
            return ""
        public = self._publics.get(value.key)
        if public is None:
            return "is signed by a key that is not one of this project's"
        try:
            good = holds(public, message(value), value.signature)
        except StoreError:
            good = False
        return "" if good else "does not bear the signature of its key"

    def retired(self, checkpoints: Iterable[Checkpoint]) -> Iterator[Break]:
        """Signed with a key after another had followed it: somebody found the old one."""
        over = {each.old: each.seq for each in reversed(self.rotations)}
        for each in checkpoints:
            if each.size > over.get(each.key, each.size):
                yield Break(
                    each.size,
                    f"the checkpoint of entry {each.size} is signed by a key that was replaced at "
                    f"entry {over[each.key]}",
                )

    def unsigned_rotations(self, checkpoints: Iterable[Checkpoint]) -> Iterator[str]:
        """Notes on keys that were replaced without their own signature under it: lost ones."""
        last = _last_by_key(checkpoints)
        for each in self.rotations:
            if not self._seals(each.old, each.seq, last):
                yield (
                    f"the audit key was replaced at entry {each.seq} without a signature of the "
                    "one before it (it was lost): compare what lies before with a witness"
                )


def _last_by_key(checkpoints: Iterable[Checkpoint]) -> dict[str, list[Checkpoint]]:
    """The few latest of each key: enough to find one that holds, few enough to be quick."""
    found: dict[str, list[Checkpoint]] = {}
    for each in sorted(checkpoints, key=lambda one: -one.size):
        if len(kept := found.setdefault(each.key, [])) < 3:
            kept.append(each)
    return found
