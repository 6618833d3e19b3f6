"""Words that stand in the store and are shown in the reader's language: states, outcomes, roles …

The filter `word` asks the catalogue for them by kind: `"timed_out" | word("outcome")` is
`pgettext("outcome", "timed out")`. What is asked for so in a template must stand here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from autofix.core import triggers
from autofix.core.alerts import DeliveryState, Verdict
from autofix.core.breakers import BreakerState
from autofix.core.deadlines import DeadlineState
from autofix.core.guards import GUARDS
from autofix.core.incidents import Origin, State
from autofix.core.pages import PageKind, PageState
from autofix.core.previews import Foresight
from autofix.core.roles import Role
from autofix.core.runs import Outcome, RunKind, RunState
from autofix.core.severities import Kind
from autofix.core.signals import SignalState

#: What happens in a run, and what Ansible counts in the end.
EVENTS = [
    "start",
    "play",
    "task",
    "ok",
    "changed",
    "failed",
    "unreachable",
    "skipped",
    "ignored",
    "output",
    "stats",
    "notice",
]
STATS = ["ok", "changed", "unreachable", "failures", "skipped", "rescued", "ignored"]
#: Fields of forms, where what was typed is shown once more to be sent again.
FIELDS = [
    "name", "role", "runbooks", "all_runbooks", "password", "old_password", "new_password",
    "password_again", "code", "secret_value", "token_name", "owner", "days", "runbook", "host",
    "group", "labels", "lasts", "until", "starts_at", "reason", "scope", "cancel_running",
    "note", "text", "step", "accept", "source", "body", "subject", "check",
]  # fmt: skip

_NAMES: Mapping[str, Iterable[str]] = {
    "state": State,
    "origin": Origin,
    "run": RunState,
    "kind": RunKind,  # of a run
    "outcome": Outcome,
    "page": PageState,
    "page-kind": PageKind,
    "verdict": Verdict,
    "watch": triggers.Verdict,
    "delivery": DeliveryState,
    "signal": SignalState,
    "deadline": Kind,
    "deadline state": DeadlineState,
    "breaker": BreakerState,
    "role": Role,
    "guard": GUARDS,
    "foresight": Foresight,
    "event": EVENTS,
    "stats": STATS,
    "field": FIELDS,
}
#: The words of each kind.
WORDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(map(str, names)) for kind, names in _NAMES.items()
}


def spoken(name: str) -> str:
    """A stored word as people read it, in English."""
    return str(name).replace("_", " ")


def every() -> Iterator[tuple[str, str]]:
    """(kind, word) of all there are."""
    for kind, names in WORDS.items():
        for name in sorted(names):
            yield kind, spoken(name)
