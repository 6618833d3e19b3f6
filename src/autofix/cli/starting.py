"""Starting a person's runs: with the store and an engine of ours, or at a server's desk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autofix.app.local import withdraw
from autofix.cli.group import say
from autofix.cli.reach import asks_a_server, desk, server_name
from autofix.cli.session import actor
from autofix.cli.sources import OfServer, OfStore
from autofix.core.incidents import Origin
from autofix.core.signals import Signal, SignalState
from autofix.errors import HeldError, Interrupted
from autofix.flow import intake
from autofix.flow.context import Context

#: The guards that --yes accepts.
ACCEPTED = ("cooldown", "freeze", "runs_per_hour")
#: Seconds between two looks at what became of a signal.
POLL = 0.1


class Wish(Protocol):
    """What a person asked for, apart from the hosts."""

    @property
    def runbook(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, str]: ...
    @property
    def check(self) -> bool: ...
    @property
    def yes(self) -> bool: ...


@dataclass(frozen=True)
class Started:
    """The signal once it was handled, and how far the record went before it."""

    signal: Signal
    since: int


class AtStore:
    """No server runs: the engine of this command does the work. `values`: the typed inputs."""

    served = False

    def __init__(self, wish: Wish, ctx: Context, values: Mapping[str, Any]) -> None:
        self._wish, self._ctx, self._values = wish, ctx, values
        self.source = OfStore(ctx)

    def start(self, hosts: Sequence[str]) -> list[Started]:
        """All of them at once: of several, each waits for its turn."""
        return [self._start(host, together=len(hosts) > 1) for host in hosts]

    def _start(self, host: str, *, together: bool) -> Started:
        ctx = self._ctx
        with ctx.store.reading() as reads:
            since, _ = reads.audit_head()
        received = intake.receive(ctx, self._signal(host, together))
        try:
            return Started(intake.handle(ctx, received), since)
        except KeyboardInterrupt:
            withdraw(ctx, received)
            raise

    def _signal(self, host: str, together: bool) -> Signal:
        wish = self._wish
        accepted = (*(ACCEPTED if wish.yes else ()), *(("batches",) if together else ()))
        return Signal(
            0,
            Origin.PERSON,
            self._ctx.clock.now(),
            host,
            wish.runbook,
            wish.subject,
            inputs=self._values,
            by=actor(),
            accepted=accepted,
            check=wish.check,
            reason=f"{actor()} runs it by hand",
        )


class AtServer:
    """A server does the work. `ctx`: of its store, when that is here: what was asked for can be
    taken back as long as nothing was done about it."""

    served = True

    def __init__(self, wish: Wish, ctx: Context | None = None) -> None:
        self._wish, self._ctx = wish, ctx
        self.source = OfServer(say)

    def start(self, hosts: Sequence[str]) -> list[Started]:
        wish, since = self._wish, desk().status().audit_size
        signals = desk().start(
            wish.runbook,
            hosts,
            subject=wish.subject,
            inputs=wish.inputs,
            accept=wish.yes,
            check=wish.check,
            from_text=True,
        )
        try:
            return [Started(self._handled(each), since) for each in signals]
        except KeyboardInterrupt:
            if self._ctx is None:
                raise Interrupted(
                    f"the server{server_name()} goes on with it", hint="see `autofix incidents`"
                ) from None
            for each in signals:
                withdraw(self._ctx, each)
            raise

    def _handled(self, signal: Signal) -> Signal:
        found, number = signal, signal.id
        while found.state is SignalState.RECEIVED:
            time.sleep(POLL)
            self._still_led(found)
            found = self.source.steadily(lambda: desk().signal(number))
        return found

    def _still_led(self, signal: Signal) -> None:
        """Whoever led this store may have ended, as another `autofix run` does: nobody would ever
        look at what was asked for."""
        ctx = self._ctx
        if ctx is None or asks_a_server() or ctx.store.leader():
            return
        withdraw(ctx, signal)
        with ctx.store.reading() as reads:
            current = reads.signal(signal.id)
        if current is None or current.state is SignalState.IGNORED:
            raise HeldError(
                "who led this store ended meanwhile, so nothing was started", hint="run it again"
            )
