"""Cross-checks of `sources`: names that nothing bears, and posts that could be sent again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from autofix.config.document import Keys
from autofix.config.settings import Settings
from autofix.core.inert import inert
from autofix.errors import Problem
from autofix.options import Options, suggest

#: It stands in an address: `POST /hooks/<name>`.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PAGES = ("unknown_host", "no_runbook")


def source_problems(settings: Settings, runbooks: Collection[str]) -> Iterator[Problem]:
    """`runbooks`: the names of all of them, broken ones too."""
    for name, source in settings.sources.items():
        keys: Keys = ("sources", name)
        if not _NAME.fullmatch(name):
            hint = "letters, digits, . _ and -, at most 63, as in https://server/hooks/grafana"
            message = f"source {inert(name, 80)!r} is no name for an address"
            yield settings.document.problem(keys, message, hint)
        yield from _runbooks(settings, keys, source.options, runbooks)
        yield from _policy(settings, keys, source.options)
        yield from _replays(settings, keys, source.options)


def policies_of(settings: Settings) -> set[str]:
    """Those that sources page by."""
    return {
        str(_option(source.options, "policy"))
        for source in settings.sources.values()
        if _pages(source.options)
    }


def _runbooks(
    settings: Settings, keys: Keys, options: Options, known: Collection[str]
) -> Iterator[Problem]:
    for at, one in enumerate(_option(options, "runbooks") or ()):
        if one not in known:
            message = f"runbooks: there is no runbook {inert(one, 60)!r}"
            hint = suggest(one, sorted(known)) or "see the runbooks folder"
            yield settings.document.problem((*keys, "runbooks", at), message, hint)


def _policy(settings: Settings, keys: Keys, options: Options) -> Iterator[Problem]:
    policy = _option(options, "policy") or "default"
    if policy in settings.policies or not (_pages(options) or policy != "default"):
        return
    message = f"there is no escalation policy {inert(policy, 60)!r}"
    hint = suggest(policy, list(settings.policies)) or "add it under policies:"
    yield settings.document.problem((*keys, "policy"), message, hint)


def _replays(settings: Settings, keys: Keys, options: Options) -> Iterator[Problem]:
    if _option(options, "auth") == "hmac" and not _option(options, "timestamp_header"):
        message = "no time is signed: whoever recorded a post can send it again"
        hint = "have the sender sign a time too, and set timestamp_header"
        yield settings.document.problem((*keys, "auth"), message, hint, level="warning")


def _pages(options: Options) -> bool:
    return any(_option(options, key) == "page" for key in _PAGES)


def _option(options: Options, name: str) -> Any:
    return getattr(options, name, None)
