"""apprise: the hundred other services, by Apprise's URLs, in a process of its own.

Apprise is large, logs the URLs it is given, and has no limit in time for the whole: a child process
keeps it out of the server, silent, and can be ended.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any, ClassVar

from autofix.channels import message, urls
from autofix.channels.http import encode
from autofix.channels.process import Finished, run
from autofix.core.pages import Page
from autofix.errors import ChannelError
from autofix.options import BeforeValidator, Field, Options, Secret

TEXT_BYTES = 30_000
TYPES = {"P0": "failure", "P1": "failure", "P2": "warning"}


def _split(value: Any) -> Any:
    """One text with several URLs, as an environment variable or a file holds them."""
    text = value.get_secret_value() if isinstance(value, Secret) else value
    return text.split() if isinstance(text, str) else value


class AppriseOptions(Options):
    urls: Annotated[tuple[Secret, ...], BeforeValidator(_split)] = Field(
        min_length=1, description="Apprise URLs; each is told, and all must take the page"
    )


class AppriseChannel:
    closes = False
    options: ClassVar[type[AppriseOptions]] = AppriseOptions

    def __init__(self, name: str, options: AppriseOptions) -> None:
        self.name = name
        self._urls = [url.get_secret_value() for url in options.urls]

    def send(self, page: Page, *, timeout: float) -> str:
        # The URLs go by stdin: arguments and environments can be read by others.
        order = {
            "urls": self._urls,
            "title": message.calm(message.title(page)),
            "body": message.cut(message.calm(message.text(page)), TEXT_BYTES, page),
            "type": TYPES.get(page.severity, "info"),
        }
        argv = [sys.executable, "-I", "-m", "autofix.channels.apprise_child"]
        ended = run(argv, encode(order), _environment(), timeout)
        return self._judge(_verdict(ended))

    def _judge(self, verdict: dict[str, Any]) -> str:
        refused = [int(index) for index in verdict.get("refused", [])]
        if verdict.get("unknown"):
            raise ChannelError(f"apprise can't read {self._named(verdict['unknown'])}")
        if refused or not verdict.get("ok"):
            raise ChannelError(f"apprise: {self._named(refused)} did not take the page")
        return f"taken by {len(self._urls)} of {len(self._urls)}"

    def _named(self, indexes: list[int]) -> str:
        """`url 2 (slack)`: which of the settings' URLs, by scheme alone."""
        words = [f"url {i + 1} ({_scheme(self._urls[i])})" for i in indexes if i < len(self._urls)]
        return ", ".join(words) or "a url"


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return urls.masked(scheme, [])[:20] if found else "no scheme"


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _verdict(ended: Finished) -> dict[str, Any]:
    lines = ended.stdout.strip().splitlines()
    try:
        verdict = json.loads(lines[-1]) if lines else None
    except ValueError:
        verdict = None
    if ended.code != 0 or not isinstance(verdict, dict):
        raise ChannelError(f"apprise ended without a verdict (exit {ended.code})")
    return verdict
