"""Alerts that come again about what is being worked on: a storm of them is no storm of looks."""

from __future__ import annotations

from autofix.core.incidents import Origin
from autofix.core.signals import Signal
from autofix.flow.context import Context
from autofix.flow.looking import trigger_subject


def is_echo(ctx: Context, signal: Signal) -> bool:
    """An incident is open for exactly this already, so nothing is looked at for it once more.

    A person who asks again has a reason; and what has subjects must be looked at to know which.
    """
    runbook = ctx.book.runbooks.get(signal.runbook)
    if runbook is None or runbook.verify is None or signal.origin is Origin.PERSON:
        return False
    if not signal.subject and (runbook.verify.subject or trigger_subject(runbook)):
        return False
    with ctx.store.reading() as reads:
        return reads.live_incident(runbook.name, signal.host, signal.subject) is not None
