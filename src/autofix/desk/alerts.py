"""Alerts that came in: what each meant, judging one anew, and trying one out."""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.alerts import Admission, Arrival, Delivery, Post
from autofix.core.door import MAX_BYTES, Refused
from autofix.core.inert import inert
from autofix.core.roles import Permission
from autofix.desk.base import Room, meant
from autofix.errors import HeldError, NotFound, UsageError
from autofix.flow import deliveries
from autofix.flow.context import Context
from autofix.ports import Source

#: Stands for "no runbook at all", where an empty list would stand for all of them.
NONE = ("",)


class Alerts(Room):
    def alerts(
        self, *, source: str = "", before: int | None = None, limit: int = 50
    ) -> list[Delivery]:
        self.may(Permission.READ, "alerts")
        with self.ctx.store.reading() as reads:
            return reads.deliveries(source=source, before=before, limit=limit)

    def alert(self, number: int) -> Delivery:
        self.may(Permission.READ, "alert")
        with self.ctx.store.reading() as reads:
            found = reads.delivery(number)
        if found is None:
            raise NotFound(f"there is no alert {number}", hint="see `autofix alerts list`")
        return found

    def replay_alert(self, number: int) -> Delivery:
        """NotFound, HeldError when not all of it was kept. What fires is on the record under who
        replays it, and only what he may run himself does."""
        self.may(Permission.OPERATE, "alerts.replay")
        old = self.alert(number)
        ctx = self.place.contexts.whole()
        source = _source(ctx, old.source)
        body = old.body.encode()
        if len(body) != old.size:
            raise HeldError(
                f"alert {number} was not kept as it came: it can't be judged anew",
                hint="of who did not show that he may post only the beginning is kept",
            )
        (row,) = deliveries.accept(ctx, [self._arrival(source, old.headers, body, old)])
        return row

    def test_alert(self, source: str, body: str, headers: Mapping[str, str]) -> Delivery:
        """UsageError when it can't be told which source is meant."""
        self.may(Permission.OPERATE, "alerts.test")
        ctx = self.place.contexts.whole()
        data = body.encode("utf-8", "surrogatepass")
        known = _source(ctx, source or _only(ctx))
        lower = {name.lower(): value for name, value in headers.items()}
        return deliveries.preview(ctx, self._arrival(known, lower, data, None))

    def _arrival(
        self, source: Source, headers: Mapping[str, str], body: bytes, old: Delivery | None
    ) -> Arrival:
        """As if it had come now, from its sender, with this person's word for it."""
        given = {"content-type": "application/json", **headers}
        post = Post(source.name, given, body, old.address if old else "")
        sender = old.sender if old and old.sender else self.actor
        admission = Admission(inert(sender, 120), runbooks=self._allowed())
        number, by = (old.id, self.actor) if old else (None, "")
        if len(body) > MAX_BYTES:
            why = f"the body has {len(body)} bytes; at most {MAX_BYTES} are read"
            return Arrival(post, admission, status=413, why=why, replay_of=number, by=by)
        try:
            alerts = tuple(source.alerts(post))
        except Refused as error:
            return Arrival(post, admission, (), 400, str(error), replay_of=number, by=by)
        return Arrival(post, admission, alerts, replay_of=number, by=by)

    def _allowed(self) -> tuple[str, ...]:
        own = self.principal.runbooks
        return () if own is None else tuple(sorted(own)) or NONE


def _source(ctx: Context, name: str) -> Source:
    found = ctx.book.sources.get(name)
    if found is None:
        known = sorted(ctx.book.sources)
        hint = meant(name, known) if known else "add it under sources: in the settings"
        raise NotFound(f"there is no source {inert(name, 80)!r}", hint=hint)
    return found


def _only(ctx: Context) -> str:
    names = sorted(ctx.book.sources)
    if len(names) == 1:
        return names[0]
    if not names:
        raise UsageError("there are no sources", hint="add one under sources: in the settings")
    raise UsageError("which source?", hint=f"--source {' or '.join(names)}")
