"""`autofix secrets` and `autofix keys`: what autofix itself keeps, and the key to it."""

from __future__ import annotations

import sys

import click

from autofix.cli.output import ago, json_option, print_json, table
from autofix.cli.reach import desk, now
from autofix.core.inert import inert
from autofix.errors import UsageError

#: Characters read from standard input at most; the desk says what is too large.
LARGEST = 256 * 1024


@click.group(invoke_without_command=True)
@click.pass_context
def secrets(ctx: click.Context) -> None:
    """List (the default), set and remove the secrets that autofix keeps: `x_kept: NAME` in the
    settings."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_secrets)


@secrets.command("set")
@click.argument("name")
def set_secret(name: str) -> None:
    """Keep a secret as NAME. Its value is asked for, or read from standard input."""
    desk().keep_secret(name, _value(name))
    kept = inert(name, 80)
    print(f"kept {kept}: in the settings, a secret x (url, password, …) takes it as x_kept: {kept}")


def _value(name: str) -> str:
    """Never from the command line: every user of the machine can see that."""
    if sys.stdin.isatty():
        value: str = click.prompt(f"value of {inert(name, 80)}", hide_input=True, err=True)
        return value
    given = sys.stdin.buffer.read(LARGEST)
    try:
        return given.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(
            "the secret is not text", hint="encode it, for example in base64"
        ) from None


@secrets.command("list")
@json_option
def list_secrets(as_json: bool) -> None:
    """Names, since when, by whom; never a value."""
    found = desk().kept_secrets()
    if as_json:
        print_json(found)
        return
    moment = now()
    rows = [(each["name"], ago(each["at"], moment), each["by"]) for each in found]
    table(("name", "kept", "by"), rows, "no secrets are kept")


@secrets.command("remove")
@click.argument("name")
def remove_secret(name: str) -> None:
    """Drop a kept secret. What names it in the settings is wrong from then on."""
    desk().remove_secret(name)
    print(f"removed {inert(name, 80)}")


@click.group()
def keys() -> None:
    """The key to kept secrets. That of the record is `autofix audit key`."""


@keys.command()
@json_option
def rotate(as_json: bool) -> None:
    """Make a new key, and seal everything that is kept anew with it."""
    done = desk().rotate_keys()
    if as_json:
        print_json(done)
        return
    count = done["secrets"]
    said = "1 secret was" if count == 1 else f"{count} secrets were"
    print(f"key {done['new']} follows {done['old']}: {said} sealed anew")
    print("keep a copy of the new key where the backups of the store are not")
