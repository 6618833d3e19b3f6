"""`autofix init` and `autofix check`: a project folder, and whether it is right."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autofix.app.starter import add_missing, first_key
from autofix.app.wiring import json_schema
from autofix.cli.output import json_option, print_json
from autofix.cli.session import given_project, site
from autofix.errors import Problem


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path | None) -> None:
    """Make FOLDER (or here) a project with the shipped runbooks; what is there stays as it is."""
    where = folder or given_project() or Path.cwd()
    added, kept = add_missing(where)
    made = first_key(where)
    for name in added:
        print(f"added {name}")
    for name in kept:
        print(f"kept  {name}")
    if made:
        print(f"\nThe key that seals the record: {made[0]}. Keep this public half elsewhere, and a")
        print(f"copy of the folder {made[2]} in a safe place:\n{made[1]}", end="")
    print(f"\n{where}: now name your hosts in inventory/hosts.yml and your channels in")
    print(f"autofix.yaml, then: autofix{f' -C {folder}' if folder else ''} check")


@click.command()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the files, for editors.")
@click.option(
    "--lint", is_flag=True, help="Also let Ansible check each playbook's syntax (slower)."
)
@json_option
def check(schema: bool, lint: bool, as_json: bool) -> None:
    """Check the settings, the inventory, every runbook and playbook. Exit code 0, or 2 with all
    that is wrong."""
    if schema:
        print_json(json_schema())
        return
    found = site().check(syntax=lint)
    errors = [each for each in found if each.level == "error"]
    if as_json:
        print_json(found)
    else:
        _print(found, errors)
    sys.exit(2 if errors else 0)


def _print(found: list[Problem], errors: list[Problem]) -> None:
    for each in found:
        word = "error" if each.level == "error" else each.level
        print(f"{word}: {each}", file=sys.stderr if errors else sys.stdout)
    warned = len(found) - len(errors)
    if errors:
        print(f"{_count(len(errors), 'error')}, {_count(warned, 'warning')}", file=sys.stderr)
    else:
        said = f" ({_count(warned, 'warning')})" if warned else ""
        print(f"everything is right{said}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
