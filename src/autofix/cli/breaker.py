"""`autofix breaker`: targets that were tried too often, and letting one more attempt through."""

from __future__ import annotations

import click

from autofix.cli.output import json_option, print_json, table
from autofix.cli.reach import desk, now
from autofix.core.durations import human
from autofix.core.inert import inert


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
    found = desk().breakers()
    if as_json:
        print_json(found)
        return
    at = now()
    rows = [
        (
            each.runbook,
            f"{each.host} ({each.subject})" if each.subject else each.host,
            each.breaker.state.replace("_", "-"),
            f"in {human(each.breaker.until - at)}" if each.breaker.until else "-",
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
    done = desk().reset_breaker(runbook, host, subject, reason)
    if as_json:
        print_json(done)
        return
    live = done.incident
    print(f"half-open: {inert(done.breaker.why)}")
    if live is not None:
        again = f"autofix run {runbook} --host {host}"
        print(f"incident {live.id} is {live.state}: `{again}` tries again, or resolve it")
