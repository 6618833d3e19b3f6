"""How the in-memory store keeps a value: just as a database would give it back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, TypeVar

from autofix.core.audit import AuditEvent
from autofix.core.plain import plain, text
from autofix.errors import StoreError

Value = TypeVar("Value")


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
        return type(item)(plain(item))
    return plain(item) if isinstance(item, Mapping) else item
