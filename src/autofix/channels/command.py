"""command: a program of the user's takes the page as JSON on stdin; exit 0 means delivered."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import ClassVar

from autofix.channels import message, urls
from autofix.channels.http import encode
from autofix.channels.process import run
from autofix.core.inert import inert
from autofix.core.pages import Page
from autofix.errors import ChannelError
from autofix.options import Field, Options, Secret, field_validator

_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CommandOptions(Options):
    argv: tuple[str, ...] = Field(
        min_length=1, description="the program and its arguments; no shell reads them"
    )
    env: Mapping[str, Secret] = Field(
        default_factory=dict, description="further environment variables for the program"
    )

    @field_validator("argv")
    @classmethod
    def _argv_is_fit(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0] or any("\0" in word for word in argv):
            raise ValueError("the program must be named, and no argument may hold a NUL")
        return argv

    @field_validator("env")
    @classmethod
    def _env_is_fit(cls, env: Mapping[str, Secret]) -> Mapping[str, Secret]:
        for name, value in env.items():
            if not _NAME.fullmatch(name) or name.startswith("AUTOFIX_"):
                raise ValueError(f"environment variable {name!r} can't be set here")
            if "\0" in value.get_secret_value():
                raise ValueError(f"environment variable {name!r} holds a NUL")
        return env


class CommandChannel:
    closes = False
    options: ClassVar[type[CommandOptions]] = CommandOptions

    def __init__(self, name: str, options: CommandOptions) -> None:
        self.name = name
        self._chosen = options
        self._secrets = [value.get_secret_value() for value in options.env.values()]

    def send(self, page: Page, *, timeout: float) -> str:
        data = encode(message.document(page))
        program = inert(os.path.basename(self._chosen.argv[0]), 60)  # noqa: PTH119 - not a path yet
        try:
            ended = run(self._chosen.argv, data, self._env(page), timeout)
        except ChannelError as error:
            raise ChannelError(f"{program}: {error}") from None
        if ended.code != 0:
            said = self._last_line(ended.stderr) or self._last_line(ended.stdout)
            raise ChannelError(f"{program}: exit {ended.code}{': ' if said else ''}{said}")
        return self._last_line(ended.stdout) or "exit 0"

    def _env(self, page: Page) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        chosen = {name: value.get_secret_value() for name, value in self._chosen.env.items()}
        return {**passed, **chosen, **describe(page, self.name)}

    def _last_line(self, output: str) -> str:
        lines = output.strip().splitlines()
        return urls.masked(lines[-1], self._secrets) if lines else ""


def describe(page: Page, channel: str) -> dict[str, str]:
    """The page in short as environment variables: each one line, with nothing active in it."""
    values = {
        "CHANNEL": channel,
        "EVENT": page.kind,
        "PAGE": page.id,
        "INCIDENT": page.incident if page.incident is not None else "",
        "POLICY": page.policy,
        "SEVERITY": page.severity,
        "TITLE": page.title,
        "DEDUP_KEY": page.dedup_key,
        "RUNBOOK": page.data.get("runbook", ""),
        "HOST": page.data.get("host", ""),
    }
    return {f"AUTOFIX_{name}": inert(str(value), 300) for name, value in values.items()}
