"""`autofix probe`: what a probe sees of a host now."""

from __future__ import annotations

import sys
from typing import Any

import click

from autofix import probes
from autofix.cli.output import json_option, print_json, table
from autofix.cli.reach import desk
from autofix.core.inert import inert, shown
from autofix.errors import ProbeError, UsageError
from autofix.options import suggest


@click.command()
@click.argument("name")
@click.option("--host", required=True, help="A host of the inventory.")
@click.option(
    "--with",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the probe, as in a runbook's `with:`; the value is YAML.",
)
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=10.0, show_default=True)
@json_option
def probe(name: str, host: str, given: tuple[str, ...], timeout: float, as_json: bool) -> None:
    """Print the facts that the probe NAME gives of a host. Exit code 1 when it could not look."""
    if name not in probes.TABLE:
        raise UsageError(
            f"there is no probe {inert(name)!r}", hint=suggest(name, list(probes.TABLE))
        )
    loaded = probes.load(name)
    options = option_values(given)
    wrong = loaded.check_options(options)
    if wrong:
        raise UsageError(f"probe {name}: {'; '.join(wrong)}")
    readings = desk().look(name, host, options, timeout)
    if as_json:
        print_json(readings)
    failed = next((each.error for each in readings if each.error), "")
    if not as_json:
        for reading in readings:
            _print(loaded.facts, reading.facts)
    if failed:
        raise ProbeError(f"{name} could not look at {host}: {failed}")
    sys.exit(0)


def option_values(given: tuple[str, ...]) -> dict[str, Any]:
    """The `with:` block of these KEY=VALUE; a value such as `[a, b]` or `{a: b}` is YAML, too."""
    options = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"--with {inert(text)!r} is not KEY=VALUE", hint="write for example --with port=1"
            )
        if key in options:
            raise UsageError(f"the option {inert(key)!r} is given twice")
        options[key] = _value(value)
    return options


def _value(text: str) -> Any:
    from autofix.config import scalar
    from autofix.config.document import parse

    if text.startswith(("[", "{")):
        found = parse(f"value: {text}", "--with")
        if not found.problems and len(found.value) == 1:
            return found.value["value"]
    return scalar(text)  # such as a regular expression


def _print(known: Any, facts: Any) -> None:
    rows = [
        (
            name,
            shown(facts[name], 300),
            known[name].unit if name in known else "",
            known[name].help if name in known else "",
        )
        for name in sorted(facts)
    ]
    table(("fact", "value", "unit", "what it is"), rows, "no facts")
