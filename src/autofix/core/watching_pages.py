"""What the sentinel says to a person: which server, since when, what is open, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.core.pages import Page, PageKind
from autofix.core.reasons import told
from autofix.core.vocabulary import spoken
from autofix.core.watching import DEATHS, WITHIN, Call, CallKind, Known, Memory, Open, Seen, silent
from autofix.core.words import ENGLISH, Words, marked

_ = marked
SHOWN = 12
CONSEQUENCE = _("Nothing is watched or repaired, and nobody is paged, until it runs again.")


def compose(
    call: Call,
    memory: Memory,
    seen: Seen,
    *,
    host: str,
    process: str,
    last: str,
    words: Words = ENGLISH,
) -> Page:
    """The page. `process`: what became of the server's process, as a marked sentence;
    `last`: when it gave its last sign, as people read it."""
    known = seen.known
    severity = min([each.severity for each in known.open if not call.closing] + ["P1"])
    title = f"[{severity}] {_headline(call, host, known, process, words)}"
    parts = [_what(call, host, process, seen, words), _last(call, memory, seen, last, words),
             _passed(call.passed, words), _open(known, words), _runs(known, words),
             _next(call, words)]  # fmt: skip
    data = {"sentinel": str(call.kind), "host": host, "open": known.total}
    kind = PageKind.CLOSING if call.closing else PageKind.CALL
    return Page(
        0, None, "default", (), severity, inert(title, 250),
        inert("\n".join(part for part in parts if part), 8000, lines=True),
        f"autofix:sentinel:{host}"[:255], seen.now, None, data=data, kind=kind,
    )  # fmt: skip


def _last(call: Call, memory: Memory, seen: Seen, last: str, words: Words) -> str:
    if call.closing:
        return words.gettext("last sign: {at}").format(at=last)
    quiet = human(max(silent(memory, seen), 0))
    return words.gettext("last sign: {at} ({span} without one)").format(at=last, span=quiet)


def _headline(call: Call, host: str, known: Known, process: str, words: Words) -> str:
    """`process` says what became of it in English: one that is there hangs."""
    hangs = "is there" in process
    said = {
        CallKind.OUTAGE: _outage(hangs, again=call.again, words=words),
        CallKind.DEADLINE: words.gettext("autofix on {host} does not run, and {due}"),
        CallKind.TAKEN_OVER: words.gettext("autofix on {host} hangs; another server has taken over")
        if hangs
        else words.gettext("autofix on {host} has stopped; another server has taken over"),
        CallKind.LEFT_OPEN: words.gettext("autofix on {host} was stopped and left {left}"),
        CallKind.NOT_STARTED: words.gettext(
            "autofix on {host} was not started since the machine was"
        ),
        CallKind.FLAPPING: words.gettext("autofix on {host} still dies again and again")
        if call.again
        else words.gettext("autofix on {host} dies again and again"),
        CallKind.BACK: words.gettext("autofix on {host} runs again"),
        CallKind.ENDED: words.gettext("autofix on {host} was stopped in order"),
    }[call.kind]
    due = _fall_due(call.passed, words) if call.kind is CallKind.DEADLINE else ""
    left, count = _left(known, words), total(known.total, words)
    return said.format(host=host, count=count, due=due, left=left)


def _outage(hangs: bool, *, again: bool, words: Words) -> str:
    if hangs and again:
        return words.gettext("autofix on {host} still hangs: {count}")
    if hangs:
        return words.gettext("autofix on {host} hangs: {count}")
    if again:
        return words.gettext("autofix on {host} still has stopped: {count}")
    return words.gettext("autofix on {host} has stopped: {count}")


def total(count: int, words: Words = ENGLISH) -> str:
    """`3 incidents are open`."""
    if not count:
        return words.gettext("no incidents are open")
    said = words.ngettext("{count} incident is open", "{count} incidents are open", count)
    return said.format(count=count)


def _left(known: Known, words: Words) -> str:
    open_ = words.ngettext("{count} incident open", "{count} incidents open", known.total)
    runs = words.ngettext("{count} run unfinished", "{count} runs unfinished", len(known.runs))
    said = [open_.format(count=known.total)] if known.total else []
    said += [runs.format(count=len(known.runs))] if known.runs else []
    return words.gettext(" and ").join(said)


def _fall_due(passed: Sequence[Open], words: Words) -> str:
    if len(passed) == 1:
        [one] = passed
        said = words.gettext("incident {number} is due: {runbook} on {target}")
        return said.format(number=one.id, runbook=one.runbook, target=one.target)
    return words.gettext("{count} incidents are due").format(count=len(passed))


def _what(call: Call, host: str, process: str, seen: Seen, words: Words) -> str:
    by = inert(seen.tick.by, 100) if seen.tick and seen.tick.by else words.gettext("somebody")
    said = {
        CallKind.TAKEN_OVER: words.gettext("{leader} decides now."),
        CallKind.LEFT_OPEN: words.gettext("It was stopped in order ({by}). {consequence}"),
        CallKind.NOT_STARTED: words.gettext("It was stopped in order ({by}) before. {consequence}"),
        CallKind.FLAPPING: words.gettext(
            "It died {times} times within {span}, and was started again each time. "
            "What it does in between can't be relied on; its log says why it dies."
        ),
        CallKind.BACK: words.gettext(
            "It takes up what it left; what needs you is paged by itself."
        ),
        CallKind.ENDED: words.gettext(
            "It had stopped ticking; now it was stopped in order ({by})."
        ),
    }.get(call.kind, words.gettext("autofix on {host} does not tick: {process}. {consequence}"))
    return said.format(
        leader=inert(seen.known.leader), by=by, times=DEATHS, span=human(WITHIN), host=host,
        process=told(process, words), consequence=words.gettext(CONSEQUENCE),
    )  # fmt: skip


def _passed(passed: Sequence[Open], words: Words) -> str:
    if not passed:
        return ""
    lines = [_line(each, words) for each in passed[:SHOWN]]
    return "\n".join([words.gettext("somebody must hear of these now:"), *lines])


def _open(known: Known, words: Words) -> str:
    if not known.total:
        return total(0, words)
    shown = sorted(known.open, key=lambda each: (each.told, each.severity, each.id))[:SHOWN]
    unknown = words.gettext("{open}, {count} of them unknown to any person:")
    lines = [unknown.format(open=total(known.total, words), count=known.untold)]
    lines += [_line(each, words) for each in shown]
    more = known.total - len(shown)
    if more > 0:
        lines.append(words.gettext("  … and {more} more").format(more=more))
    return "\n".join(lines)


def _line(each: Open, words: Words) -> str:
    said = words.gettext("  {number} {severity} {runbook} on {target}: {state}")
    line = said.format(
        number=each.id, severity=each.severity, runbook=each.runbook, target=inert(each.target),
        state=words.pgettext("state", spoken(each.state)),
    )  # fmt: skip
    return line if each.told else line + words.gettext(" (nobody was told)")


def _runs(known: Known, words: Words) -> str:
    if not known.runs:
        return ""
    lines = [f"  {inert(run)}" for run in known.runs[:SHOWN]]
    return "\n".join([words.gettext("in the middle of:"), *lines])


def _next(call: Call, words: Words) -> str:
    if call.closing or call.kind is CallKind.TAKEN_OVER:
        return words.gettext("look: autofix status")
    return words.gettext("next: systemctl status autofix (or: autofix serve), then: autofix status")
