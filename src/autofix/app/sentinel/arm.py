"""The sentinel's child for one piece of work: read the settings, ask the store, or send a page.

`python -m autofix.app.sentinel.arm load|look|send FILE`; JSON comes on standard input and goes to
standard output, so that no secret stands in an argument or in the environment.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from autofix import channels as channel_room
from autofix.app import wiring
from autofix.app.sentinel.arms import Delivery
from autofix.app.sentinel.known import ask
from autofix.app.site import Site
from autofix.config import Settings
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind, PageState
from autofix.errors import AutofixError
from autofix.flow.outbox import send as send_by
from autofix.options import Secret


def load(file: Path) -> dict[str, Any]:
    """The settings that the sentinel goes by, secrets opened."""
    settings = wiring.load_settings(file)
    block = settings.sentinel
    rules = {"after": block.after, "repeat": block.repeat, "stopped_after": block.stopped_after}
    return {
        "enabled": block.enabled,
        "rules": rules,
        "timezone": settings.timezone,
        "language": settings.language,
        "order": order(settings),
        "channels": {
            name: {"type": each.type, "options": opened(each.options.model_dump(by_alias=True))}
            for name, each in settings.channels.items()
        },
        "files": [str(each) for each in (settings.file, *settings.secret_files)],
        "faults": [str(each) for each in settings.errors],
    }


def order(settings: Settings) -> list[str]:
    """The default policy's channels; without one any policy's, without any every channel: rather
    the wrong person than nobody."""
    policies = settings.policies
    policy = policies.get("default") or next(iter(policies.values()), None)
    names = [name for name in (policy.channels if policy else ()) if name in settings.channels]
    return list(dict.fromkeys(names)) or list(settings.channels)


def opened(value: Any) -> Any:
    """An option's value with its secrets as text."""
    if isinstance(value, Secret):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: opened(each) for key, each in value.items()}
    return [opened(each) for each in value] if isinstance(value, list | tuple | set) else value


def look(file: Path) -> dict[str, Any]:
    """What the store says is open."""
    site = Site.open(file)
    try:
        return asdict(ask(site.store, site.clock.now()))
    finally:
        site.store.close()  # not the site: that would write


def send(value: Mapping[str, Any]) -> dict[str, Any]:
    """Try the channels in order until one takes the page."""
    given = value["page"]
    page = Page(**{**given, "state": PageState(given["state"]), "kind": PageKind(given["kind"])})
    words = []
    for name in value["order"]:
        answer, error = _by(name, value["channels"].get(name), page)
        words.append(inert(f"{name}: {error or answer}", 500))
        if not error:
            return asdict(Delivery(name, tuple(words)))
    return asdict(Delivery("", tuple(words or ["there is no channel in the settings"])))


def _by(name: str, given: Mapping[str, Any] | None, page: Page) -> tuple[str, str]:
    if given is None:
        return "", "there is no such channel"
    kind = channel_room.load(given["type"])
    channel = kind(name, kind.options.model_validate(given["options"]))
    if page.kind is PageKind.CLOSING and not channel.closes:
        page = replace(page, kind=PageKind.NOTICE)
    return send_by(channel, page, name)


def main(work: str, file: str) -> int:
    try:
        if work == "send":
            found = send(json.load(sys.stdin))
        else:
            found = {"load": load, "look": look}[work](Path(file))
    except AutofixError as error:
        print(inert(str(error), 400), file=sys.stderr)
        return error.exit_code
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
