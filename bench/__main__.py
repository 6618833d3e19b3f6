"""Run all measurements, or those named, and print one table (`--json` for programs)."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench import Row

PREFIX = "measure_"


def names() -> list[str]:
    """Every measurement there is, by file name."""
    folder = Path(__file__).parent
    return sorted(path.stem.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*.py"))


def measured(chosen: list[str], console: Console) -> Iterator[tuple[str, Row]]:
    """Rows as they come. One that fails says so, and the others go on."""
    for name in chosen:
        console.print(f"measuring {name} …", style="dim")
        try:
            for row in import_module(f"bench.{PREFIX}{name}").measure():
                yield name, row
        except Exception as error:
            console.print(f"{name} failed: {type(error).__name__}: {error}", style="red")


def shown(value: float) -> str:
    """Three figures that matter: `0.0712`, `7.12`, `71,200`."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(rows: list[tuple[str, Row]]) -> Table:
    """All rows, a line between measurements."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    made = Table(title=f"autofix bench ({machine})", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("what", "figure", "", "aim", "note"):
        made.add_column(heading, justify="right" if heading == "figure" else "left")
    last = ""
    for name, row in rows:
        if last and name != last:
            made.add_section()
        made.add_row(row.what, shown(row.value), row.unit, row.aim, row.note)
        last = name
    return made


def main(words: list[str]) -> int:
    chosen = [word for word in words if not word.startswith("-")] or names()
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"no measurement {', '.join(unknown)}; there are {', '.join(names())}")
        return 2
    rows = list(measured(chosen, Console(stderr=True)))
    if "--json" in words:
        print(json.dumps([{"measurement": name, **asdict(row)} for name, row in rows], indent=2))
    else:
        Console().print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
