"""What a page says: what failed, what was tried, the numbers, the guide, how to acknowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autofix.core.deadlines import deadlines_of
from autofix.core.durations import human
from autofix.core.incidents import Incident
from autofix.core.inert import inert
from autofix.core.reasons import told
from autofix.core.runbooks import Runbook
from autofix.core.runs import Run, RunKind
from autofix.core.vocabulary import spoken
from autofix.core.words import ENGLISH, Words

GUIDE_LINES = 12
#: Stands in the stored text. At each sending it gives way to a link with a fresh code, or goes.
ACK_LINE = "acknowledge: by a one-time link, which is put in here when this is sent"


@dataclass(frozen=True)
class Message:
    """A page's words, before it has a policy and a place in the outbox."""

    title: str
    text: str
    dedup_key: str
    data: Mapping[str, Any] = field(default_factory=dict)


def compose(
    incident: Incident,
    runbook: Runbook,
    runs: Sequence[Run],
    why: str,
    now: float,
    call: int = 1,
    words: Words = ENGLISH,
) -> Message:
    """The page about an incident. `runs` oldest first; `why` says why a person is called.

    `call` counts the calls about it: from the second on, nobody answered the ones before.
    """
    title = words.gettext("[{severity}] {title} on {target}: {why}").format(
        severity=incident.severity,
        title=runbook.title,
        target=incident.target,
        why=_short(why, words),
    )
    if call > 1:
        title += words.gettext(" (call {number})").format(number=call)
    parts = [
        _head(incident, runbook, why, now, call, words),
        _numbers(incident, runbook, words),
        _tried(runs, words),
        _guide(runbook, words),
        _how_on(incident, words),
    ]
    data = {
        "incident": incident.id,
        "runbook": incident.runbook,
        "host": incident.host,
        "subject": incident.subject,
        "state": str(incident.state),
        "reason": why,
    }
    key = f"autofix:{incident.id}:{incident.runbook}:{incident.target}"
    return Message(inert(title, 250), "\n\n".join(part for part in parts if part), key[:255], data)


def compose_over(
    incident: Incident, dedup_key: str, by: str = "", words: Words = ENGLISH
) -> Message:
    """What closes the page with this key; or, with `by`, says who took it."""
    over = words.gettext("[{severity}] over: {runbook} on {target}")
    taken = words.gettext("[{severity}] acknowledged: {runbook} on {target}")
    title = (taken if by else over).format(
        severity=incident.severity, runbook=incident.runbook, target=incident.target
    )
    text = words.gettext(
        "incident {number} is {state}: {why}\nlook: autofix incidents show {number}"
    ).format(
        number=incident.id,
        state=_state(incident, words),
        why=inert(told(incident.reason, words), 500),
    )
    data = {
        "incident": incident.id,
        "runbook": incident.runbook,
        "host": incident.host,
        "subject": incident.subject,
        "state": str(incident.state),
        "by": by,
    }
    return Message(inert(title, 250), text, dedup_key, data)


def compose_blind(
    runbook: Runbook, host: str, misses: int, why: str, words: Words = ENGLISH
) -> Message:
    """The page when a trigger's probe could not look: nothing is known, so nothing was done."""
    title = words.gettext("[{severity}] autofix can't see {host} for {title}").format(
        severity=runbook.severity, host=host, title=runbook.title
    )
    text = words.gettext(
        "The probe failed {misses} times in a row: {why}\n"
        "Nothing was done: a target that can't be looked at is not repaired.\n\n"
        "Look: autofix why {runbook} --host {host}"
    ).format(misses=misses, why=inert(told(why, words), 300), runbook=runbook.name, host=host)
    key = f"autofix:blind:{runbook.name}:{host}"
    return Message(inert(title, 250), text, key[:255], {"runbook": runbook.name, "host": host})


def _state(incident: Incident, words: Words) -> str:
    """English names it as commands do."""
    state = str(incident.state)
    return state if words.language == "en" else words.pgettext("state", spoken(state))


def _short(why: str, words: Words) -> str:
    """The reason's first clause when the whole is too long for a headline."""
    return told(why if len(why) <= 90 else why.partition(": ")[0], words)


def _head(
    incident: Incident, runbook: Runbook, why: str, now: float, call: int, words: Words
) -> str:
    lines = [
        runbook.title,
        words.gettext("host: {host}   incident: {number}   runbook: {runbook}").format(
            host=incident.target, number=incident.id, runbook=runbook.name
        ),
        words.gettext("open for {span}, seen by {origin}").format(
            span=human(now - incident.opened_at),
            origin=words.pgettext("origin", str(incident.origin)),
        ),
        words.gettext("why you are called: {why}").format(why=inert(told(why, words), 500)),
    ]
    if due := [each.words(now, words) for each in deadlines_of(incident, now) if each.open]:
        lines.append(words.gettext("deadlines: {deadlines}").format(deadlines=", ".join(due)))
    if call > 1:
        unsolved = words.gettext("this is call {number}: it is not solved yet")
        silent = words.gettext("this is call {number}: nobody has acknowledged it yet")
        said = silent if incident.answered_at is None else unsolved
        lines.append(said.format(number=call))
    if incident.live:
        lines.append(ACK_LINE)
    return "\n".join(lines)


def _numbers(incident: Incident, runbook: Runbook, words: Words) -> str:
    names = sorted(runbook.verify.until.names) if runbook.verify else []
    line = words.gettext("{name}: {before} before, {now} now")
    lines = [
        "  "
        + line.format(
            name=name,
            before=_show(incident.facts_before.get(name), words),
            now=_show(incident.facts.get(name), words),
        )
        for name in names
        if "." not in name
    ]
    return "\n".join([words.gettext("what was measured:"), *lines]) if lines else ""


def _show(value: Any, words: Words) -> str:
    if value is None:
        return words.gettext("unknown")
    return f"{value:.4g}" if isinstance(value, float) else inert(str(value), 120)


def _tried(runs: Sequence[Run], words: Words) -> str:
    if not runs:
        return words.gettext("what was tried: nothing was run")
    return "\n".join([words.gettext("what was tried:"), *(_one_run(run, words) for run in runs)])


def _one_run(run: Run, words: Words) -> str:
    kind = words.pgettext("kind", str(run.kind))
    label = "" if run.kind is RunKind.FIX else f" ({kind})"
    ended = str(run.outcome or run.state)
    if words.language != "en":
        ended = words.pgettext("outcome" if run.outcome else "run", spoken(ended))
    why = f": {inert(told(run.reason, words), 200)}" if run.reason else ""
    line = words.gettext("step {step}{label} {playbook} → {ended}{why}   [run {number}]")
    return "  " + line.format(
        step=run.step + 1, label=label, playbook=run.playbook, ended=ended, why=why, number=run.id
    )


def _guide(runbook: Runbook, words: Words) -> str:
    lines = runbook.about.strip().splitlines()
    if not lines:
        return ""
    more = ["  …"] if len(lines) > GUIDE_LINES else []
    shown = (f"  {line}" for line in lines[:GUIDE_LINES])
    return "\n".join([words.gettext("the guide:"), *shown, *more])


def _how_on(incident: Incident, words: Words) -> str:
    verb = "approve" if incident.state == "awaiting_approval" else "ack"
    return words.gettext(
        "next: autofix incidents {verb} {number}\nlook: autofix incidents show {number}"
    ).format(verb=verb, number=incident.id)
