"""Guards, proofs and who is called, as people say it."""

from __future__ import annotations

from collections.abc import Iterator

from autofix.core.durations import human
from autofix.core.escalation import Policy
from autofix.core.runbooks import Approval, Guards, Verify


def proof(verify: Verify) -> str:
    hold = f", and stays so for {human(verify.hold)}" if verify.hold else ""
    seen = f"proven by probe {verify.probe} within {human(verify.within)}"
    return f"{seen}: {verify.until.text}{hold}"


def approval(asks: Approval) -> str:
    """Empty when nobody is asked."""
    if asks == "never":
        return ""
    always = "a person must approve it"
    return always if isinstance(asks, str) else f"{always} unless this is false: {asks.text}"


def batches(guards: Guards) -> str:
    """How many hosts at a time: of a run on several, all in one go is not what is done."""
    least = guards.at_once_percent
    most = f"{least:g}% of its hosts" if least is not None else _hosts(guards.at_once)
    at_once = f"{most} at the same time"
    if not guards.batches:
        return f"at most {at_once}; the others wait for their turn"
    sizes = ", then up to ".join(
        f"{each:g}%" if isinstance(each, float) else _hosts(each) for each in guards.batches
    )
    return f"first up to {sizes}; at most {at_once}; when one does not heal, the rest is left alone"


def guards(of: Guards) -> tuple[str, ...]:
    return tuple(_guards(of))


def _guards(of: Guards) -> Iterator[str]:
    if of.cooldown:
        yield f"after it has run on a target it leaves that one alone for {human(of.cooldown)}"
    tried = of.attempts
    yield (
        f"at most {_times(tried.max)} on one target within {human(tried.per)}: then its breaker "
        f"opens, for {human(tried.half_open)} or until a person resets it"
    )
    yield f"of many hosts: {batches(of)}"
    if of.hours:
        yield f"it acts by itself only while the calendar {of.hours} is open"
    if of.unless:
        yield f"it does nothing while {of.unless.text}"
    for each in of.depends_on:
        where = f"on the host {each.host.text}" if each.host else "on the same host"
        yield f"it waits while {each.runbook} has an open incident {where}"
    if of.abort_if:
        yield f"a fix that runs is stopped when {of.abort_if.text}"
    asks = approval(of.approval)
    if asks:
        yield f"before each step: {asks}"
    if of.approvers:
        yield f"these may approve: {of.approvers}"
    yield f"who is asked to approve has {human(of.approval_within)}"
    yield f"when something holds it longer than {human(of.hold_limit)}, a person is called"


def called(policy: Policy | None) -> tuple[str, ...]:
    """Who is paged, level after level; nothing when nobody is."""
    if policy is None:
        return ()
    lines, after = [], 0.0
    for level in policy.levels:
        when = f"after {human(after)}" if after else "at once"
        lines.append(f"{when}: {', else '.join(level.channels)}")
        after += level.wait
    if lines and policy.repeat is not None:
        lines.append(f"again after {human(after + policy.repeat)}, until somebody acknowledges")
    return tuple(lines)


def _hosts(number: int) -> str:
    return "1 host" if number == 1 else f"{number} hosts"


def _times(number: int) -> str:
    return "1 attempt" if number == 1 else f"{number} attempts"
