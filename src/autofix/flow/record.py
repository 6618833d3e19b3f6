"""Audit events in the words of the glossary, made in one place."""

from __future__ import annotations

from typing import Any

from autofix.core.audit import AuditEvent
from autofix.core.deadlines import met_now
from autofix.core.incidents import Incident
from autofix.core.pages import Page
from autofix.core.runs import Run
from autofix.core.signals import Signal

#: The actor of everything that no person asked for.
AUTOFIX = "autofix"


def of_incident(
    incident: Incident, verb: str, at: float, by: str = AUTOFIX, **more: Any
) -> AuditEvent:
    """`incident.<verb>`; more payload beside state, step and reason.

    `met`: the deadlines that are met by it, and when each was due.
    """
    payload = {
        "state": str(incident.state),
        "subject": incident.subject,
        "step": incident.step + 1,
        "attempt": incident.attempt,
        "reason": incident.reason,
        **more,
    }
    if met := met_now(incident, at):
        payload["met"] = met
    return AuditEvent(
        at, by, f"incident.{verb}", incident.runbook, incident.host, incident.id, None, payload
    )


def of_run(run: Run, verb: str, at: float, by: str = AUTOFIX, **more: Any) -> AuditEvent:
    payload = {
        "playbook": run.playbook,
        "kind": str(run.kind),
        "step": run.step + 1,
        "attempt": run.attempt,
        "check": run.check,
        **more,
    }
    return AuditEvent(at, by, f"run.{verb}", run.runbook, run.host, run.incident, run.id, payload)


def of_signal(signal: Signal, verb: str, at: float, **more: Any) -> AuditEvent:
    payload = {
        "origin": str(signal.origin),
        "firing": signal.firing,
        "subject": signal.subject,
        "reason": signal.reason,
        **more,
    }
    return AuditEvent(
        at,
        signal.by or AUTOFIX,
        f"signal.{verb}",
        signal.runbook,
        signal.host,
        signal.incident,
        None,
        payload,
    )


def of_page(page: Page, verb: str, at: float, **more: Any) -> AuditEvent:
    payload = {"policy": page.policy, "title": page.title, **more}
    if page.id:
        payload["page"] = page.id
    return AuditEvent(
        at,
        AUTOFIX,
        f"page.{verb}",
        page.runbook or str(page.data.get("runbook", "")),
        str(page.data.get("host", "")),
        page.incident,
        None,
        payload,
    )
