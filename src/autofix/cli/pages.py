"""`autofix pages`: who was told of what, by which channel, when, and what failed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from autofix.cli import calls
from autofix.cli.output import LIMIT, NUMBER, ago, json_option, plain, print_json, table, when
from autofix.cli.reach import desk, now
from autofix.core.audit import AuditEntry
from autofix.core.inert import inert
from autofix.core.pages import Member, Page, PageKind, PageState


@click.group(invoke_without_command=True)
@click.pass_context
def pages(ctx: click.Context) -> None:
    """Pages: list, show."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@pages.command("list")
@click.option("--waiting", is_flag=True, help="Only those that no channel has taken yet.")
@click.option("--incident", type=NUMBER, default=None, help="Only about this incident.")
@click.option("--runbook", default="", help="Only of this runbook.")
@click.option("--before", type=NUMBER, default=None, help="Only numbers below this: the next page.")
@click.option("--limit", type=LIMIT, default=50, show_default=True)
@json_option
def list_(
    waiting: bool = False,
    incident: int | None = None,
    runbook: str = "",
    before: int | None = None,
    limit: int = 50,
    as_json: bool = False,
) -> None:
    """The latest pages, newest first."""
    found = desk().pages(
        incident=incident, runbook=runbook, waiting=waiting, before=before, limit=limit
    )
    if as_json:
        print_json(found)
        return
    at = now()
    rows = [
        (
            page.id,
            page.severity,
            page.kind,
            page.state,
            page.sent_by or "-",
            ago(page.created_at, at),
            page.title if page.state is not PageState.QUEUED else _waiting(page, at),
        )
        for page in found
    ]
    empty = "every page was taken" if waiting else "no pages yet"
    table(("id", "sev", "kind", "state", "taken by", "queued", "what"), rows, empty)


def _waiting(page: Page, at: float) -> str:
    return f"{page.title} [{calls.became(page, at)}]"


@pages.command()
@click.argument("number", type=NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """One page: its words, who it is about, and each try to send it."""
    story = desk().page(number)
    if as_json:
        print_json({**plain(story.page), "members": story.members, "record": story.record})
        return
    _show(story.page, story.members, story.record, now())


def _show(page: Page, members: Sequence[Member], record: Sequence[AuditEntry], at: float) -> None:
    print(f"page {page.id}  {page.kind}  {page.state} {calls.became(page, at)}")
    print(f"  {inert(page.title, 250)}")
    level = f", level {page.level + 1}" if page.kind in (PageKind.CALL, PageKind.DIGEST) else ""
    print(f"  policy {page.policy or '-'}{level}: {', '.join(page.channels) or 'no channels'}")
    print(f"  queued {when(page.created_at)}")
    for line in calls.attempts(record, page):
        print(f"  {line}")
    print()
    for line in inert(page.text, 60_000, lines=True).splitlines():
        print(f"  {line}".rstrip())
    if members:
        print(f"\n  all {len(members)} that it is about:")
    for each in members:
        number = f"incident {each.incident} on " if each.incident else ""
        print(f"    {number}{inert(each.target, 120)}: {inert(each.why, 200)}")
