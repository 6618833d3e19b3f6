"""The runbooks of the stories: every kind of step that a crash could cut in two."""

from __future__ import annotations

from autofix.core.conditions import parse
from autofix.core.runbooks import (
    AlertTrigger,
    Attempts,
    Guards,
    ProbeTrigger,
    Runbook,
    Step,
    Verify,
)

HOSTS = ("r1", "r2", "r3")
SICK = 0.95  # a fact above 0.9 is a symptom


def _watched(fact: str) -> dict[str, object]:
    return {
        "verify": Verify("facts", parse(f"{fact} < 0.85"), within=4, hold=2, every=2),
        "triggers": (
            ProbeTrigger("facts", "redis", parse(f"{fact} > 0.9"), every=10),
            AlertTrigger(fact),
        ),
        "guards": Guards(cooldown=20, attempts=Attempts(3, 86400), at_once=2, hold_limit=900),
    }


LADDER = Runbook(
    "ladder",
    "Three steps, what is put back after the second, what undoes the third",
    fix=(
        Step("first.yml"),
        Step("second.yml", afterwards="second-back.yml"),
        Step("third.yml", rollback="third-undo.yml"),
    ),
    **_watched("memory"),  # type: ignore[arg-type]
)
UNDOING = Runbook(
    "undoing",
    "A step that is undone, and another one",
    fix=(
        Step("try.yml", rollback="try-undo.yml", afterwards="try-back.yml"),
        Step("other.yml", afterwards="other-back.yml"),
    ),
    **_watched("load"),  # type: ignore[arg-type]
)
GENTLE = Runbook(
    "gentle",
    "May be repeated",
    fix=(Step("gentle.yml", afterwards="gentle-back.yml"),),
    idempotent=True,
    **_watched("lag"),  # type: ignore[arg-type]
)
TASK = Runbook("task", "A task that checks itself", fix=(Step("task.yml"),), verify=None)
BOOKS = {book.name: book for book in (LADDER, UNDOING, GENTLE, TASK)}
FACTS = {"memory": LADDER, "load": UNDOING, "lag": GENTLE}
