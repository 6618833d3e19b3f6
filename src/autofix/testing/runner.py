"""A runner that plays what a test wrote down for each playbook, and remembers every order."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autofix.core import durations
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.errors import RunnerError
from autofix.ports import Cancel

_HOST = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_GLANCE = 0.01
OK = RunResult(Outcome.OK, "1 task went well, 1 changed something", 0)


@dataclass(frozen=True)
class Play:
    """What one playbook does: change the test's world, tell events, perhaps wait, and end.

    `does` may give a result of its own. `blocks`: it waits until `release`, cancel or timeout.
    """

    result: RunResult = OK
    events: Sequence[RunEvent] = ()
    blocks: bool = False
    does: Callable[[RunOrder], RunResult | None] | None = None


def failing(reason: str = "failed in task 'mend': no luck") -> Play:
    """A playbook that ends badly."""
    return Play(RunResult(Outcome.FAILED, reason, 2))


class FakeRunner:
    """Plays a script; many runs at once, each in its own thread.

    ::

        def evict(order): probe.sees(order.host, ratio=0.5)
        runner = FakeRunner({"evict.yml": Play(does=evict), "raise.yml": failing(),
                             "slow.yml": Play(blocks=True)})
        runner.played          # names of the playbooks, in the order of their starts
        runner.release("slow.yml")

    A playbook that is not in the script can't be started, as a missing file can't.
    """

    def __init__(self, script: Mapping[str, Play]) -> None:
        self.script = dict(script)
        self.orders: list[RunOrder] = []
        self.running: dict[int, RunOrder] = {}
        self.leftovers: set[int] = set()  # runs of a dead owner that still have processes
        self._released: set[str] = set()
        self._changed = threading.Condition()

    @property
    def played(self) -> list[str]:
        return [order.playbook for order in self.orders]

    def release(self, playbook: str) -> None:
        """Let the waiting and all coming runs of this playbook go on."""
        with self._changed:
            self._released.add(playbook)
            self._changed.notify_all()

    def wait_until_running(self, playbook: str, seconds: float = 5.0) -> None:
        """Until a run of this playbook has started and has not ended; AssertionError if none."""

        def started() -> bool:
            return any(order.playbook == playbook for order in self.running.values())

        with self._changed:
            assert self._changed.wait_for(started, seconds), f"{playbook} was not started"

    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        play = self._play(order)
        if cancel.is_set():
            return RunResult(Outcome.CANCELLED, "cancelled before it was started")
        with self._changed:
            self.orders.append(order)
            self.running[order.run_id] = order
            self._changed.notify_all()
        try:
            return self._perform(play, order, on_event, cancel)
        finally:
            with self._changed:
                self.running.pop(order.run_id, None)
                self._changed.notify_all()

    def _play(self, order: RunOrder) -> Play:
        if not _HOST.fullmatch(order.host) or order.host in ("all", "ungrouped"):
            raise RunnerError(f"{order.host!r} is no host name")
        if order.playbook not in self.script:
            raise RunnerError(f"playbook {order.playbook!r} is not in the script")
        if not order.timeout > 0:
            raise RunnerError(f"a run needs a timeout of more than 0 s, not {order.timeout!r}")
        return self.script[order.playbook]

    def _perform(
        self, play: Play, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        for event in [RunEvent("start", time.time()), *play.events]:
            try:
                on_event(event)
            except Exception as error:
                raise RunnerError(f"events of the run could not be kept: {error}") from error
        end = time.monotonic() + order.timeout
        while play.blocks and order.playbook not in self._released:
            if time.monotonic() >= end:
                reason = f"timed out after {durations.human(order.timeout)}"
                return RunResult(Outcome.TIMED_OUT, reason)
            if cancel.wait(_GLANCE):
                return RunResult(Outcome.CANCELLED, "cancelled")
        return (play.does(order) if play.does else None) or play.result

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        ended = self.leftovers.intersection(run_ids)
        self.leftovers -= ended
        return sorted(ended)
