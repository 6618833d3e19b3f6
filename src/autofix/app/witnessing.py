"""Witnesses by the settings: which types there are, and one made of each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from autofix.config import Settings
from autofix.flow.context import Context
from autofix.flow.witnesses import DigestWitness
from autofix.options import Field, Options
from autofix.ports import Witness

if TYPE_CHECKING:
    from autofix.app.site import Site


class DigestOptions(Options):
    channel: str = Field(
        min_length=1, max_length=200, description="the channel that gets a page a day"
    )


class _Types(Mapping[str, type[Options]]):
    """By type; a room is loaded when its type is asked for."""

    _NAMES = ("file", "syslog", "webhook", "channel")

    def __getitem__(self, kind: str) -> type[Options]:
        if kind == "channel":
            return DigestOptions
        if kind == "webhook":
            from autofix.channels.webhook import WebhookOptions

            return WebhookOptions
        from autofix.store.witnesses import FileWitnessOptions, SyslogWitnessOptions

        found: dict[str, type[Options]] = {
            "file": FileWitnessOptions, "syslog": SyslogWitnessOptions,
        }  # fmt: skip
        return found[kind]

    def __iter__(self) -> Any:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)


def witness_options() -> Mapping[str, type[Options]]:
    """The option model of each type of witness."""
    return _Types()


def witnesses(settings: Settings, ctx: Context) -> Sequence[Witness]:
    """Every witness of the settings, each name once."""
    made = [_made(each.type, each.options, settings, ctx) for each in settings.witnesses]
    return list({each.name: each for each in made}.values())


def _made(kind: str, options: Any, settings: Settings, ctx: Context) -> Witness:
    if kind == "file":
        from autofix.store.witnesses import FileWitness

        return FileWitness(_path(settings, options.path))
    if kind == "syslog":
        from autofix.store.witnesses import SyslogWitness

        return SyslogWitness(options)
    if kind == "webhook":
        from autofix.channels.witness import WebhookWitness

        return WebhookWitness(options)
    return DigestWitness(ctx, cast(DigestOptions, options).channel)


def witness_names(site: Site) -> list[str]:
    """What the witnesses of the settings are called in the store's marks."""
    return [each.name for each in witnesses(site.settings, site.context("status"))]


def witness_files(settings: Settings) -> list[Path]:
    """The files that witnesses write, as far as there are any: `verify` compares with them."""
    return [
        _path(settings, cast(Any, each.options).path)
        for each in settings.witnesses
        if each.type == "file"
    ]


def _path(settings: Settings, text: str) -> Path:
    return settings.folder / Path(text).expanduser()
