"""What a digest says: a storm in one page, with a count, names, and how to see and take all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autofix.core.inert import inert
from autofix.core.messages import ACK_LINE, Message
from autofix.core.pages import Member, Page
from autofix.core.reasons import told
from autofix.core.runbooks import Runbook
from autofix.core.words import ENGLISH, Words

#: How many of a digest's members are named in its text; the others are counted.
NAMED = 50


def compose_digest(
    page: Page,
    runbook: Runbook,
    waiting: Sequence[Member],
    joined: int,
    words: Words = ENGLISH,
) -> Message:
    """The words of `page`. `waiting`: all who need somebody; `joined`: how many had joined, those
    that are over by now included."""
    incidents = [each.incident for each in waiting if each.incident is not None]
    what = _what(runbook, len(waiting), len(incidents) == len(waiting), words)
    lines = [
        _came(what, joined - len(waiting), words),
        words.gettext("runbook: {runbook}   policy: {policy}, level {level}").format(
            runbook=runbook.name, policy=page.policy, level=page.level + 1
        ),
        words.gettext("why one page: they came within minutes of each other"),
        ACK_LINE,
        "",
        *(_line(each, words) for each in waiting[:NAMED]),
    ]
    if len(waiting) > NAMED:
        lines.append(words.gettext("  … and {more} more").format(more=len(waiting) - NAMED))
    lines += ["", words.gettext("see all: autofix pages show {page}").format(page=page.id)]
    if incidents:
        take = words.gettext("take all: autofix incidents ack --page {page}")
        lines.append(take.format(page=page.id))
    title = inert(f"[{page.severity}] {what}", 250)
    data = {"runbook": runbook.name, "count": len(waiting), "incidents": incidents}
    return Message(title, "\n".join(lines), page.dedup_key, data)


def _what(runbook: Runbook, count: int, incidents: bool, words: Words) -> str:
    of = words.ngettext("{count} incident of {title}", "{count} incidents of {title}", count)
    about = words.ngettext("{count} call about {title}", "{count} calls about {title}", count)
    return (of if incidents else about).format(count=count, title=runbook.title)


def _came(what: str, gone: int, words: Words) -> str:
    if not gone:
        return what
    return words.gettext("{what}; {gone} more came and went").format(what=what, gone=gone)


def _line(member: Member, words: Words) -> str:
    target, why = inert(member.target, 120), inert(told(member.why, words), 160)
    if not member.incident:
        return f"  {target}: {why}"
    line = words.gettext("incident {number} on {target}: {why}")
    return "  " + line.format(number=member.incident, target=target, why=why)


def also(before: Member, member: Member) -> Member:
    """One that is called about once more while the digest gathers: the newest reason first."""
    why = before.why
    if member.why not in why:
        why = inert(f"{member.why}; before that: {why}", 500)
    return replace(before, why=why, lasting=before.lasting or member.lasting)
