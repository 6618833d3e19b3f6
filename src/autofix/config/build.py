"""From checked models to the frozen values of the core."""

from __future__ import annotations

from autofix.config.guard_models import guards
from autofix.config.runbook_models import (
    AlertTriggerBlock,
    ProbeTriggerBlock,
    RunbookFile,
    ScheduleTriggerBlock,
    StepBlock,
    VerifyBlock,
)
from autofix.core.runbooks import (
    AlertTrigger,
    Blind,
    ProbeTrigger,
    Runbook,
    ScheduleTrigger,
    Step,
    Trigger,
    Verify,
)


def runbook(found: RunbookFile, file: str, source: str = "") -> Runbook:
    """The core's value of a runbook file."""
    return Runbook(
        name=found.name,
        title=found.title,
        fix=tuple(_step(step) for step in found.fix),
        verify=_verify(found.verify) if isinstance(found.verify, VerifyBlock) else None,
        about=found.about,
        severity=found.severity,
        deadlines=found.deadlines,
        enabled=found.enabled,
        idempotent=found.idempotent,
        triggers=tuple(_trigger(trigger) for trigger in found.triggers),
        inputs={name: block.built(name) for name, block in found.inputs.items()},
        guards=guards(found.guards),
        escalate=found.escalate,
        file=file,
        source=source,
    )


def _trigger(block: ProbeTriggerBlock | AlertTriggerBlock | ScheduleTriggerBlock) -> Trigger:
    if isinstance(block, ScheduleTriggerBlock):
        return ScheduleTrigger(block.schedule, block.hosts, block.jitter, block.catch_up)
    if isinstance(block, AlertTriggerBlock):
        return AlertTrigger(
            alert=block.alert,
            match=block.match,
            host=block.host,
            strip_port=block.strip_port,
            when=block.when,
            subject=block.subject,
            inputs=block.inputs,
        )
    return ProbeTrigger(
        probe=block.probe,
        hosts=block.hosts,
        when=block.when,
        every=block.every,
        cron=block.cron or "",
        jitter=block.jitter,
        timeout=block.timeout,
        for_=block.for_,
        clear_when=block.clear_when,
        subject=block.subject,
        options=block.with_,
        blind=Blind(block.blind.after, block.blind.then),
    )


def _step(block: StepBlock) -> Step:
    return Step(
        playbook=block.playbook,
        when=block.when,
        vars=block.vars,
        timeout=block.timeout,
        approval=block.approval,
        rollback=block.rollback or "",
        afterwards=block.afterwards or "",
    )


def _verify(block: VerifyBlock) -> Verify:
    return Verify(
        probe=block.probe,
        until=block.until,
        within=block.within,
        hold=block.hold,
        every=block.every,
        timeout=block.timeout,
        subject=block.subject,
        options=block.with_,
    )
