"""Passwords: argon2id, few checks at a time, and rules in one clear line. The home of argon2."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from autofix.errors import HeldError, UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1024
#: Checks at once: each of them takes 64 MiB and some 200 ms of a core.
AT_ONCE = 2
#: Seconds that a check waits for its turn; how many may wait. Each that waits holds a thread.
PATIENCE, WAITING = 10.0, 10


class Busy(HeldError):
    """Too many checks at once: the next one may come in a moment."""

    def __init__(self) -> None:
        super().__init__("too many logins at once", hint="try again in a minute")


def fault(password: str, name: str) -> str:
    """Why this password will not do, in one line; empty when it does."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if len(set(password)) < 5:
        return "a password of the same few characters is guessed at once"
    if name and not password.casefold().replace(name.casefold(), "").strip("0123456789"):
        return "a password that is the name is guessed at once"
    return ""


def check_rules(password: str, name: str) -> None:
    """UsageError when the rules refuse it."""
    if wrong := fault(password, name):
        raise UsageError(wrong, hint="a few words that don't belong together are easy to keep")


class Passwords:
    """Hashes and checks, by the parameters of RFC 9106's second recommendation."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        time_cost: int = 3,
        memory_cost: int = 64 * 1024,  # KiB
        parallelism: int = 4,
        patience: float = PATIENCE,
    ) -> None:
        self._costs = (time_cost, memory_cost, parallelism)
        self._turns = threading.BoundedSemaphore(at_once)
        self._line = threading.BoundedSemaphore(at_once + WAITING)
        self._patience = patience

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(_bytes(password))

    @cached_property
    def _hasher(self) -> PasswordHasher:
        """Loaded at first use: most commands need no passwords."""
        from argon2 import PasswordHasher

        return PasswordHasher(*self._costs)

    def check(self, stored: str, password: str) -> bool:
        """Is it this one? Without a stored hash it is not, and that takes as long to say."""
        from argon2.exceptions import InvalidHashError, VerificationError

        nobody = self._nobody  # made at first use, outside our turn
        with self._turn():
            try:
                return self._hasher.verify(stored or nobody, _bytes(password)) and bool(stored)
            except (VerificationError, InvalidHashError):
                return False

    def stale(self, stored: str) -> bool:
        """Was it hashed by other parameters than those in force?"""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _nobody(self) -> str:
        return self.hash(secrets.token_urlsafe(16))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._line.acquire(blocking=False):
            raise Busy
        try:
            if not self._turns.acquire(timeout=self._patience):
                raise Busy
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._line.release()


def _bytes(password: str) -> bytes:
    """Whatever was typed: halves of characters, too."""
    return password.encode("utf-8", "surrogatepass")
