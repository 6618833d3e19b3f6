"""The values in the settings that must never be shown, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.config import Settings
from autofix.options import Options, Secret

_last: tuple[Settings, tuple[str, ...]] | None = None


def settings_secrets(settings: Settings) -> tuple[str, ...]:
    """Of connections, channels, sources, witnesses and the rest, opened. Gathered once."""
    global _last
    if _last is None or _last[0] is not settings:
        holders = (
            settings.connections,
            settings.store_password,
            [each.options for each in settings.channels.values()],
            [each.options for each in settings.sources.values()],
            [each.options for each in settings.witnesses],
            settings.parts,
        )
        _last = settings, tuple(dict.fromkeys(filter(None, _within(holders))))
    return _last[1]


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.get_secret_value()
    elif isinstance(value, Options):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _within(each)
