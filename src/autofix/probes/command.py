"""The probe `command`: any program, run here or on the target over SSH, never through a shell.

The words of the command are constant: nothing from an alert or the inventory gets into them. A
program that runs here learns the host from its environment: AUTOFIX_HOST and AUTOFIX_ADDRESS.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Options
from autofix.probes import programs
from autofix.probes.command_output import FACTS, exit_facts, json_facts, nagios_facts
from autofix.probes.common import option_faults
from autofix.probes.programs import Result
from autofix.probes.words import one_line

NOT_FOUND = 127  # what the shell of a login answers when there is no such program
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class CommandOptions(Options):
    """The `with:` block: `argv`, or `command` split into words as a shell would."""

    argv: list[str] | None = None
    command: str | None = None
    over: Literal["local", "ssh"] = "local"
    #: exit: only how it ended. nagios: performance data. json: its keys. auto: what it looks like.
    parse: Literal["exit", "nagios", "json", "auto"] = "auto"
    #: Added to a small, clean environment; only with `over: local`.
    env: dict[str, str] | None = None


class CommandProbe:
    """Runs a program and reads how it ended and what it printed."""

    name = "command"
    facts: Mapping[str, Fact] = FACTS
    open_ended = True  # names come from performance data and JSON

    def options_schema(self) -> Mapping[str, Any]:
        return CommandOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        found = option_faults(CommandOptions, options)
        return found or _check(CommandOptions.model_validate(options))

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading. A program that can't be run or does not end in time was not looked at."""
        wrong = self.check_options(options)
        if wrong:
            return [Reading.unseen(target.host, now, "; ".join(wrong))]
        chosen = CommandOptions.model_validate(options)
        try:
            facts = facts_of(_run(target, chosen, timeout), chosen.parse)
        except ProbeError as error:
            return [Reading.unseen(target.host, now, str(error))]
        return [Reading(target.host, now, facts)]


def facts_of(result: Result, parse: str) -> dict[str, Value]:
    """The facts of a finished program. ProbeError when JSON was promised and there is none."""
    facts = exit_facts(result.exit, result.stdout, result.stderr)
    told = None
    if parse == "json" or (parse == "auto" and result.stdout.lstrip()[:1] in ("{", "[")):
        told = json_facts(result.stdout)
    if told is None and parse == "json":
        cut = " (cut: it is too long)" if result.cut else ""
        said = facts["output"] or "nothing"
        raise ProbeError(f"printed no JSON{cut}, ended with {result.exit}; it said: {said}")
    if parse == "nagios" or (parse == "auto" and told is None and "|" in result.stdout):
        told = nagios_facts(result.exit, result.stdout)
        if parse == "auto" and len(told) == 1:
            told = None  # just a `|` in some text
    return {**facts, **(told or {})}


def words_of(options: CommandOptions) -> Sequence[str]:
    """The words to run. ValueError when a quote is left open."""
    if options.argv is not None:
        return options.argv
    return shlex.split(options.command or "")


def _run(target: Target, options: CommandOptions, timeout: float) -> Result:
    argv = words_of(options)
    if options.over == "local":
        who = {"AUTOFIX_HOST": target.host, "AUTOFIX_ADDRESS": target.address}
        return programs.run_local(argv, timeout=timeout, env={**who, **(options.env or {})})
    result = programs.run_on(target, argv, timeout=timeout)
    if result.exit == NOT_FOUND and not result.stdout:
        raise ProbeError(f"{target.host}: {one_line(result.stderr) or 'no such program'}")
    return result


def _check(options: CommandOptions) -> list[str]:
    if (options.argv is None) == (options.command is None):
        return ["write either argv (a list of words) or command (one line)"]
    try:
        argv = words_of(options)
    except ValueError as error:
        return [f"command: can't be split into words: {str(error).lower()}"]
    found, env = [], options.env or {}
    if not argv or not argv[0].strip():
        found.append("the command is empty")
    if any("{{" in word or "{%" in word for word in argv):
        found.append("the command is constant: no {{ … }} in it")
    if any("\0" in word for word in (*argv, *env.values())):
        found.append("a NUL character can't be part of a command")
    bad = [name for name in env if not _ENV_NAME.fullmatch(name)]
    found += [f"env: {one_line(name, 60)!r} is not a name of a variable" for name in bad]
    if env and options.over == "ssh":
        found.append("env: can't be sent over SSH; set it there, or run the program here")
    return found
