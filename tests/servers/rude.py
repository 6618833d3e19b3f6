"""Servers that behave badly on purpose: silent, trickling, closing, or speaking another protocol.

with rude_server(trickle=b"$1000000\\r\\n") as port:
    ...
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def rude_server(*, says: bytes = b"", trickle: bytes = b"", closes: bool = False) -> Iterator[int]:
    """The port of a server that accepts everybody.

    By default it never answers; `says` is sent at once, `trickle` begins an answer that goes on
    with one byte now and then for ever, `closes` hangs up after what it said.
    """
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.sendall(says or trickle)
            while trickle and not stop.wait(0.05):
                client.sendall(b"x")
            if not closes:
                stop.wait()

    def accept(listener: socket.socket) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                client, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(client,), daemon=True))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        acceptor = threading.Thread(target=accept, args=(listener,), daemon=True)
        acceptor.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.set()
            for thread in (acceptor, *threads):
                thread.join(timeout=5)
