"""The verdict on a run: OK only when everything says so, otherwise a named reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autofix.ansible.ledger import Tally
from autofix.ansible.text import one_line
from autofix.core import durations
from autofix.core.runs import Outcome

_ERROR_LINE = re.compile(r"^(?:\[ERROR\]:|ERROR!)\s*(.*)", re.MULTILINE)
_ORIGIN = re.compile(r"^Origin: (.+)$", re.MULTILINE)
#: How ansible-core 2.18 says the same two things.
_SYNTAX = re.compile(r"^(Syntax Error while loading YAML\.\s+.*)$", re.MULTILINE)
_PLACE = re.compile(r"The error appears to be in '([^']+)': line (\d+), column (\d+)")


@dataclass(frozen=True)
class Ending:
    """How the processes ended. `rc` is ansible-playbook's; None when it did not get that far."""

    rc: int | None = None
    said: str = ""  # what ansible-playbook printed, beside the events
    cancelled: bool = False
    timed_out: float | None = None  # after this many seconds
    killed: bool = False  # the executor went without its last word
    missing: bool = False  # numbered events are missing, the last one included


Verdict = tuple[Outcome, str]


def judge(tally: Tally, ending: Ending, host: str, *, check: bool = False) -> Verdict:
    """The outcome and its reason in one line."""
    for verdict in _objections(tally, ending, host):
        return verdict
    if check:
        would = f"{tally.changed} of {_tasks(tally.done)} would change something"
        return Outcome.OK, f"check mode: {would}"
    ignored = f", {tally.ignored} failed and ignored" if tally.ignored else ""
    return Outcome.OK, f"{_tasks(tally.done)} went well, {tally.changed} changed something{ignored}"


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _objections(tally: Tally, ending: Ending, host: str) -> Iterator[Verdict]:
    """Everything that speaks against a success, the weightiest first."""
    yield from _wrong_host(tally, host)
    if ending.timed_out is not None:
        yield Outcome.TIMED_OUT, f"timed out after {durations.human(ending.timed_out)}"
    if ending.cancelled:
        yield Outcome.CANCELLED, "cancelled"
    if ending.killed:
        said = f" ({one_line(ending.said)})" if ending.said.strip() else ""
        yield Outcome.FAILED, f"the run was killed: how far it got is unknown{said}"
    if tally.unreachable:
        yield Outcome.UNREACHABLE, f"{host} was unreachable: {tally.unreachable}"
    yield from _bad_end(tally, ending)
    yield from _bad_statistics(tally, host)
    yield from _nothing_done(tally, host)


def _wrong_host(tally: Tally, host: str) -> Iterator[Verdict]:
    if not tally.stranger:
        return
    if tally.refused and tally.stranger == host:
        reason = f"{host} is not in the inventory as a host"
    elif tally.refused:
        reason = f"would run on a host that was not approved: {tally.stranger} (ended before that)"
    else:
        reason = f"ran on a host that was not approved: {tally.stranger}"
    yield Outcome.FAILED, reason


def _bad_end(tally: Tally, ending: Ending) -> Iterator[Verdict]:
    """Ansible ended badly, or its events do not tell the whole run."""
    if tally.failure and ending.rc != 0:
        yield Outcome.FAILED, f"failed in {tally.failure}"
    if ending.rc != 0:
        yield Outcome.FAILED, _ansible_said(ending)
    if tally.broken:
        yield Outcome.FAILED, f"an event could not be read: {one_line(tally.broken)}"
    if ending.missing or tally.stats is None:
        said = f" ({_ansible_said(ending)})" if ending.said.strip() else ""
        yield Outcome.FAILED, f"the run ended without all of its events and statistics{said}"


def _bad_statistics(tally: Tally, host: str) -> Iterator[Verdict]:
    counts = (tally.stats or {}).get(host)
    if counts is None:
        if tally.plays_without_hosts:
            yield Outcome.FAILED, f"no hosts matched: no play of the playbook is for {host}"
        else:
            yield Outcome.FAILED, f"nothing ran on {host}: no task in the playbook, or none by tags"
        return
    if counts.get("unreachable"):
        yield Outcome.UNREACHABLE, f"{host} was unreachable"
    if counts.get("failures"):
        yield Outcome.FAILED, f"failed in {tally.failure}" if tally.failure else "a task failed"
    if counts.get("rescued"):
        yield Outcome.FAILED, f"rescued, so not done: {tally.failure or 'a task failed'}"


def _nothing_done(tally: Tally, host: str) -> Iterator[Verdict]:
    counts = (tally.stats or {}).get(host, {})
    if tally.done and counts.get("ok"):
        return
    if tally.ignored:
        yield Outcome.FAILED, f"all that ran failed and was ignored: {tally.ignored_failure}"
    elif tally.checked:
        yield Outcome.FAILED, "the playbook's tasks ran in check mode only: nothing was changed"
    elif tally.skipped:
        yield Outcome.FAILED, f"every task was skipped on {host}"
    else:
        yield Outcome.FAILED, f"nothing ran on {host}: no task in the playbook, or none by tags"


def _ansible_said(ending: Ending) -> str:
    """Ansible's own error line, with the place it names."""
    error = _ERROR_LINE.search(ending.said)
    if error:
        syntax = _SYNTAX.search(ending.said)
        what = (syntax or error).group(1)
        return one_line(f"ansible-playbook: {what}{_place(ending.said)}")
    last = ending.said.strip().splitlines()[-1:] or ["it said nothing"]
    return one_line(f"ansible-playbook ended with {ending.rc}: {last[0]}")


def _place(said: str) -> str:
    if origin := _ORIGIN.search(said):
        return f" ({origin.group(1)})"
    place = _PLACE.search(said)
    return f" ({':'.join(place.groups())})" if place else ""
