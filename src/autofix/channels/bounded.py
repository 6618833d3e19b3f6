"""A hard limit in time for work that blocks: the caller goes on, the work is told to give up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T], give_up: Callable[[], None]) -> T:
    """The result of `work()`, or TimeoutError after `seconds`; its exceptions come through.

    Libraries limit each read, not the whole, and a name lookup not at all: a server that trickles
    one byte a second would hold a page for ever. `give_up` should end what `work` waits for.
    """
    done: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(1)

    def attempt() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the caller
            done.put((None, error))

    threading.Thread(target=attempt, name="channel", daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except queue.Empty:
        give_up()
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
