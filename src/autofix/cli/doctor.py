"""`autofix doctor`: what could make autofix fail at night, and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from autofix.app.doctor.examine import examine, remember
from autofix.app.doctor.finding import Finding, Grade, count, worst_first
from autofix.app.doctor.patient import Patient
from autofix.cli.output import json_option, print_json, table
from autofix.cli.session import site


@click.command()
@click.option("--hosts", default="all", show_default=True, help="Reach these: a group or a host.")
@click.option("--no-hosts", is_flag=True, help="Reach no host.")
@click.option("--send-test-pages", is_flag=True, help="Really send a page by every channel.")
@click.option(
    "--timeout", type=click.FloatRange(1, 120), default=10.0, show_default=True,
    help="Seconds for one host, channel or witness.",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Show only what is not right.")
@json_option
def doctor(
    hosts: str, no_hosts: bool, send_test_pages: bool, timeout: float, quiet: bool, as_json: bool
) -> None:
    """Look at everything that could make autofix fail at night, and say how to mend it. Exit code
    1 when something is at fault.

    With a server or without one. Nothing is changed; hosts are only reached, as a run would.
    """
    here = site()
    patient = Patient(here, "" if no_hosts else hosts, timeout, send_test_pages)
    say = _progress(as_json)
    found = examine(patient, say)
    say("")
    remember(patient, found)
    shown = [each for each in found if not quiet or each.grade is not Grade.OK]
    if as_json:
        print_json({"counts": count(found), "findings": worst_first(shown)})
    else:
        _print(shown, count(found))
    sys.exit(1 if any(each.grade is Grade.FAIL for each in found) else 0)


def _print(found: list[Finding], counts: dict[str, int]) -> None:
    rows = [(str(each.grade), each.check, each.what, each.mend) for each in worst_first(found)]
    table(("", "check", "found", "mend"), rows, "all is well")
    print(f"{counts['fail']} faults, {counts['warn']} warnings, {counts['ok']} right")


def _progress(silent: bool) -> Callable[[str], None]:
    """On a terminal: what is being looked at, in one line that is overwritten."""
    if silent or not (sys.stderr.isatty() and sys.stdout.isatty()):
        return lambda _: None

    def say(name: str) -> None:
        words = f"looking at: {name}" if name else ""
        print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)

    return say
