"""Observations of many probes are written together: one commit for all that wait."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from autofix.errors import StoreError
from autofix.flow.context import Context, log
from autofix.flow.observing import Observation, observe

BATCH = 500


class Observer:
    """One thread that drains a queue into transactions. `wake` is called after each."""

    def __init__(self, ctx: Context, wake: Callable[[], None]) -> None:
        self._ctx, self._wake = ctx, wake
        self._queue: queue.SimpleQueue[Observation | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, observation: Observation) -> None:
        self._queue.put(observation)

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < BATCH and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._write(batch)
                    return
                batch.append(more)
            self._write(batch)

    def _write(self, batch: list[Observation]) -> None:
        try:
            observe(self._ctx, batch)
            self._wake()
        except StoreError as error:
            # The next look comes soon; what it sees counts, not what this one saw.
            self._ctx.store_failed(error)
        except Exception:  # noqa: BLE001 - one defect must not end the thread that sees for all
            log.exception("observations could not be judged")
            self._one_by_one(batch)

    def _one_by_one(self, batch: list[Observation]) -> None:
        # One trigger's defect must not blind the others.
        if len(batch) == 1:
            return
        for each in batch:
            self._write([each])
