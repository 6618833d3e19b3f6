"""The settings in force as JSON values for people: no secret among them, wherever it stood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from autofix.app.hidden import settings_secrets
from autofix.config import Settings
from autofix.core.hosts import SHORTEST_SECRET
from autofix.core.inert import MASK, names_a_secret
from autofix.options import Options, Secret

#: What is no setting, is shown among the files, or only names secrets.
LEFT_OUT = frozenset(
    {"document", "problems", "file", "secret_files", "kept_names", "store_password", "folder"}
)
#: Mappings and lists that people fill freely: their values may be secret, whatever they are called.
_FREE = frozenset({"env", "headers", "environment"})
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]*@", re.IGNORECASE)
_QUERY = re.compile(r"(?P<url>[a-z][a-z0-9+.-]*://[^\s?]*)\?\S*", re.IGNORECASE)


def shown_settings(settings: Settings) -> dict[str, Any]:
    """`values`, `files` and `hooks` of `core.inforce.SettingsInForce`."""
    known = [each for each in settings_secrets(settings) if len(each) >= SHORTEST_SECRET]
    made = _Shown(settings.folder, sorted(known, key=len, reverse=True))
    values = {
        each.name: made.value(getattr(settings, each.name), each.name)
        for each in fields(settings)
        if each.name not in LEFT_OUT
    }
    files = {"settings": settings.file.name, "state": made.text(str(settings.state))}
    for name in ("inventory", "playbooks", "runbooks"):
        files[name] = made.text(str(getattr(settings, name)))
    return {"values": values, "files": files, "hooks": _hooks(settings)}


def _hooks(settings: Settings) -> dict[str, str]:
    """Where each source posts to."""
    base = settings.public_url.rstrip("/") or settings.web.base_path
    return {name: f"{base}/hooks/{name}" for name in settings.sources}


class _Shown:
    """`known`: secrets that are struck out of every text, longest first."""

    def __init__(self, folder: Path, known: list[str]) -> None:
        self._folder, self._known = str(folder), known

    def value(self, given: Any, name: str = "") -> Any:
        if isinstance(given, Secret):
            return MASK
        if isinstance(given, Enum):
            return self.value(given.value, name)
        if given is None or isinstance(given, bool):
            return given
        if names_a_secret(name) and not name.endswith("_file") and not _holds(given):
            return MASK
        if isinstance(given, int | float):
            return given
        if isinstance(given, str | Path):
            return self.text(str(given))
        return self._inside(given, name)

    def _inside(self, given: Any, name: str) -> Any:
        if isinstance(given, Options):
            found = {each: getattr(given, each) for each in type(given).model_fields}
        elif is_dataclass(given) and not isinstance(given, type):
            named = [each.name for each in fields(given) if each.repr and each.name[0] != "_"]
            found = {each: getattr(given, each) for each in named}
        elif isinstance(given, Mapping):
            found = {str(key): each for key, each in given.items()}
        elif isinstance(given, list | tuple | set | frozenset):
            return self._items(given, name)
        else:
            return type(given).__name__
        if name in _FREE:
            return {self.text(key): MASK for key in found}
        return {self.text(key): self.value(each, key) for key, each in found.items()}

    def _items(self, given: Any, name: str) -> list[Any]:
        items = sorted(given, key=str) if isinstance(given, set | frozenset) else list(given)
        if name == "argv":  # a program, and what it is told: a token, perhaps
            return [*(self.value(each) for each in items[:1]), *(MASK for _ in items[1:])]
        return [self.value(each, name) for each in items]

    def text(self, given: str) -> str:
        """Without known secrets, names and passwords in addresses, and where the project lies."""
        for each in self._known:
            given = given.replace(each, MASK)
        given = _QUERY.sub(rf"\g<url>?{MASK}", _USERINFO.sub(rf"\g<scheme>{MASK}@", given))
        return "." if given == self._folder else given.replace(self._folder + "/", "")


def _holds(given: Any) -> bool:
    """Is it something with parts, each of which is judged by itself?"""
    return isinstance(given, Options | Mapping) or is_dataclass(given)
