"""A password, typed twice or from standard input. Never from the command line: every user of the
machine could read it there."""

from __future__ import annotations

import sys

import click

from autofix.core.inert import inert
from autofix.errors import UsageError

LARGEST = 4096


def asked(name: str) -> str:
    if sys.stdin.isatty():
        said = f"password of {inert(name, 80)}"
        value: str = click.prompt(
            said, hide_input=True, confirmation_prompt="and again", err=True, default=""
        )
        return _some(value)
    try:
        given = sys.stdin.buffer.read(LARGEST).decode()
    except UnicodeDecodeError:
        raise UsageError("the password is not text") from None
    return _some(given.rstrip("\r\n"))


def _some(value: str) -> str:
    if not value:
        raise UsageError("no password was given", hint="type it, or write it to standard input")
    return value
