"""A run's output while it happens: server-sent events, taken up again where they broke off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from autofix.core.runs import Run, RunEvent
from autofix.errors import StoreError
from autofix.remote.answers import misunderstood
from autofix.remote.client import Client
from autofix.remote.codec import decode
from autofix.remote.wire import Broken

TYPE = "text/event-stream"
#: A server gives a sign of life every 15 s: so many seconds without one, and it is gone.
SILENT = 45.0
#: How often in a row it is tried to go on, and the seconds before each try.
TRIES, PAUSES = 4, (0.2, 1.0, 3.0, 6.0)


@dataclass(frozen=True)
class Message:
    """One server-sent event: its kind, its data, and its number where it has one."""

    kind: str
    data: str
    number: int | None = None


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Lines of a stream as messages; comments and unknown fields are passed over."""
    kind = ""
    number: int | None = None
    data: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if not text:
            if data:
                yield Message(kind or "message", "\n".join(data), number)
            kind, number, data = "", None, []
            continue
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id" and value.isdecimal() and len(value) < 20:
            number = int(value)


class Live:
    """The events of one run after `after`; `run` is set once it is over."""

    def __init__(
        self,
        client: Client,
        number: int,
        after: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._number, self._after, self._sleep = client, number, after, sleep
        self.run: Run | None = None

    def events(self) -> Iterator[tuple[int, RunEvent]]:
        """Each once, in order, until the run is over. StoreError when the server stays away."""
        failed = 0
        while True:
            before = self._after
            try:
                yield from self._stream()
            except Broken:
                if failed >= TRIES and self._after == before:
                    raise
            if self.run is not None:
                return
            failed = failed + 1 if self._after == before else 0
            self._sleep(PAUSES[min(failed, TRIES - 1)])

    def _stream(self) -> Iterator[tuple[int, RunEvent]]:
        """Until the server ends it: because the run is over, or so that we come again."""
        headers = {"Last-Event-ID": str(self._after)} if self._after else {}
        with self._client.lines(
            "runs", self._number, "events", accept=TYPE, timeout=SILENT, headers=headers
        ) as lines:
            for message in messages(lines):
                yield from self._read(message)
                if self.run is not None:
                    return

    def _read(self, message: Message) -> Iterator[tuple[int, RunEvent]]:
        try:
            if message.kind == "event" and message.number is not None:
                event = decode(RunEvent, json.loads(message.data))
                if message.number > self._after:
                    self._after = message.number
                    yield message.number, event
            elif message.kind == "end":
                self.run = decode(Run, json.loads(message.data))
            elif message.kind == "problem":
                raise _told(json.loads(message.data), self._client.server)
        except (ValueError, RecursionError) as error:
            raise misunderstood(self._client.server, str(error)) from None


def _told(said: object, server: str) -> StoreError:
    detail = said.get("detail") if isinstance(said, dict) else None
    return Broken(str(detail or f"{server} could not go on"), sent=True)
