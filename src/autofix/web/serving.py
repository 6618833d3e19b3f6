"""The web server: a thread with one event loop on which all listeners are served.

It starts on sockets that are bound already, so what can go wrong with an address goes wrong before.
Its end, whatever the cause, is told to whoever started it, and harms nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any

import uvloop
from uvicorn.config import Config

from autofix.web.protocol import Bounds, Protocol, State, Warden
from autofix.web.sockets import Listener

log = logging.getLogger("autofix")

#: Seconds that requests may take to end when the server stops, and for a TLS handshake.
GRACE, HANDSHAKE = 5.0, 8.0


class WebServer:
    """`tls` is of the listeners on the net, never of the Unix socket's."""

    def __init__(
        self,
        app: Callable[..., Any],
        listeners: Sequence[Listener],
        *,
        tls: ssl.SSLContext | None = None,
        trusted: Callable[[str], bool],
        bounds: Bounds | None = None,
    ) -> None:
        self._app, self._tls = app, tls
        self.listeners = tuple(listeners)
        self._warden = Warden(trusted, bounds or Bounds())
        self._state = State(self._warden)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._ready = threading.Event()
        self._stopping = False
        self.died = ""
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and self._ready.is_set()

    def start(self) -> None:
        """Returns when requests are answered. RuntimeError when it could not begin."""
        for noisy in ("uvicorn.error", "uvicorn.access", "asyncio"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._thread.start()
        self._ready.wait(30)
        if self.died:
            raise RuntimeError(self.died)

    def stop(self) -> None:
        """New requests are refused; those that are being answered may end, for GRACE seconds."""
        self._stopping = True
        loop, ending = self._loop, self._ending
        if loop is not None and ending is not None and not loop.is_closed():
            loop.call_soon_threadsafe(ending.set)
        self._thread.join(GRACE + 5.0)
        for each in self.listeners:
            each.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            self.died = f"{type(error).__name__}: {error}"
            log.exception("the web has stopped; the engine goes on")
        finally:
            self._ready.set()
            if not self._stopping and not self.died:
                self.died = "it ended by itself"

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        config = _config(self._app)
        servers = [await self._listen(self._loop, config, each) for each in self.listeners]
        self._ready.set()
        try:
            await self._ending.wait()
        finally:
            for server in servers:
                server.close()
            self._warden.close()
        await self._end_requests()

    async def _listen(
        self, loop: asyncio.AbstractEventLoop, config: Config, listener: Listener
    ) -> asyncio.Server:
        def connected() -> Protocol:
            # Streams know when to end: see `web.api.leaving`.
            return Protocol(config, self._state, {"ending": self._ending}, loop)

        tls = self._tls if listener.file is None else None
        more = {"ssl_handshake_timeout": HANDSHAKE} if tls else {}
        return await loop.create_server(connected, sock=listener.socket, ssl=tls, **more)  # type: ignore[call-overload,no-any-return]

    async def _end_requests(self) -> None:
        for each in list(self._state.connections):
            each.shutdown()
        tasks = set(self._state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        late = [each for each in tasks if not each.done()]
        if late:
            log.warning("the web stops: requests not answered to their end: %d", len(late))
            # What we cut off ourselves is no defect: uvicorn would log each as one.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=1.0)


def _config(app: Callable[..., Any]) -> Config:
    config = Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    config.load()
    return config
