"""What all sources share: who may come in, the body's JSON, and bounds on what is read."""

from __future__ import annotations

import builtins  # a source's `type` is a word
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, ClassVar

from autofix.alerts.admitting import admit
from autofix.alerts.options import NamedOptions, SenderOptions, SourceOptions, expression
from autofix.alerts.reading import one_line
from autofix.core.alerts import Admission, Alert, Post
from autofix.core.door import Refused, read_json

#: A body with more than these is refused: its sender is asked to send fewer at once.
MAX_ALERTS = 10_000


class Sender(ABC):
    """Base of every source: its name, what its alerts may trigger, and whom they page."""

    type: ClassVar[str]
    options: ClassVar[builtins.type[SourceOptions]]

    def __init__(self, name: str, options: SourceOptions, rename: str = "") -> None:
        """`rename`: an expression on the labels that gives alerts another name than their own."""
        self.name = name
        self.runbooks = tuple(options.runbooks)
        self.unknown_host: str = options.unknown_host
        self.no_runbook: str = options.no_runbook
        self.policy = options.policy
        self._rename = expression(rename, frozenset({"labels"})) if rename else None

    def handshake(self, _headers: Mapping[str, str]) -> dict[str, str]:
        """What to answer a sender that asks, without a body, whether it may post; usually no."""
        return {}

    def alerts(self, post: Post) -> list[Alert]:
        """The alerts in a body. Raises Refused for what is not this sender's shape."""
        return bounded(self.read(read_json(post.body)))

    @abstractmethod
    def read(self, body: Any) -> Iterable[Alert]:
        """The alerts in a JSON body. Raises Refused, and nothing else."""

    def named(self, name: str, labels: Mapping[str, str]) -> str:
        """The alert's name: by the settings' expression where that gives one, else its own."""
        if self._rename is not None:
            value = self._rename.value({"labels": labels})
            if isinstance(value, str) and value.strip():
                return one_line(value)
        return name


class Asked(Sender):
    """A source whose sender shows who it is in one of the usual ways."""

    options: ClassVar[builtins.type[SourceOptions]] = SenderOptions

    def __init__(self, name: str, options: SenderOptions, rename: str = "") -> None:
        super().__init__(name, options, rename)
        self._shows = options

    def admit(self, post: Post, now: float) -> Admission:
        return admit(self.name, self._shows, post, now)


class Named(Asked):
    """One with bodies of its own shape, whose alerts may be named anew in the settings."""

    options: ClassVar[builtins.type[SourceOptions]] = NamedOptions

    def __init__(self, name: str, options: NamedOptions) -> None:
        super().__init__(name, options, options.name)


def bounded(alerts: Iterable[Alert]) -> list[Alert]:
    found = list(islice(alerts, MAX_ALERTS + 1))
    if len(found) > MAX_ALERTS:
        raise Refused(f"more than {MAX_ALERTS} alerts in one body; let the sender group fewer")
    return found
