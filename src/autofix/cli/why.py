"""`autofix why`: the answer to "why did it not run?", in words."""

from __future__ import annotations

import click

from autofix.cli.output import json_option, print_json
from autofix.cli.reach import desk
from autofix.core.inert import inert


@click.command()
@click.argument("runbook")
@click.option("--host", required=True, help="A host of the inventory.")
@json_option
def why(runbook: str, host: str, as_json: bool) -> None:
    """Say what each trigger saw, what every guard says, and what would happen now."""
    answer = desk().why(runbook, host)
    if as_json:
        print_json(answer)
        return
    print(f"{inert(runbook)} on {inert(host)}")
    for line in answer.lines:
        print(f"  {inert(line, 1000)}")
    print(f"→ {inert(answer.verdict, 1000)}")
