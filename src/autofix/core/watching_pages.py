"""What the sentinel says to a person: which server, since when, what is open, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind
from autofix.core.watching import DEATHS, WITHIN, Call, CallKind, Known, Memory, Open, Seen, silent

SHOWN = 12
CONSEQUENCE = "Nothing is watched or repaired, and nobody is paged, until it runs again."


def compose(call: Call, memory: Memory, seen: Seen, *, host: str, process: str, last: str) -> Page:
    """The page. `process`: what became of the server's process; `last`: when it gave its last
    sign, as people read it."""
    known = seen.known
    severity = min([each.severity for each in known.open if not call.closing] + ["P1"])
    quiet = human(max(silent(memory, seen), 0))
    title = f"[{severity}] {_headline(call, host, known, process)}"
    last_sign = f"last sign: {last}" + ("" if call.closing else f" ({quiet} without one)")
    parts = [_what(call, host, process, seen), last_sign, _passed(call.passed), _open(known),
             _runs(known), _next(call)]  # fmt: skip
    data = {"sentinel": str(call.kind), "host": host, "open": known.total}
    kind = PageKind.CLOSING if call.closing else PageKind.CALL
    return Page(
        0, None, "default", (), severity, inert(title, 250),
        inert("\n".join(part for part in parts if part), 8000, lines=True),
        f"autofix:sentinel:{host}"[:255], seen.now, None, data=data, kind=kind,
    )  # fmt: skip


def _headline(call: Call, host: str, known: Known, process: str) -> str:
    still = "still " if call.again else ""
    hangs = "hangs" if "is there" in process else "has stopped"
    words = {
        CallKind.OUTAGE: f"autofix on {host} {still}{hangs}: {count(known.total)}",
        CallKind.DEADLINE: f"autofix on {host} does not run, and {_fall_due(call.passed)}",
        CallKind.TAKEN_OVER: f"autofix on {host} {hangs}; another server has taken over",
        CallKind.LEFT_OPEN: f"autofix on {host} was stopped and left {_left(known)}",
        CallKind.NOT_STARTED: f"autofix on {host} was not started since the machine was",
        CallKind.FLAPPING: f"autofix on {host} {still}dies again and again",
        CallKind.BACK: f"autofix on {host} runs again",
        CallKind.ENDED: f"autofix on {host} was stopped in order",
    }
    return words[call.kind]


def count(total: int) -> str:
    """`3 incidents are open`."""
    return (
        f"{total or 'no'} incident{'' if total == 1 else 's'} {'is' if total == 1 else 'are'} open"
    )


def _left(known: Known) -> str:
    words = [f"{known.total} incident{'' if known.total == 1 else 's'} open"] if known.total else []
    return " and ".join([*words, *([f"{len(known.runs)} runs unfinished"] if known.runs else [])])


def _fall_due(passed: Sequence[Open]) -> str:
    if len(passed) == 1:
        return f"incident {passed[0].id} is due: {passed[0].runbook} on {passed[0].target}"
    return f"{len(passed)} incidents are due"


def _what(call: Call, host: str, process: str, seen: Seen) -> str:
    by = inert(seen.tick.by, 100) if seen.tick and seen.tick.by else "somebody"
    words = {
        CallKind.TAKEN_OVER: f"{inert(seen.known.leader)} decides now.",
        CallKind.LEFT_OPEN: f"It was stopped in order ({by}). {CONSEQUENCE}",
        CallKind.NOT_STARTED: f"It was stopped in order ({by}) before. {CONSEQUENCE}",
        CallKind.FLAPPING: f"It died {DEATHS} times within {human(WITHIN)}, and was started again "
        "each time. What it does in between can't be relied on; its log says why it dies.",
        CallKind.BACK: "It takes up what it left; what needs you is paged by itself.",
        CallKind.ENDED: f"It had stopped ticking; now it was stopped in order ({by}).",
    }
    return words.get(call.kind, f"autofix on {host} does not tick: {process}. {CONSEQUENCE}")


def _passed(passed: Sequence[Open]) -> str:
    return (
        "\n".join(["somebody must hear of these now:", *map(_line, passed[:SHOWN])])
        if passed
        else ""
    )


def _open(known: Known) -> str:
    if not known.total:
        return count(0)
    shown = sorted(known.open, key=lambda each: (each.told, each.severity, each.id))[:SHOWN]
    more = known.total - len(shown)
    lines = [f"{count(known.total)}, {known.untold} of them unknown to any person:"]
    lines += map(_line, shown)
    return "\n".join([*lines, *([f"  … and {more} more"] if more > 0 else [])])


def _line(each: Open) -> str:
    unknown = "" if each.told else " (nobody was told)"
    return (
        f"  {each.id} {each.severity} {each.runbook} on {inert(each.target)}: {each.state}{unknown}"
    )


def _runs(known: Known) -> str:
    if not known.runs:
        return ""
    return "\n".join(["in the middle of:", *(f"  {inert(run)}" for run in known.runs[:SHOWN])])


def _next(call: Call) -> str:
    if call.closing or call.kind is CallKind.TAKEN_OVER:
        return "look: autofix status"
    return "next: systemctl status autofix (or: autofix serve), then: autofix status"
