"""`autofix users`: the people who may come in, and what each of them may do."""

from __future__ import annotations

import click

from autofix.cli.output import ago, json_option, print_json, table
from autofix.cli.passwords import asked
from autofix.cli.reach import desk, now
from autofix.core.accounts import User
from autofix.core.inert import MASK, inert
from autofix.core.roles import Role
from autofix.errors import UsageError

ROLE = click.Choice([role.value for role in Role])


@click.group(invoke_without_command=True)
@click.pass_context
def users(ctx: click.Context) -> None:
    """People who may come in: list, add, change, remove; their passwords."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@users.command("list")
@json_option
def list_(as_json: bool = False) -> None:
    """Everybody, by name."""
    found = desk().users()
    if as_json:
        print_json([shown(user) for user in found])
        return
    moment = now()
    rows = [(u.name, roles(u), _runbooks(u), _logs_in(u), ago(u.seen_at, moment)) for u in found]
    empty = "no users yet: autofix users add NAME --role admin"
    table(("name", "roles", "runbooks", "logs in", "last seen"), rows, empty)


@users.command()
@click.argument("name")
@click.option("--role", "given", type=ROLE, multiple=True, help="A role; several are possible.")
@click.option("--runbook", "runbooks", multiple=True, help="Only these may be run and approved.")
@click.option("--no-password", is_flag=True, help="Comes in by the identity provider only.")
@json_option
def add(
    name: str,
    given: tuple[str, ...],
    runbooks: tuple[str, ...],
    no_password: bool,
    as_json: bool,
) -> None:
    """Let somebody in. The password is asked for, or read from standard input."""
    if not given:
        raise UsageError("a user needs a role", hint=f"--role {'|'.join(Role)}")
    password = "" if no_password else asked(name)
    wanted = [Role(role) for role in given]
    user = desk().add_user(name, wanted, password=password, runbooks=list(runbooks) or None)
    _say(user, "added", as_json)


@users.command()
@click.argument("name")
@click.option("--role", "given", type=ROLE, multiple=True, help="These roles instead.")
@click.option("--runbook", "runbooks", multiple=True, help="Only these runbooks.")
@click.option("--all-runbooks", is_flag=True, help="All runbooks again.")
@click.option("--disable/--enable", "disabled", default=None, help="May not log in; may again.")
@click.option(
    "--drop-second-factor", is_flag=True, help="For who lost it: the password alone counts again."
)
@json_option
def change(
    name: str,
    given: tuple[str, ...],
    runbooks: tuple[str, ...],
    all_runbooks: bool,
    disabled: bool | None,
    drop_second_factor: bool,
    as_json: bool,
) -> None:
    """Change what is said. The person's sessions end: the next login is by what holds then."""
    user = desk().change_user(
        name,
        roles=[Role(role) for role in given] or None,
        runbooks=list(runbooks) or None,
        all_runbooks=all_runbooks,
        disabled=disabled,
        drop_second_factor=drop_second_factor,
    )
    _say(user, "changed", as_json)


@users.command()
@click.argument("name")
@json_option
def password(name: str, as_json: bool) -> None:
    """Give somebody a new password, asked for or read from standard input."""
    _say(desk().change_user(name, password=asked(name)), "has a new password", as_json)


@users.command()
@click.argument("name")
def remove(name: str) -> None:
    """He may not come in any more; his sessions end and his tokens are revoked."""
    desk().remove_user(name)
    print(f"{inert(name, 80)} removed")


def shown(user: User) -> dict[str, object]:
    """For programs: that there is a password, and not what stands for it."""
    from autofix.cli.output import plain

    found: dict[str, object] = plain(user)
    return {**found, "password": MASK if user.password else ""}


def roles(user: User) -> str:
    return ", ".join(sorted(user.roles))


def _runbooks(user: User) -> str:
    if user.runbooks is None:
        return "all"
    return ", ".join(user.runbooks) or "none"


def _logs_in(user: User) -> str:
    if user.disabled_at is not None:
        return "disabled"
    if not user.password:
        return "by the identity provider"
    return "password and code" if user.second_factor else "password"


def _say(user: User, what: str, as_json: bool) -> None:
    if as_json:
        print_json(shown(user))
        return
    print(f"{user.name} {what}: {roles(user)}; runbooks: {_runbooks(user)}; {_logs_in(user)}")
