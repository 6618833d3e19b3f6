"""Why an alert did or did not fire here: the last one that came, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.alerts import Delivery, Judged, Verdict
from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.core.runbooks import AlertTrigger, Runbook
from autofix.core.signals import SignalState
from autofix.ports import Reads

#: So many posts are looked through.
LAST = 100


def latest(reads: Reads) -> list[Delivery]:
    return reads.deliveries(limit=LAST)


def alert_line(
    reads: Reads,
    posts: Sequence[Delivery],
    runbook: Runbook,
    index: int,
    trigger: AlertTrigger,
    host: str,
    now: float,
) -> str:
    """What the last such alert meant for this host; else the last that was about no host of ours,
    or was narrowed out."""
    label = f"trigger {index + 1} ({_asks(trigger)})"
    about = [
        (post, each)
        for post in posts
        for each in post.judged
        if each.alert == trigger.alert and each.runbook in (runbook.name, "")
    ]
    here = [one for one in about if one[1].host == host]
    elsewhere = [one for one in about if not one[1].host]
    if not here and not elsewhere:
        return f"{label}: no such alert among the last {LAST} posts"
    post, judged = (here or elsewhere)[0]
    came = f"{human(max(now - post.at, 0))} ago, alert {post.id} of {inert(post.source, 80)}"
    return f"{label}: {came}: {_meant(reads, judged)}"


def _asks(trigger: AlertTrigger) -> str:
    narrowed = "".join(f", {name} = {value!r}" for name, value in trigger.match.items())
    when = f", when {trigger.when.text}" if trigger.when else ""
    return inert(f"alert {trigger.alert}, host in {trigger.host}{narrowed}{when}", 300)


def _meant(reads: Reads, judged: Judged) -> str:
    if judged.verdict is Verdict.IGNORED:
        return f"fired nothing: {inert(judged.why, 300)}"
    if judged.verdict is not Verdict.FIRES or judged.signal is None:
        return f"{judged.verdict}: {inert(judged.why, 300)}"
    signal = reads.signal(judged.signal)
    if signal is None:
        return f"fired (signal {judged.signal})"
    if signal.state is SignalState.RECEIVED:
        return f"fired; signal {signal.id} waits to be handled"
    if signal.state is SignalState.MATCHED:
        return f"fired, incident {signal.incident}"
    return f"fired, and was not acted on: {inert(signal.reason, 300)}"
