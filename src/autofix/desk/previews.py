"""What a run would be: what it takes, what each host would see of it, what would hold it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autofix.core.conditions import Template
from autofix.core.decisions import AwaitApproval, Decision, Escalate, Hold, decide
from autofix.core.incidents import UNTOUCHED, WITH_A_PERSON, Incident, Origin
from autofix.core.inert import MASK, names_a_secret, without_secrets
from autofix.core.inputs import judge_inputs
from autofix.core.previews import (
    Foresight,
    Preview,
    PreviewHost,
    PreviewStep,
    PreviewVariable,
)
from autofix.core.roles import Permission
from autofix.core.runbooks import Runbook, Step
from autofix.core.signals import Signal
from autofix.desk.acts import ACCEPTED, line, targets
from autofix.desk.base import Room
from autofix.desk.in_words import approval, batches, proof
from autofix.errors import AutofixError
from autofix.flow import opening
from autofix.flow.context import Context
from autofix.flow.intake import IN_TURN
from autofix.flow.looking import scope
from autofix.flow.situation import situation
from autofix.ports import Reads

#: So many hosts are judged; each takes a dozen small questions to the store.
JUDGED = 100


@dataclass(frozen=True)
class _Asked:
    """A run as it is asked for, its inputs checked."""

    ctx: Context
    runbook: Runbook
    hosts: Sequence[str]
    subject: str
    inputs: Mapping[str, Any]
    check: bool
    by: str

    @property
    def judged(self) -> Sequence[str]:
        return self.hosts[:JUDGED]


class Previews(Room):
    def preview(
        self,
        runbook: str,
        hosts: Sequence[str],
        *,
        subject: str = "",
        inputs: Mapping[str, Any] | None = None,
        check: bool = False,
        from_text: bool = False,
    ) -> Preview:
        self.may(Permission.OPERATE, "run", runbook)
        self._known_runbook(runbook)
        ctx = self.place.contexts.of(runbook)
        book = ctx.book.runbooks[runbook]
        values, wrong = judge_inputs(book.inputs, dict(inputs or {}), from_text=from_text)
        faults = {f"inputs.{name}": why for name, why in wrong.items()}
        faults |= _fault("subject", lambda: line("subject", subject))
        faults |= _fault("hosts", lambda: targets(ctx, hosts))
        told = Preview(runbook, book.title, book.severity, check, subject, faults=faults)
        if faults:
            return told
        asked = _Asked(ctx, book, targets(ctx, hosts), subject, values, check, self.actor)
        return _foreseen(told, asked)


def _fault(name: str, look: Any) -> dict[str, str]:
    try:
        look()
    except AutofixError as error:
        return {name: f"{error} ({error.hint})" if error.hint else str(error)}
    return {}


def _foreseen(told: Preview, asked: _Asked) -> Preview:
    book, many = asked.runbook, len(asked.hosts) > 1
    with asked.ctx.store.reading() as reads:
        hosts = [_host(asked, reads, host) for host in asked.judged]
    return replace(
        told,
        inputs=without_secrets(asked.inputs),
        hosts=tuple(hosts),
        unjudged=len(asked.hosts) - len(hosts),
        steps=tuple(_step(asked, each) for each in book.fix),
        verification="" if book.verify is None else proof(book.verify),
        turns=batches(book.guards) if many and not asked.check else "",
    )


def _step(asked: _Asked, step: Step) -> PreviewStep:
    guards = asked.runbook.guards
    asks = approval(step.approval) or approval(guards.approval)
    return PreviewStep(
        step.playbook,
        step.when.text if step.when else "",
        tuple(_variable(asked, name, each) for name, each in step.vars.items()),
        "" if asked.check else asks,
        step.rollback,
        step.afterwards,
        step.timeout,
    )


def _variable(asked: _Asked, name: str, template: Template) -> PreviewVariable:
    """Its value where the inputs and the inventory tell it, the same for every host."""
    if any(map(names_a_secret, (name, *template.names))):
        return PreviewVariable(name, MASK, known=True)
    if all(each.partition(".")[0] in ("inputs", "host") for each in template.names):
        values = [
            template.render(scope(asked.ctx, host, {}, asked.inputs)) for host in asked.judged
        ]
        if len(asked.hosts) == len(values) and all(each == values[0] for each in values):
            return PreviewVariable(name, values[0], known=True)
    return PreviewVariable(name, template.raw, known=False)


def _host(asked: _Asked, reads: Reads, host: str) -> PreviewHost:
    live = reads.live_incident(asked.runbook.name, host, asked.subject)
    if live is not None and live.check and live.state in UNTOUCHED and not asked.check:
        live = None  # a rehearsal that waits gives way to what is real
    if live is not None and (live.state not in WITH_A_PERSON or asked.check):
        why = f"incident {live.id} is already open for this ({live.state}: {live.reason})"
        return PreviewHost(host, Foresight.REFUSED, why, incident=live.id)
    seen_at, facts = _seen(asked, reads, host)
    draft = _draft(asked, host, facts, live)
    now, ctx = asked.ctx.clock.now(), asked.ctx
    names = scope(ctx, host, facts, asked.inputs)
    said = decide(asked.runbook, draft, situation(ctx, reads, asked.runbook, draft, now), names)
    number = live.id if live else None
    return replace(_told(asked, host, said), incident=number, seen_at=seen_at)


def _seen(asked: _Asked, reads: Reads, host: str) -> tuple[float | None, Mapping[str, Any]]:
    """What the triggers saw last of this target, and when."""
    looks = [
        each
        for each in reads.watches(asked.runbook.name, host)
        if each.facts and asked.subject in ("", each.subject)
    ]
    newest = max(looks, key=lambda each: each.at, default=None)
    return (newest.at, newest.facts) if newest else (None, {})


def _draft(asked: _Asked, host: str, facts: Mapping[str, Any], live: Incident | None) -> Incident:
    now = asked.ctx.clock.now()
    together = ("batches",) if len(asked.hosts) > 1 and not asked.check else ()
    signal = Signal(
        0, Origin.PERSON, now, host, asked.runbook.name, asked.subject, facts=facts,
        inputs=asked.inputs, by=asked.by, accepted=together, check=asked.check,
    )  # fmt: skip
    if live is None:
        return opening.draft(asked.runbook, signal, now)
    # The person who has it starts the fix again, from its first step.
    return replace(
        live, step=0, attempt=live.attempt + 1, inputs=asked.inputs, facts=facts or live.facts,
        requested_by=asked.by, accepted=together, held_since=None,
    )  # fmt: skip


def _told(asked: _Asked, host: str, said: Decision) -> PreviewHost:
    if isinstance(said, AwaitApproval):
        return PreviewHost(host, Foresight.ASKS, said.reason)
    if (
        isinstance(said, Hold)
        and said.guard in IN_TURN
        and len(asked.hosts) > 1
        and not asked.check
    ):
        return PreviewHost(host, Foresight.WAITS, said.reason, said.guard)
    if isinstance(said, Hold):
        return PreviewHost(host, Foresight.REFUSED, said.reason, said.guard, said.guard in ACCEPTED)
    if isinstance(said, Escalate):
        if said.guard == "steps":
            why = f"no step is known to apply by what was seen last: {said.reason}"
            return PreviewHost(host, Foresight.UNKNOWN, why)
        return PreviewHost(host, Foresight.REFUSED, said.reason, said.guard)
    return PreviewHost(host, Foresight.ACTS, said.reason)
