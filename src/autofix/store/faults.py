"""The database's errors, mapped to ours: one clear line, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from autofix.errors import StoreError

#: SQLite's error names by their beginning: what is wrong, and what to do.
_SQLITE = {
    "SQLITE_BUSY": (
        "is locked by another program",
        "end what holds it open (a copy, a backup, an SQL shell) and try again",
    ),
    "SQLITE_LOCKED": ("is locked by another program", "try again"),
    "SQLITE_FULL": ("can't be written: the disk is full", "free some space; nothing was lost"),
    "SQLITE_READONLY": ("can't be written: it is read-only", "make it writable for this user"),
    "SQLITE_CANTOPEN": (
        "can't be opened",
        "check that its folder exists, can be written and belongs to the user who runs autofix",
    ),
    "SQLITE_PERM": ("can't be opened: permission denied", "check who owns the file"),
    "SQLITE_CORRUPT": (
        "is damaged",
        "keep a copy of the files as they are, then restore the last good backup",
    ),
    "SQLITE_NOTADB": ("is not an SQLite database", "check `store:` in autofix.yaml"),
    "SQLITE_IOERR": (
        "can't be read or written: the disk failed or a limit was reached",
        "look at the disk and at the system's log",
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": ("has no such incident or run", ""),
}
_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}


def _code(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    name = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    return str(name or "")


def _cause(error: BaseException) -> BaseException:
    """What went wrong first. SQLite ends the whole transaction when the disk is full, and then
    only the vain try to go back to the savepoint is left to see."""
    found = error
    while "no such savepoint" in str(found) and found.__context__ is not None:
        found = found.__context__
    return found


def is_unique(error: IntegrityError) -> bool:
    """A unique key is taken (and not: a reference to nothing, a missing value)."""
    return _code(error) in _UNIQUE


def mapped(error: BaseException, where: str) -> StoreError:
    """Our error for a foreign one; `where` names the store for people."""
    error = _cause(error)
    code = _code(error)
    for beginning, (what, hint) in _SQLITE.items():
        if code.startswith(beginning):
            return StoreError(f"the store {where} {what}", hint=hint)
    reason = str(getattr(error, "orig", None) or error).splitlines()
    if "decode" in (reason[0] if reason else ""):
        return StoreError(
            f"the store {where} holds text that can't be read", hint="run autofix audit verify"
        )
    return StoreError(f"the store {where} failed: {reason[0] if reason else type(error).__name__}")


@contextmanager
def mapping(where: str) -> Iterator[None]:
    """Map what the database raises within the block; everything else passes."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OverflowError, UnicodeError) as error:
        raise mapped(error, where) from error
