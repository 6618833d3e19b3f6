"""The database's errors, mapped to ours: one clear line, and what to do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from autofix.core.inert import inert
from autofix.errors import StoreError
from autofix.store.faults_known import CONNECTING, POSTGRESQL, SQLITE, UNIQUE


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
    return _code(error) in UNIQUE


def of_database(error: BaseException) -> bool:
    """The database raised it, and not who works with it."""
    foreign = (SQLAlchemyError, sqlite3.Error)
    return isinstance(error, foreign) or isinstance(error.__cause__, foreign)


def is_read_only(error: BaseException) -> bool:
    """SQLite opened something only for reading, whether it must be so or not."""
    return _code(error).startswith("SQLITE_READONLY")


def mapped(error: BaseException, where: str) -> StoreError:
    """Our error for a foreign one; `where` names the store for people."""
    error = _cause(error)
    if isinstance(error, NoConnection):
        return StoreError(
            f"the store {where} is busy: every connection is in use", hint="try again"
        )
    code, said = _code(error), str(getattr(error, "orig", None) or error)
    known = _of_code(code) or _of_connecting(said)
    if known:
        return StoreError(f"the store {where} {known[0]}", hint=known[1])
    line = _telling(said) or type(error).__name__
    if "decode" in line:
        return StoreError(
            f"the store {where} holds text that can't be read", hint="run autofix audit verify"
        )
    return StoreError(f"the store {where} failed: {line}")


def _of_code(code: str) -> tuple[str, str] | None:
    table = POSTGRESQL if re.fullmatch(r"[0-9A-Z]{5}", code) else SQLITE
    return next((known for start, known in table.items() if code and code.startswith(start)), None)


def _of_connecting(said: str) -> tuple[str, str] | None:
    """PostgreSQL's client gives no code while it connects: what it says must do."""
    if not any(word in said for word in ("connection", "server", "resolve host")):
        return None
    return next((known for words, known in CONNECTING if words in said), None)


def _telling(said: str) -> str:
    """The line that says most: of several tries to connect, the last one's."""
    lines = [line.strip(" -") for line in said.splitlines() if line.strip(" -")]
    telling = [line for line in lines if "failed: " in line]
    return inert((telling or lines or [""])[-1 if telling else 0], 300)


@contextmanager
def mapping(where: str) -> Iterator[None]:
    """Map what the database raises within the block; everything else passes."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OverflowError, UnicodeError) as error:
        raise mapped(error, where) from error
