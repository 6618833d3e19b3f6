"""Leading where the holder can't lose it unknowingly: a lock that the kernel frees at death."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autofix.store.sql import SqlStore


class SureLead:
    """`ports.Lead` of a lock file: as long as we live, it is ours."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store

    def lost(self) -> str:
        return ""

    def holds(self) -> bool:
        return True
