"""How results are printed: tables for people, plain when piped, JSON when asked for."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TextIO, TypeVar

import click

from autofix.core.durations import human
from autofix.core.inert import inert


class Number(click.ParamType[int]):
    """A whole number from 1 to `most`; `--help` says NUMBER, without a bound nobody reaches."""

    name = "number"

    def __init__(self, most: int) -> None:
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
            self.fail(f"{text!r} is not a number", param, ctx)
        if not 1 <= int(text) <= self.most:
            self.fail(f"{text} is not a number from 1 to {self.most}", param, ctx)
        return int(text)


#: The number of an incident, a run or an event, as databases can hold it.
NUMBER = Number(2**63 - 1)
#: How many lines of a listing.
LIMIT = Number(1000)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
Command = TypeVar("Command", bound=Callable[..., Any])


def listing_options(command: Command) -> Command:
    """What every listing of incidents or runs can be narrowed and paged by."""
    before = "Only numbers below this: the next page."
    options = (
        click.option("--runbook", default="", help="Only of this runbook."),
        click.option("--host", default="", help="Only on this host."),
        click.option("--before", type=NUMBER, default=None, help=before),
        click.option("--limit", type=LIMIT, default=50, show_default=True),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def plain(value: Any) -> Any:
    """A JSON value of our frozen values: dataclasses, enums, sets."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(each) for key, each in asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    return value.value if isinstance(value, Enum) else value


def print_json(value: Any) -> None:
    """For programs, and inert on a terminal: what is active is escaped as JSON escapes it."""
    print(_SPECIAL.sub(_escaped, json.dumps(plain(value), ensure_ascii=False, indent=2)))


_SPECIAL = re.compile(r"[^\x20-\x7e\n]")


def _escaped(found: re.Match[str]) -> str:
    char = found.group()
    return char if inert(char) == char else json.dumps(char)[1:-1]


def silence(stream: TextIO) -> None:
    """Nobody reads this stream any more: let what is still written to it vanish, without errors."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):  # no file behind it
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """A table for people; tab-separated without colours when piped; `empty` when there is none."""
    cells = [[inert(str(cell), 400) for cell in row] for row in rows]
    if not cells:
        print(empty)
    elif sys.stdout.isatty():
        _pretty(columns, cells)
    else:
        for row in [list(columns), *cells]:
            print("\t".join(row))


def _pretty(columns: Sequence[str], cells: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    whole = _kept_whole(columns, cells, Console().width)
    for index, column in enumerate(columns):
        grid.add_column(column, overflow="fold", no_wrap=index in whole)
    for row in cells:
        grid.add_row(*(Text(cell, style=STYLES.get(cell) or _late(cell)) for cell in row))
    Console().print(grid)


#: The columns that hold sentences: these wrap, so that names stay whole.
PROSE = frozenset({"why", "what", "found", "mend", "reason", "what it is", "deadline"})
#: So wide a column of sentences can still be read.
LEGIBLE = 16


def _kept_whole(columns: Sequence[str], cells: list[list[str]], width: int) -> set[int]:
    """The columns that are not wrapped: as many names as leave the sentences room, short first."""
    widest = [max(map(len, each)) for each in zip(columns, *cells, strict=True)]
    prose = {index for index, column in enumerate(columns) if column in PROSE}
    room = width - 2 * len(columns) - sum(min(widest[index], LEGIBLE) for index in prose)
    whole = set()
    for index in sorted(set(range(len(columns))) - prose, key=lambda index: widest[index]):
        room -= widest[index]
        if room < 0:
            break
        whole.add(index)
    return whole


def _late(cell: str) -> str:
    missed = re.fullmatch(r"(answer|triage|workaround|solution) missed .* ago", cell)
    return "bold red" if missed else ""


STYLES = {
    "healed": "green",
    "done": "green",
    "ok": "green",
    "sent": "green",
    "recovered": "green",
    "resolved": "green",
    "escalated": "bold red",
    "failed": "red",
    "timed_out": "red",
    "unreachable": "red",
    "lost": "red",
    "cancelled": "yellow",
    "held": "yellow",
    "awaiting_approval": "yellow",
    "fixing": "cyan",
    "verifying": "cyan",
    "rolling_back": "cyan",
    "acknowledged": "magenta",
    "P0": "bold red",
    "P1": "red",
}


def when(at: float | None) -> str:
    """A moment as the reader's clock shows it."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(at: float | None, now: float) -> str:
    return "-" if at is None else f"{human(max(now - at, 0))} ago"
