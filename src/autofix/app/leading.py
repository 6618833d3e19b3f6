"""Leading a store, or standing by while another server does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from autofix.app.audit_keys import keys
from autofix.core.runs import RunEvent, RunOrder, RunResult
from autofix.errors import AuditError, RunnerError, ServerBusy, StoreError
from autofix.flow.context import Context, log
from autofix.ports import Cancel, Lead, PlaybookRunner, Store

if TYPE_CHECKING:
    from autofix.app.site import Site

#: Seconds between two tries of a standby, and between two looks for a lost lead while one waits.
TRY_EVERY, LOOK_EVERY = 1.0, 0.1


@contextmanager
def leading(
    store: Store, owner: str, stopping: threading.Event, waiting: Callable[[], None] = lambda: None
) -> Iterator[Lead | None]:
    """The lead, waited for where servers on several machines share the store; None when we were
    stopped before it came. ServerBusy where they don't. `waiting` is called while it is waited for.
    """
    with ExitStack() as stack:
        yield _lead(stack, store, owner, stopping, waiting)


def _lead(
    stack: ExitStack,
    store: Store,
    owner: str,
    stopping: threading.Event,
    waiting: Callable[[], None],
) -> Lead | None:
    said = ""
    while not stopping.is_set():
        try:
            held = stack.enter_context(store.lead(owner))
        except StoreError as error:
            if not store.shared or not (said or isinstance(error, ServerBusy)):
                raise
            if str(error) != said:
                said = str(error)
                log.info("standing by: %s", said)
            waiting()
            stopping.wait(TRY_EVERY)
        else:
            if said:
                log.info("standing by is over: this server leads now")
            return held
    return None


def check_key(site: Site) -> None:
    """AuditError where several machines share the store and this one would seal it with a key of
    its own: the servers of one store have one audit key."""
    if not site.store.shared:
        return
    from autofix.store.keys import fingerprint

    with site.store.reading() as reads:
        last = reads.last_checkpoint()
    if last is not None and fingerprint(keys(site.settings).public()) != last.key:
        raise AuditError(
            f"the audit key in {keys(site.settings).folder} is not the one that seals this store",
            hint="copy that folder here from the server that leads",
        )


def led(ctx: Context, lead: Lead) -> Context:
    """Everything that is written and started with this context, is so as long as we lead."""
    ctx.store, ctx.runner = lead.store, LedRunner(ctx.runner, lead)
    return ctx


class LedRunner:
    """Runs playbooks while we lead: looked at just before each, and all are ended when the lead is
    lost, since another server decides then what happens to their hosts."""

    def __init__(self, runner: PlaybookRunner, lead: Lead) -> None:
        self._runner, self._lead = runner, lead

    def run(
        self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Cancel
    ) -> RunResult:
        if not self._lead.holds():
            why = self._lead.lost() or "the store can't say whether this server leads"
            raise RunnerError(f"{why}: nothing was started")
        return self._runner.run(order, on_event, CancelOrLost(cancel, self._lead))

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        return self._runner.end_leftovers(run_ids)


class CancelOrLost:
    """`ports.Cancel`: somebody asked for it, or we lead no more."""

    def __init__(self, cancel: Cancel, lead: Lead) -> None:
        self._cancel, self._lead = cancel, lead

    def is_set(self) -> bool:
        return self._cancel.is_set() or bool(self._lead.lost())

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            rest = LOOK_EVERY if end is None else min(LOOK_EVERY, end - time.monotonic())
            if rest <= 0:
                return False
            self._cancel.wait(rest)
        return True
