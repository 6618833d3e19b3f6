"""What a digest says: a storm in one page, with a count, names, and how to see and take all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autofix.core.inert import inert
from autofix.core.messages import ACK_LINE, Message
from autofix.core.pages import Member, Page
from autofix.core.runbooks import Runbook

#: How many of a digest's members are named in its text; the others are counted.
NAMED = 50


def compose_digest(page: Page, runbook: Runbook, waiting: Sequence[Member], joined: int) -> Message:
    """The words of `page`. `waiting`: all who need somebody; `joined`: how many had joined, those
    that are over by now included."""
    incidents = [each.incident for each in waiting if each.incident is not None]
    what = f"{len(waiting)} {'incidents of' if len(incidents) == len(waiting) else 'calls about'}"
    gone = joined - len(waiting)
    lines = [
        f"{what} {runbook.title}" + (f"; {gone} more came and went" if gone else ""),
        f"runbook: {runbook.name}   policy: {page.policy}, level {page.level + 1}",
        "why one page: they came within minutes of each other",
        ACK_LINE,
        "",
        *map(_line, waiting[:NAMED]),
    ]
    if len(waiting) > NAMED:
        lines.append(f"  … and {len(waiting) - NAMED} more")
    lines += ["", f"see all: autofix pages show {page.id}"]
    if incidents:
        lines.append(f"take all: autofix incidents ack --page {page.id}")
    title = inert(f"[{page.severity}] {what} {runbook.title}", 250)
    data = {"runbook": runbook.name, "count": len(waiting), "incidents": incidents}
    return Message(title, "\n".join(lines), page.dedup_key, data)


def _line(member: Member) -> str:
    number = f"incident {member.incident} on " if member.incident else ""
    return f"  {number}{inert(member.target, 120)}: {inert(member.why, 160)}"


def also(before: Member, member: Member) -> Member:
    """One that is called about once more while the digest gathers: the newest reason first."""
    why = before.why
    if member.why not in why:
        why = inert(f"{member.why}; before that: {why}", 500)
    return replace(before, why=why, lasting=before.lasting or member.lasting)
