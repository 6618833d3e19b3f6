"""`autofix breaker`: targets that were tried too often, and letting one more attempt through."""

from __future__ import annotations

from dataclasses import replace

import click

from autofix.cli.output import json_option, print_json, table
from autofix.cli.session import actor, known_host, known_runbook, site
from autofix.core.durations import human
from autofix.core.inert import inert
from autofix.flow import breakers


@click.group(invoke_without_command=True)
@click.pass_context
def breaker(ctx: click.Context) -> None:
    """Breakers: list, reset."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@breaker.command("list")
@json_option
def list_(as_json: bool = False) -> None:
    """Every target whose breaker is open or half-open."""
    here = site()
    ctx = here.context(actor())
    ctx.book = replace(ctx.book, runbooks=here.project().runbooks)
    with here.store.reading() as reads:
        found = breakers.standing(ctx, reads)
    if as_json:
        print_json(found)
        return
    now = here.clock.now()
    rows = [
        (
            each.runbook,
            f"{each.host} ({each.subject})" if each.subject else each.host,
            each.breaker.state.replace("_", "-"),
            f"in {human(each.breaker.until - now)}" if each.breaker.until else "-",
            each.breaker.why,
        )
        for each in found
    ]
    table(("runbook", "host", "breaker", "half-open", "why"), rows, "every breaker is closed")


@breaker.command()
@click.argument("runbook")
@click.option("--host", required=True, help="A host of the inventory.")
@click.option("--subject", default="", help="Which one, where a host has several.")
@click.option("--reason", default="", help="A line for the record.")
@json_option
def reset(runbook: str, host: str, subject: str, reason: str, as_json: bool) -> None:
    """Let exactly one more attempt through: it heals, and the breaker is closed; or it is open
    again at once."""
    here = site()
    known_runbook(here, runbook)
    known_host(here.inventory, host)
    ctx = here.context(actor())
    ctx.book = replace(ctx.book, runbooks=here.project().runbooks)
    found = breakers.reset(ctx, actor(), runbook=runbook, host=host, subject=subject, reason=reason)
    with here.store.reading() as reads:
        live = reads.live_incident(runbook, host, subject)
    if as_json:
        print_json({"breaker": found, "incident": live})
        return
    print(f"half-open: {inert(found.why)}")
    if live is not None:
        again = f"autofix run {runbook} --host {host}"
        print(f"incident {live.id} is {live.state}: `{again}` tries again, or resolve it")
