"""A streamed answer that gives back what it held, however it ends: even before its first word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


def ending(request: Request) -> asyncio.Event:
    """Set when the server stops; see `web.serving`."""
    found: asyncio.Event | None = getattr(request.state, "ending", None)
    return found or asyncio.Event()


async def rests(ends: asyncio.Event, seconds: float) -> bool:
    """Wait. True, and at once, when the server stops: the stream is to end, in order."""
    with suppress(TimeoutError):
        await asyncio.wait_for(ends.wait(), seconds)
    return ends.is_set()


class Leaving(StreamingResponse):
    """`done` is called once, when the answer is over or its reader has left."""

    def __init__(
        self, content: Any, done: Callable[[], None], media_type: str, **headers: str
    ) -> None:
        named: Mapping[str, str] = {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        super().__init__(content, media_type=media_type, headers=named)
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._done()
