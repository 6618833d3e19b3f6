"""HTTP/1.1 as uvicorn speaks it, with the bounds that uvicorn lacks.

A connection that is reading has a moment by which its request must be there whole; the `Warden`
closes those that are late, and makes room when one address holds too many. Once a request is
there, nothing is late any more: events may be streamed for hours, as long as somebody reads them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from autofix.web.problems import raw_problem

#: Where the scope holds the user at the other end of the Unix socket.
UID = "autofix.uid"


@dataclass(frozen=True)
class Bounds:
    """Seconds: within which a whole request must have come; that a connection may idle between two;
    that who does not read his answer is waited for; that the rest of a body is thrown away after an
    early answer, so that its sender gets to read it; between two looks of the warden. Then bytes of
    a request's head, of its address, headers, bytes that are thrown away. Then connections in all,
    and from one address that is no trusted proxy."""

    receive: float = 11.0
    idle: float = 11.0
    write: float = 30.0
    linger: float = 2.0
    look: float = 1.0
    head: int = 32 * 1024
    url: int = 8 * 1024
    headers: int = 100
    waste: int = 8 * 1024 * 1024
    connections: int = 1000
    of_one: int = 256


class Warden:
    """Knows all connections of the loop: who is late, who has too many."""

    def __init__(self, trusted: Callable[[str], bool], bounds: Bounds) -> None:
        self._trusted, self.bounds = trusted, bounds
        self.open: dict[Protocol, None] = {}  # in the order in which they came
        self._of: dict[str, dict[Protocol, None]] = {}
        self._handle: asyncio.TimerHandle | None = None

    def came(self, one: Protocol, loop: asyncio.AbstractEventLoop) -> bool:
        """False: there is no room, and none can be made."""
        address = one.address
        beside = self._of.setdefault(address, {})
        crowded = address and len(beside) >= self.bounds.of_one and not self._trusted(address)
        if crowded and not self._make_room(beside):
            return False
        if len(self.open) >= self.bounds.connections and not self._make_room(self.open):
            return False
        self.open[one] = beside[one] = None
        if self._handle is None:
            self._handle = loop.call_later(self.bounds.look, self._look, loop)
        return True

    def went(self, one: Protocol) -> None:
        self.open.pop(one, None)
        beside = self._of.get(one.address, {})
        beside.pop(one, None)
        if not beside:
            self._of.pop(one.address, None)

    def _make_room(self, among: dict[Protocol, None]) -> bool:
        """The one that has kept us waiting for the longest is closed: an honest one is brief."""
        late = next((each for each in among if each.due is not None), None)
        if late is None:
            return False
        self.went(late)
        late.transport.abort()
        return True

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = None
        now = loop.time()
        for each in [one for one in self.open if one.due is not None and one.due <= now]:
            each.late()
        if self.open:
            self._handle = loop.call_later(self.bounds.look, self._look, loop)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


class State(ServerState):
    """What all connections of one listener share."""

    def __init__(self, warden: Warden) -> None:
        super().__init__()
        self.warden, self.bounds = warden, warden.bounds
        self.dated = 0


class Protocol(HttpToolsProtocol):
    """One connection. `due`: by when what we wait for must be there, in the loop's time."""

    server_state: State

    def __init__(
        self,
        config: Config,
        server_state: State,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = server_state.bounds
        self.due: float | None = None
        self.address = ""
        self._uid: int | None = None
        self._in_head, self._head, self._requests = True, 0, 0
        self._fed, self._beside = False, 0  # was there a body in what came; bytes since, without
        self._wasted: int | None = None
        self._refusal: tuple[int, str] | None = None
        self._arrived = True  # the request that is answered now has come whole

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self.due = self.loop.time() + self._bounds.receive
        if not self.server_state.warden.came(self, self.loop):
            transport.write(raw_problem(503, "too many connections are open", close=True))
            transport.close()
            return
        found: socket.socket | None = transport.get_extra_info("socket")
        if found is not None and found.family == socket.AF_UNIX:
            self._uid = _peer(found)

    def connection_lost(self, exc: Exception | None) -> None:
        self.due = None
        self.server_state.warden.went(self)
        super().connection_lost(exc)

    def late(self) -> None:
        """Too long without what we wait for."""
        self.due = None
        if self._wasted is None and (self._requests == 0 or not self._idle()):
            self.transport.write(raw_problem(408, "the request did not come in time", close=True))
        self.transport.abort() if self.flow.write_paused else self.transport.close()

    def _idle(self) -> bool:
        return self._in_head and self._head == 0

    # reading

    def data_received(self, data: bytes) -> None:
        if self._wasted is not None:
            self._wasted += len(data)
            if self._wasted > self._bounds.waste:
                self.transport.close()
                return
        in_body = not self._in_head
        if self._in_head:
            self._head += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing is spoken here but HTTP/1.1, which a client that asks goes on with
        except httptools.HttpParserError:
            self._refuse(*(self._refusal or (400, "this is not HTTP/1.1")))
            return
        if self._in_head and self._head > self._bounds.head:
            self._refuse(431, f"the request's head is longer than {self._bounds.head} bytes")
        self._beside = 0 if self._fed or not in_body else self._beside + len(data)
        self._fed = False
        if self._beside > self._bounds.head:
            self._refuse(431, f"more than {self._bounds.head} bytes that are no body")

    def _refuse(self, status: int, why: str) -> None:
        self.due = None
        if not self.transport.is_closing():
            self.transport.write(raw_problem(status, why, close=True))
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arrived = False
        if self._uid is not None:
            self.scope[UID] = self._uid  # type: ignore[literal-required]
        if self._requests:
            self.due = self.loop.time() + self._bounds.receive

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._bounds.url:
            self._stop(414, f"the address is longer than {self._bounds.url} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """What stands after a body in chunks is no header: a proxy that takes away or sets those
        of the head lets it pass."""
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._fed = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        if len(self.headers) > self._bounds.headers:
            self._stop(431, f"the request has more than {self._bounds.headers} headers")
        if sum(len(name) + len(value) for name, value in self.headers) > self._bounds.head:
            self._stop(431, f"the request's headers are longer than {self._bounds.head} bytes")
        self._in_head, self._head = False, 0
        self._requests += 1
        now = int(time.time())
        if now != self.server_state.dated:
            self.server_state.dated = now
            self.server_state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]
        super().on_headers_complete()

    def _stop(self, status: int, why: str) -> None:
        self._refusal = (status, why)
        raise ValueError(why)  # the parser stops, and says so to `data_received`

    def on_message_complete(self) -> None:
        self.due, self._in_head, self._arrived = None, True, True
        if self._wasted is not None:
            self._wasted, self.due = None, self.loop.time() + self._bounds.idle
        super().on_message_complete()

    # answering

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._arrived:
            self.due = self.loop.time() + self._bounds.idle
        else:
            # Answered before its body was there: the rest is thrown away, for a moment.
            self._wasted, self.due = 0, self.loop.time() + self._bounds.linger

    def pause_writing(self) -> None:
        super().pause_writing()
        self.due = self.loop.time() + self._bounds.write

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.due is not None and self._arrived:
            self.due = None


def _peer(found: Any) -> int | None:
    """The user whose process is at the other end."""
    with socket.socket(fileno=os.dup(found.fileno())) as own:
        raw = own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", raw)
    return int(uid)
