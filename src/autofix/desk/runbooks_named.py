"""A list of runbooks as people give it to an account: each of them exists."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.inert import inert
from autofix.desk.base import meant
from autofix.desk.place import Place
from autofix.errors import NotFound


def known_runbooks(place: Place, names: Sequence[str] | None) -> tuple[str, ...] | None:
    """None is all of them, and stays None; an empty list is none. NotFound for an unknown one."""
    if not names:
        return None if names is None else ()
    known = place.contexts.names()
    for name in names:
        if name not in known:
            raise NotFound(f"there is no runbook {inert(name, 80)!r}", hint=meant(name, known))
    return tuple(sorted(set(names)))
