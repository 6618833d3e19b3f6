"""`autofix tokens`: what programs show, and what senders of alerts show."""

from __future__ import annotations

import click

from autofix.cli.output import NUMBER, ago, json_option, plain, print_json, table
from autofix.cli.reach import desk, now
from autofix.cli.users import ROLE
from autofix.core import durations
from autofix.core.accounts import Token
from autofix.core.durations import human
from autofix.core.inert import MASK, inert
from autofix.core.roles import Role
from autofix.errors import UsageError


@click.group(invoke_without_command=True)
@click.pass_context
def tokens(ctx: click.Context) -> None:
    """Tokens of programs: list, add, revoke."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@tokens.command("list")
@click.option("--all", "everybody", is_flag=True, help="Those of others, too: administrators.")
@json_option
def list_(everybody: bool = False, as_json: bool = False) -> None:
    """One's own tokens; what they show is nowhere."""
    found = desk().tokens(everybody=everybody)
    if as_json:
        print_json([shown(token) for token in found])
        return
    moment = now()
    rows = [
        (t.id, t.name, t.owner, may(t), _stands(t, moment), ago(t.used_at, moment)) for t in found
    ]
    others = "no tokens of yours (those of others: autofix tokens list --all)"
    empty = "no tokens" if everybody else others
    table(("id", "name", "owner", "may", "state", "last used"), rows, empty)


@tokens.command()
@click.argument("name")
@click.option("--lasts", required=True, metavar="DURATION", help="30d, 90d; 366d at most.")
@click.option("--owner", default="", help="For whom it acts; you, if nobody is named.")
@click.option("--role", "given", type=ROLE, multiple=True, help="No more than these roles.")
@click.option("--runbook", "runbooks", multiple=True, help="Only these runbooks.")
@click.option("--source", default="", help="For posting alerts to this source, and nothing else.")
@json_option
def add(
    name: str,
    lasts: str,
    owner: str,
    given: tuple[str, ...],
    runbooks: tuple[str, ...],
    source: str,
    as_json: bool,
) -> None:
    """Make a token. It is shown this once, on standard output, and is kept nowhere."""
    try:
        seconds = durations.parse(lasts)
    except ValueError as error:
        raise UsageError(f"--lasts: {error}") from None
    wanted = [Role(role) for role in given]
    token, secret = desk().add_token(
        name,
        lasts=seconds,
        owner=owner,
        roles=wanted,
        runbooks=list(runbooks) or None,
        source=source,
    )
    if as_json:
        print_json({"token": shown(token), "secret": secret})
        return
    click.echo(
        f"token {token.id} of {token.owner}: {may(token)}; {_stands(token, now())}", err=True
    )
    click.echo("what follows is shown this once:", err=True)
    print(secret)


@tokens.command()
@click.argument("number", type=NUMBER)
@json_option
def revoke(number: int, as_json: bool) -> None:
    """It is good no more, from now on."""
    token = desk().revoke_token(number)
    if as_json:
        print_json(shown(token))
        return
    print(f"token {token.id} ({inert(token.name, 80)}) of {inert(token.owner, 80)} revoked")


def shown(token: Token) -> dict[str, object]:
    found: dict[str, object] = plain(token)
    return {**found, "digest": MASK}


def may(token: Token) -> str:
    runbooks = "" if token.runbooks is None else f", only {', '.join(token.runbooks) or 'none'}"
    if token.source:
        return f"posts alerts to {token.source}{runbooks}"
    return f"{', '.join(sorted(token.roles)) or 'nothing'}{runbooks}"


def _stands(token: Token, moment: float) -> str:
    if token.revoked_at is not None:
        return "revoked"
    left = token.expires_at - moment
    return f"good for another {human(left)}" if left > 0 else "expired"
