"""What a run's state means in words, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.runs import Outcome, Run, RunState


def _(text: str) -> str:
    """Marks it for the catalogues; the template asks for it in the reader's language."""
    return text


#: By `standing`: what it means, and what comes next.
WORDS: Mapping[str, tuple[str, str]] = {
    "planned": (
        _("It waits for its turn: nothing has been started."),
        _("It starts by itself as soon as it is due and its host is free."),
    ),
    "owed": (
        _("It is owed: nothing has been started."),
        _("It becomes due when the verification of its step is over, healed or not."),
    ),
    "claimed": (
        _("An executor has taken it and holds the host; the playbook has not begun."),
        _("It starts in a moment, unless a pause comes first: then it waits again."),
    ),
    "started": (
        _("The playbook runs, and may be changing the host."),
        _("When it ends, the symptom is looked at."),
    ),
    "ending": (
        _("Somebody asked it to end, and it is being ended."),
        _("Its incident goes to a person: what it had changed by then is not undone by itself."),
    ),
    "dropped": (
        _("It was planned, and is not owed any more: it never started."),
        _("Nothing comes of it. Its incident tells why."),
    ),
    "lost": (
        _("The process that ran it died: what happened on the host is unknown."),
        _(
            "What was left of it was ended, and the symptom is looked at. Its incident goes on to "
            "the next step or to a person; only an idempotent step is repeated, once."
        ),
    ),
    "ok": (
        _("The playbook went through on the host that it was meant for."),
        _("Whether it helped, the verification of its incident says."),
    ),
    "failed": (
        _("The playbook did not go through. A failed run never counts as healed."),
        _("It is undone if its runbook has a rollback; then comes the next step, or a person."),
    ),
    "timed_out": (
        _("It took longer than it may, and was ended: what it had begun may be half done."),
        _("It is undone if its runbook has a rollback; then comes the next step, or a person."),
    ),
    "unreachable": (
        _("Ansible could not reach the host: most likely nothing was changed."),
        _("Its incident goes to a person. Look at the network and at SSH."),
    ),
    "cancelled": (
        _("A person asked it to end: what it had begun may be half done."),
        _("It is undone if its runbook has a rollback; then its incident goes to a person."),
    ),
    "aborted": (
        _("What its runbook aborts for came true while it ran, so it was ended."),
        _("It is undone if its runbook has a rollback; then its incident goes to a person."),
    ),
    "rehearsed": (
        _("A rehearsal: nothing was changed, nothing is healed by it, and it counts nowhere."),
        _("Nothing comes of it."),
    ),
}


def standing(run: Run) -> str:
    """Which of WORDS tells how it is with this run."""
    if run.outcome is Outcome.LOST or run.state is RunState.LOST:
        return "lost"
    if run.outcome is not None:
        return "rehearsed" if run.check and run.outcome is Outcome.OK else str(run.outcome)
    if run.state is RunState.PLANNED and run.due_at is None:
        return "owed"
    return "ending" if run.live and run.cancel_requested else str(run.state)


def pace(run: Run, usual: float | None, now: float) -> str:
    """How long it takes against what is usual: `longer`, `shorter`, `as_usual`; "" when nobody
    can say. A run that goes on is never short."""
    if run.started_at is None or usual is None:
        return ""
    took = (run.finished_at if run.finished_at is not None else now) - run.started_at
    if took > max(usual * 2, usual + 5):
        return "longer"
    short = run.finished_at is not None and took < usual / 2 and usual - took > 5
    return "shorter" if short else "as_usual"
