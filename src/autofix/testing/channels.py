"""Channels for tests: one that keeps what it was given, one that refuses, one that hangs."""

from __future__ import annotations

import threading

from autofix.core.pages import Page
from autofix.errors import ChannelError


class RecordingChannel:
    """Takes every page; `pages` holds them in order."""

    def __init__(self, name: str = "recording", *, closes: bool = False) -> None:
        self.name = name
        self.closes = closes
        self._pages: list[Page] = []
        self._came = threading.Condition()

    @property
    def pages(self) -> list[Page]:
        with self._came:
            return list(self._pages)

    def send(self, page: Page, *, timeout: float) -> str:  # noqa: ARG002 - it never waits
        with self._came:
            self._pages.append(page)
            self._came.notify_all()
            return f"recorded as {len(self._pages)}"

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Page]:
        """The pages, once there are `count` of them; AssertionError when they don't come."""
        with self._came:
            if not self._came.wait_for(lambda: len(self._pages) >= count, seconds):
                raise AssertionError(f"{len(self._pages)} of {count} pages within {seconds} s")
            return list(self._pages)


class FailingChannel:
    """Refuses every page with `why`; `tried` counts how often it was asked."""

    closes = False

    def __init__(self, name: str = "failing", why: str = "refused, as this channel always does"):
        self.name = name
        self.why = why
        self.tried = 0

    def send(self, page: Page, *, timeout: float) -> str:  # noqa: ARG002 - it never looks
        self.tried += 1
        raise ChannelError(self.why)


class HangingChannel:
    """A channel with a defect: ignores its timeout, and comes back only after `release()`."""

    closes = False

    def __init__(self, name: str = "hanging") -> None:
        self.name = name
        self.tried = 0
        self._released = threading.Event()

    def send(self, page: Page, *, timeout: float) -> str:  # noqa: ARG002 - that is its defect
        self.tried += 1
        self._released.wait()
        raise ChannelError("released")

    def release(self) -> None:
        """Let everything that hangs come back."""
        self._released.set()
