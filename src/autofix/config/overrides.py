"""A site's own values over a runbook file (`overrides:` in the settings), before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autofix.config.document import Document, Keys, Place


def override(
    document: Document, name: str, over: Mapping[str, Any], settings: Document
) -> Document:
    """The runbook's document with `over` merged over it, its places (in `settings`) too.

    Mappings are merged key by key, everything else is replaced. A mapping under `triggers`
    applies to every probe trigger.
    """
    places = dict(document.places)
    merge = _Merge(places, settings)
    value = dict(document.value)
    for key, one in over.items():
        keys: Keys = ("overrides", name, key)
        if key == "name":
            problem = settings.problem(keys, "a runbook's name can't be overridden", "remove it")
            document = replace(document, problems=(*document.problems, problem))
        elif key == "triggers" and isinstance(one, Mapping):
            value[key] = merge.triggers(value.get(key), one, keys)
        else:
            value[key] = merge.values(value.get(key), one, (key,), keys)
    return replace(document, value=value, places=places)


class _Merge:
    def __init__(self, places: dict[Keys, Place], settings: Document) -> None:
        self.places = places
        self.settings = settings

    def triggers(self, old: Any, over: Mapping[str, Any], source: Keys) -> Any:
        if not isinstance(old, list):
            return old
        return [
            self.values(one, over, ("triggers", at), source)
            if isinstance(one, Mapping) and "probe" in one
            else one
            for at, one in enumerate(old)
        ]

    def values(self, old: Any, new: Any, target: Keys, source: Keys) -> Any:
        """`new` over `old` at `target`; the new value's places are those of `source`."""
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            merged = dict(old)
            for key, one in new.items():
                merged[key] = self.values(old.get(key), one, (*target, key), (*source, key))
            return merged
        self._move(target, source)
        return new

    def _move(self, target: Keys, source: Keys) -> None:
        for keys in [keys for keys in self.places if keys[: len(target)] == target]:
            del self.places[keys]
        for keys, place in self.settings.places.items():
            if keys[: len(source)] == source:
                self.places[(*target, *keys[len(source) :])] = place
