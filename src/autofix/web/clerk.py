"""The clerk: a thread that judges posts and writes them down, as many at once as are waiting.

While one commit is on its way to the disk, the next posts gather: one commit serves many senders.
A sender is told 2xx only after the commit. When there is no room, or the store does not answer in
time, he is told to come again.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autofix.core.alerts import Admission, Arrival, Delivery, Post
from autofix.core.door import Hostile, Refused
from autofix.core.inert import inert
from autofix.errors import StoreError
from autofix.flow import deliveries
from autofix.flow.context import Context, log
from autofix.ports import Source
from autofix.web.bodies import Room
from autofix.web.services import Services

#: Posts and bytes that may wait; of one source, half of the posts. Posts in one commit, and bytes.
ROOM, ROOM_BYTES, TOGETHER, TOGETHER_BYTES = 4000, 64 * 2**20, 200, 2 * 2**20
#: After a commit of more posts than this, others are let gather for some seconds before the next.
CROWD, GATHER = 4, 0.003
#: Seconds that a sender is let wait. Most give up after 10 to 15.
PATIENCE = 9.0
NO_SOURCE = "there is no source of this name"

Accept = Callable[[Context, Sequence[Arrival]], list[Delivery]]


@dataclass(eq=False)
class Ticket:
    """One post that waits. `answer` gets its delivery, or the error in its way."""

    post: Post
    answer: asyncio.Future[Delivery]
    came: float
    fault: tuple[int, str] | None = None  # what the door found wrong with it: status and words


class Full(Exception):
    """No room for another post of this source."""


class Clerk:
    """One for each web server. `offer` belongs to the event loop's thread."""

    def __init__(
        self,
        services: Services,
        accept: Accept = deliveries.accept,
        *,
        room: int = ROOM,
        patience: float = PATIENCE,
    ) -> None:
        self._services, self._accept, self._room = services, accept, room
        self.patience = patience
        self.reading = Room()
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._of: Counter[str] = Counter()
        self._bytes = 0
        self._crowd = 0  # posts of the last commit
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, seconds: float = 10.0) -> None:
        """What waits is still written down."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(seconds)

    def offer(
        self,
        post: Post,
        loop: asyncio.AbstractEventLoop,
        fault: tuple[int, str] | None = None,
    ) -> Ticket:
        """Full when there is no room. Who gives up waiting cancels `answer`."""
        size = len(post.body)
        with self._lock:
            waiting = self._of.total()
            if waiting >= self._room or self._bytes + size > ROOM_BYTES:
                raise Full
            if self._of[post.source] >= self._room // 2:
                raise Full
            self._of[post.source] += 1
            self._bytes += size
        ticket = Ticket(post, loop.create_future(), time.monotonic(), fault)
        self._queue.put(ticket)
        return ticket

    def _work(self) -> None:
        more = True
        while more:
            batch, more = self._next()
            wanted = [each for each in batch if not each.answer.cancelled()]
            self._crowd = len(wanted)
            try:
                if wanted:
                    self._serve(wanted)
            except Exception as error:  # noqa: BLE001 - or nobody would be served any more
                log.exception("%d posts went wrong", len(wanted))
                _answer(wanted, [error] * len(wanted))
            finally:
                self._leave(batch)

    def _next(self) -> tuple[list[Ticket], bool]:
        """Those that wait, at least one; False: it is the end."""
        first = self._queue.get()
        if first is None:
            return [], False
        if self._crowd > CROWD:
            time.sleep(GATHER)  # others are on their way: one commit may be theirs, too
        batch, size = [first], len(first.post.body)
        while len(batch) < TOGETHER and size < TOGETHER_BYTES:
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                return batch, False
            batch.append(ticket)
            size += len(ticket.post.body)
        return batch, True

    def _leave(self, batch: list[Ticket]) -> None:
        with self._lock:
            for each in batch:
                self._of[each.post.source] -= 1
                if not self._of[each.post.source]:
                    del self._of[each.post.source]
                self._bytes -= len(each.post.body)

    def _serve(self, batch: list[Ticket]) -> None:
        ctx = self._services.context()
        desk = Judge(ctx, self._services)
        try:
            found: list[Delivery] = self._accept(ctx, [desk.arrival(each) for each in batch])
        except StoreError as error:
            log.warning("%d posts could not be written down: %s", len(batch), error)
            _answer(batch, [error] * len(batch))
        except Exception as error:  # noqa: BLE001 - the next post is served all the same
            # One that nobody thought of must not cost the others their answer.
            if len(batch) > 1:
                for each in batch:
                    self._serve([each])
                return
            log.exception("a post to %s could not be judged", inert(batch[0].post.source, 80))
            _answer(batch, [error])
        else:
            _answer(batch, found)
            for ticket, delivery in zip(batch, found, strict=True):
                source = delivery.source if delivery.source in ctx.book.sources else ""
                ctx.meter.delivered(source, delivery.status, time.monotonic() - ticket.came)


class Judge:
    """Judges the posts of one commit: a token that several of them show is looked up once."""

    def __init__(self, ctx: Context, services: Services) -> None:
        self._ctx, self._services = ctx, services
        self._now = ctx.clock.now()
        self._known: dict[tuple[str, str], Admission] = {}

    def arrival(self, ticket: Ticket) -> Arrival:
        post = ticket.post
        source = self._ctx.book.sources.get(post.source)
        admission = self.admission(source, post)
        if admission.why or source is None:
            return Arrival(post, admission, status=401, why=admission.why)
        if ticket.fault is not None:
            status, why = ticket.fault
            return Arrival(post, admission, status=status, why=why, hostile=status == 413)
        try:
            return Arrival(post, admission, tuple(source.alerts(post)))
        except Refused as error:
            hostile = isinstance(error, Hostile)
            return Arrival(post, admission, status=400, why=str(error), hostile=hostile)

    def admission(self, source: Source | None, post: Post) -> Admission:
        """By a token of ours, else by the source's own way. An unknown source costs the same."""
        token = bearer(post)
        if token.startswith("af_"):
            key = (token, post.source)
            if key not in self._known:
                self._known[key] = self._services.doorman.hook(token, post)
            found = self._known[key]
            return found if source or found.why else replace(found, why=NO_SOURCE)
        if source is None:
            return Admission(why=NO_SOURCE)
        return source.admit(post, self._now)


def bearer(post: Post) -> str:
    scheme, _, token = post.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _answer(batch: Sequence[Ticket], found: Sequence[Delivery | Exception]) -> None:
    """All at once: each wake-up of the loop costs."""

    def tell() -> None:
        for ticket, each in zip(batch, found, strict=True):
            if ticket.answer.done():
                continue
            if isinstance(each, Exception):
                ticket.answer.set_exception(each)
            else:
                ticket.answer.set_result(each)

    try:
        batch[0].answer.get_loop().call_soon_threadsafe(tell)
    except RuntimeError:
        log.warning("%d senders went unanswered: the web has stopped", len(batch))
