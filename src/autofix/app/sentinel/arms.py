"""What the sentinel pages with: made by a child that knows settings, channels and the store.

So the process that waits stays small; kept in its memory, the arms outlive broken settings.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autofix.app.sentinel.files import known_of
from autofix.core.pages import Page
from autofix.core.watching import Known, Rules

#: Seconds a child may take: to read the settings (a vault takes longest), to ask the store.
LOADING, LOOKING = 60.0, 20.0
#: Seconds per channel, and for the child's own start.
SENDING, STARTING = 15.0, 30.0


@dataclass(frozen=True)
class Arms:
    """The last good settings, as far as they matter here. Channels hold secrets: never shown."""

    enabled: bool = True
    rules: Rules = field(default_factory=Rules)
    timezone: str = "UTC"
    language: str = "en"
    order: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    channels: Mapping[str, Any] = field(default_factory=dict, repr=False)
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """How a page fared: the channel that took it (empty: none did), and each channel's words."""

    channel: str = ""
    words: tuple[str, ...] = ()


class Child:
    """Work for a process of its own: `python -m autofix.app.sentinel.arm WORK FILE`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def load(self) -> Arms | str:
        """What the settings say now, or why that can't be known."""
        found = self._ask("load", LOADING)
        if isinstance(found, str):
            return found
        rules = Rules(**found["rules"])
        listed = {key: tuple(found[key]) for key in ("order", "files", "faults")}
        return Arms(
            found["enabled"], rules, found["timezone"], found["language"],
            channels=found["channels"], **listed,
        )  # fmt: skip

    def look(self) -> Known | str:
        """What is open now, by the store itself, or why that can't be known."""
        found = self._ask("look", LOOKING)
        return found if isinstance(found, str) else known_of(found)

    def send(self, arms: Arms, page: Page, first: str) -> Delivery:
        """By the first channel that takes it; `first` is tried before the others."""
        order = sorted(arms.order, key=lambda name: name != first)
        value = {"channels": arms.channels, "order": order, "page": asdict(page)}
        found = self._ask("send", STARTING + SENDING * max(len(order), 1), value)
        if isinstance(found, str):
            return Delivery("", (found,))
        return Delivery(str(found["channel"]), tuple(found["words"]))

    def _ask(self, work: str, seconds: float, value: object = None) -> dict[str, Any] | str:
        argv = [sys.executable, "-m", "autofix.app.sentinel.arm", work, str(self._file)]
        try:
            done = subprocess.run(
                argv, input=json.dumps(value).encode(), capture_output=True, timeout=seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"{work}: no answer within {seconds:.0f} s"
        except OSError as error:
            return f"{work}: a process could not be started: {error.strerror}"
        return _answer(work, done.stdout, done.stderr, done.returncode)


def _answer(work: str, out: bytes, err: bytes, code: int) -> dict[str, Any] | str:
    try:
        value = json.loads(out.decode().strip().rpartition("\n")[2])
    except ValueError:
        value = None
    if code == 0 and isinstance(value, dict):
        return value
    said: Sequence[str] = err.decode(errors="replace").strip().splitlines()
    return f"{work}: exit {code}: {said[-1][:300] if said else 'no answer'}"
