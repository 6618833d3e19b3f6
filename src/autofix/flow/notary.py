"""The notary: seals what was recorded with signed checkpoints, and tells the witnesses.

Nothing here stops the work it follows, which has happened: what can't be sealed is logged, tried
again, and after a while a person hears of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from autofix import crashpoints
from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import Checkpoint, due, millis, sizes
from autofix.core.marks import Mark
from autofix.errors import AuditError, StoreError
from autofix.flow import witnesses
from autofix.flow.context import Context, log
from autofix.flow.escalate import notify
from autofix.ports import Reads, Signer, Transaction, Witness

#: Failures in a row before a person is told; seconds between two tries.
PATIENCE, RETRY = 3, 30.0
MARK = "checkpoint"
_VERIFY = "run autofix audit verify"


def _nobody() -> Sequence[Witness]:
    return ()


def _no_doubt() -> str:
    return ""


class Notary:
    """One per process. `doubts` looks at what would be sealed, and says why it must not be."""

    def __init__(
        self,
        ctx: Context,
        signer: Signer,
        *,
        witnesses: Callable[[], Sequence[Witness]] = _nobody,
        doubts: Callable[[], str] = _no_doubt,
    ) -> None:
        self._ctx, self._signer = ctx, signer
        self._witnesses, self._doubts = witnesses, doubts
        self._ours: Checkpoint | None = None  # the last one that this process has seen sealed
        self._failed, self._failed_at = 0, float("-inf")
        self._telling: threading.Thread | None = None

    def tend(self) -> None:
        """Seal when a checkpoint is due, and tell the witnesses in the background."""
        now = self._ctx.clock.now()
        with self._ctx.store.reading() as reads:
            last, (size, _) = reads.last_checkpoint(), reads.audit_head()
        if due(last, size, now) and now - self._failed_at >= RETRY:
            self.seal_if_possible()
        if self._telling is None or not self._telling.is_alive():
            self._telling = threading.Thread(target=self._tell, name="witnesses", daemon=True)
            self._telling.start()

    def _tell(self) -> None:
        try:
            witnesses.tell(self._ctx, self._witnesses())
        except StoreError as error:
            log.warning("witnesses: %s", error)
        except Exception:  # noqa: BLE001 - a thread of its own: said, and tried again
            log.exception("witnesses")

    def tell(self, timeout: float) -> None:
        """Tell every witness now, waiting for each at most so many seconds."""
        witnesses.tell(self._ctx, self._witnesses(), timeout=timeout)

    def seal_if_possible(self, event: AuditEvent | None = None) -> Checkpoint | None:
        """`seal`, but what is wrong is logged, and told to a person when it lasts."""
        try:
            found = self.seal(event)
        except AuditError as error:
            self._fail(error)
            return None
        if self._failed:
            log.info("the record is sealed again")
            self._failed, self._failed_at = 0, float("-inf")
            self._mark(None)
        return found

    def seal(
        self, event: AuditEvent | None = None, then: Callable[[], None] | None = None
    ) -> Checkpoint | None:
        """A checkpoint over everything recorded so far; None when there is nothing new.

        An event is recorded first and sealed with the rest; then, before anybody else signs,
        `then` is called. AuditError when the key is no good, or the record is not the one that was
        sealed before.
        """
        if doubt := self._doubts():
            raise AuditError(f"the record is not sealed any further: {doubt}", hint=_VERIFY)
        with self._signer.turn():
            with self._ctx.store.transaction() as tx:
                self._compare(tx)
                if event is not None:
                    tx.record(event)
                wanted = self._wanted(tx)
                for checkpoint in wanted:
                    tx.add_checkpoint(checkpoint)
                    crashpoints.reach("checkpoint.signed")
                last = tx.last_checkpoint()
                if wanted and last != wanted[-1]:  # a trigger can make it so
                    raise AuditError("the store did not take a checkpoint", hint=_VERIFY)
            if then is not None:
                then()
        found, self._ours = (last if last != self._ours else None), last
        return found

    def _wanted(self, tx: Transaction) -> list[Checkpoint]:
        """Signed checkpoints for every place that has none, each naming the one before."""
        last, (size, head) = tx.last_checkpoint(), tx.audit_head()
        base = max((each.last for each in tx.archives()), default=0)
        before, made, now = last.size if last else base, [], millis(self._ctx.clock.now())
        for place in sizes(last, size, base):
            at_place = head if place == size else tx.audit(after=place - 1, limit=1)[0].hash
            made.append(self._signer.sign(Checkpoint(place, at_place, now, "", before)))
            before = place
        return made

    def _compare(self, reads: Reads) -> None:
        """The last checkpoint that this process saw must still stand as it was."""
        ours = self._ours
        if ours is None or any(each.last >= ours.size for each in reads.archives()):
            return
        if reads.checkpoints(after=ours.size - 1, limit=1) != [ours]:
            raise AuditError(
                f"the checkpoint of entry {ours.size} was removed or changed in the store",
                hint=_VERIFY,
            )

    # -- when it fails ------------------------------------------------------------------------

    def _fail(self, error: AuditError) -> None:
        self._failed, self._failed_at = self._failed + 1, self._ctx.clock.now()
        log.error("the record could not be sealed: %s (%s)", error, error.hint)
        with suppress(StoreError):  # the store's own trouble is told by others
            self._mark(error)
            if self._failed == PATIENCE:
                self._page(error)

    def _mark(self, error: AuditError | None) -> None:
        """For `autofix status` and `autofix doctor`."""
        data = {"failed": self._failed, "why": f"{error} ({error.hint})" if error else ""}
        with self._ctx.store.transaction() as tx:
            tx.set_mark(Mark(MARK, self._ctx.clock.now(), data))

    def _page(self, error: AuditError) -> None:
        now, words = self._ctx.clock.now(), self._ctx.book.words
        text = words.gettext(
            "{error}\nWhat to do: {hint}\n\n"
            "autofix goes on working and recording. What is recorded from now on could be changed "
            "without that being found, until it is sealed again.\n\nLook: autofix audit verify"
        ).format(error=error, hint=error.hint)
        title = words.gettext("the record can't be sealed: {error}").format(error=error)
        with self._ctx.store.transaction() as tx:
            notify(self._ctx, tx, title, text, "autofix:seal", now)

    # -- keys ---------------------------------------------------------------------------------

    def introduce(self, key: str, public: str) -> None:
        """Seal; before the very first checkpoint, its key is recorded."""
        with self._ctx.store.reading() as reads:
            known = reads.last_checkpoint() is not None or bool(reads.archives())
        payload, now = {"key": key, "public": public}, self._ctx.clock.now()
        event = AuditEvent(now, self._ctx.owner, KEY_MADE, payload=payload)
        self.seal_if_possible(None if known else event)


KEY_MADE, KEY_ROTATED = "audit.key_made", "audit.key_rotated"
