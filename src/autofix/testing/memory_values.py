"""How the in-memory store keeps a value: just as a database would give it back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from autofix.core.accounts import Token, User
from autofix.core.audit import AuditEvent
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.plain import plain, text
from autofix.core.runs import Run
from autofix.errors import Conflict, StoreError

Value = TypeVar("Value")
Versioned = TypeVar("Versioned", Incident, Run, Page, User, Token)


def canonical(value: Any) -> bytes:
    """Canonical enough for a fake: sorted keys, no spaces."""
    return json.dumps(
        plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()


def stored(value: Value) -> Value:
    """The dataclass as a database would give it back: plain JSON within, clean text."""
    try:
        changes = {name: _kept(item) for name, item in vars(value).items()}
    except ValueError as error:
        raise StoreError(f"a value can't be stored: {error}") from None
    return replace(value, **changes)  # type: ignore[type-var]


def stored_event(event: AuditEvent | None) -> AuditEvent | None:
    return None if event is None else stored(event)


def _kept(item: Any) -> Any:
    if isinstance(item, Enum):
        return item
    if isinstance(item, str):
        return text(item)
    if isinstance(item, float) and not math.isfinite(item):
        raise ValueError(f"{item} is not a time or a number")
    if isinstance(item, tuple | frozenset):
        return type(item)(stored(each) if is_dataclass(each) else plain(each) for each in item)
    return plain(item) if isinstance(item, Mapping) else item


def same_version(what: str, old: Versioned | None, new: Versioned) -> Versioned:
    """The stored one, if it is still of the version that was read; else Conflict."""
    if old is None or old.version != new.version:
        raise Conflict(f"{what} {new.id} was changed by somebody else meanwhile")
    return old


def unsealed(what: str, number: int) -> ValueError:
    return ValueError(f"{what} {number}: a change of state needs its audit event")
