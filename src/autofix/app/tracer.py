"""Tells finished incidents as traces, in the record's order; a restart goes on where it stood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autofix.core.audit import AuditEntry
from autofix.core.marks import Mark
from autofix.core.traces import ended, spans
from autofix.errors import AutofixError, ChannelError, Problem
from autofix.flow.context import Context, log
from autofix.options import Options

MARK = "tracing"
PAGE = 1000
#: Entries of one incident that are told at most.
LONGEST = 5000


class Tracer:
    """A chore. With nobody to tell, it only remembers where the record stands."""

    def __init__(self, ctx: Context, options: Callable[[], Options | None]) -> None:
        self._ctx, self._options = ctx, options
        self._made: tuple[Options, Any] | None = None
        self._seen: int | None = None
        self._said = ""

    def tend(self) -> None:
        options = self._options()
        if options is None:
            self._seen = None
            return
        try:
            self._tell(self._exporter(options))
            self._said = ""
        except ChannelError as error:
            if str(error) != self._said:
                self._said = str(error)
                log.error("%s; it is tried again", error)

    def _exporter(self, options: Options) -> Any:
        if self._made is None or self._made[0] != options:
            export = _room()
            where = str(getattr(self._ctx.store, "where", "autofix"))
            self._made = (options, export.OtlpExporter(options, where))
        return self._made[1]

    def _tell(self, exporter: Any) -> None:
        while True:
            entries = self._new()
            for entry in entries:
                if ended(entry.event) and entry.event.incident:
                    self._tell_one(exporter, entry.event.incident, entry)
                    self._mark(entry.seq)
            if entries:
                self._mark(entries[-1].seq)
            if len(entries) < PAGE:
                return

    def _tell_one(self, exporter: Any, incident: int, entry: AuditEntry) -> None:
        try:
            exporter.export(incident, self._story(entry))
        except AutofixError:
            raise  # later, then
        except Exception:  # noqa: BLE001 - one story that can't be told keeps back no other
            log.exception("incident %s can't be told as a trace", incident)

    def _story(self, last: AuditEntry) -> list[Any]:
        with self._ctx.store.reading() as reads:
            record = reads.audit(incident=last.event.incident, limit=LONGEST)
        return spans([entry for entry in record if entry.seq <= last.seq])

    def _new(self) -> list[AuditEntry]:
        with self._ctx.store.reading() as reads:
            if self._seen is None:
                mark, (size, _) = reads.mark(MARK), reads.audit_head()
                self._seen = int(mark.data["seen"]) if mark else size
            return reads.audit(after=self._seen, limit=PAGE)

    def _mark(self, seen: int) -> None:
        with self._ctx.store.transaction() as tx:
            tx.set_mark(Mark(MARK, self._ctx.clock.now(), {"seen": seen}))
        self._seen = seen


def _room() -> Any:
    try:
        from autofix.tracing import export
    except ImportError as error:
        raise ChannelError(
            f"tracing is set, and its packages are not there ({error.name}): "
            "install autofix[tracing]"
        ) from error
    return export


def problems(options: Options | None, file: str) -> list[Problem]:
    """What `check` says."""
    if options is None:
        return []
    try:
        _room()
    except ChannelError as error:
        return [Problem(file, 0, str(error))]
    return []
