"""The `autofix` command: its table of subcommands, and how errors reach the screen."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from autofix import __version__
from autofix.errors import AutofixError, ConfigError, UsageError

#: So many new objects before garbage is looked for (Python: 700): loading makes many, and none of
#: them is garbage. A command is a tenth quicker by that; the server goes back to Python's own.
OBJECTS = 50_000
#: name → (where, what it does in a line). The whole list; a command's module loads when called.
COMMANDS = {
    "init": ("project:init", "Make a new project with the shipped runbooks."),
    "check": ("project:check", "Check every file; all errors with file:line."),
    "serve": ("serve:serve", "Watch, decide, fix, verify and page until stopped."),
    "run": ("run:run", "Run a runbook by hand, with the same guards and record."),
    "probe": ("probe:probe", "Show what a probe sees on a host now."),
    "incidents": ("incidents:incidents", "List, show, acknowledge, approve, resolve, close."),
    "runs": ("runs:runs", "List and show runs, their output; cancel one."),
    "alerts": ("alerts:alerts", "What monitoring posted and what it meant; replay, test."),
    "pages": ("pages:pages", "List and show pages: who was told, by which channel."),
    "why": ("why:why", "Say why a runbook did or did not act on a host."),
    "pause": ("pause:pause", "Stop starting anything: all, a runbook or a host."),
    "resume": ("pause:resume", "Lift a pause; say what was held."),
    "silences": ("silences:silences", "List, add and end silences."),
    "breaker": ("breaker:breaker", "List open breakers; let one more attempt through."),
    "status": ("status:status", "What runs, what is held, what is paused."),
    "doctor": ("doctor:doctor", "What could fail at night, and how to mend it."),
    "sentinel": ("sentinel:sentinel", "Page when the server has stopped: a service of its own."),
    "audit": ("audit:audit", "List, show, verify and export the sealed record."),
    "users": ("users:users", "Who may come in: list, add, change, remove, password."),
    "tokens": ("tokens:tokens", "What programs show: list, add, revoke."),
    "secrets": ("secrets:secrets", "Keep secrets for the settings: set, list, remove."),
    "keys": ("secrets:keys", "Rotate the key that seals kept secrets."),
    "demo": ("demo:demo", "See the main job on a real Redis, in a sandbox."),
}
#: What no server can do from afar.
HERE = frozenset({"init", "check", "serve", "doctor", "sentinel", "demo"})


class Lazy(click.Group):
    """Knows its commands by the table; loads one only to run it."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _sep, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(f"autofix.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from autofix.options import suggest

            raise click.UsageError(f"there is no command {name!r}; {suggest(name, list(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_where, what) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-C",
    "--project",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    envvar="AUTOFIX_PROJECT",
    help="The folder of autofix.yaml (default: here or above).",
)
@click.option(
    "--server",
    default="",
    metavar="URL",
    envvar="AUTOFIX_SERVER",
    help="Ask this server instead; its token stands in AUTOFIX_TOKEN or a file.",
)
@click.option(
    "--server-ca",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    envvar="AUTOFIX_SERVER_CA",
    help="Trust the certificates that this authority signed.",
)
@click.option("--debug", is_flag=True, envvar="AUTOFIX_DEBUG", help="Show tracebacks and details.")
@click.version_option(__version__, prog_name="autofix")
@click.pass_context
def cli(
    ctx: click.Context, project: Path | None, server: str, server_ca: Path | None, debug: bool
) -> None:
    """autofix sees a known failure, runs the playbook for it, proves that the symptom is gone, and
    pages a person when it is not."""
    ctx.obj = {"project": project, "server": server, "server_ca": server_ca, "debug": debug}
    if server and ctx.invoked_subcommand in HERE:
        raise UsageError(
            f"`autofix {ctx.invoked_subcommand}` works on this machine, not with --server",
            hint="leave --server and AUTOFIX_SERVER away",
        )


def main(argv: list[str] | None = None) -> NoReturn:
    """The entry point: every way to end has its exit code, and no traceback without --debug."""
    gc.set_threshold(OBJECTS)
    words, asked = without_debug(sys.argv[1:] if argv is None else argv)
    debug = asked or os.environ.get("AUTOFIX_DEBUG", "") not in ("", "0")
    code = _guarded(words, debug)
    sys.exit(_flushed(code))


def without_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """`--debug` may stand anywhere on the line: people add it at the end of the last command."""
    kept = list(words)
    end = kept.index("--") if "--" in kept else len(kept)
    options = [word for word in kept[:end] if word != "--debug"]
    return [*options, *kept[end:]], len(options) < end


def _guarded(words: list[str], debug: bool) -> int:
    try:
        result: Any = cli.main(args=words, prog_name="autofix", standalone_mode=False)
        return int(result or 0)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            return ending(ended.__context__)
        # A command's own exit code.
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - every end has its line
        if debug:
            traceback.print_exception(error)
        return ending(error)


def ending(error: BaseException) -> int:
    """Say in one line what went wrong and what to do; the exit code."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        say("interrupted")
        return 130
    if isinstance(error, BrokenPipeError):
        return 0  # the reader of our output left (`| head`): no fault of ours
    if isinstance(error, click.ClickException):
        return _wrong_usage(error)
    if isinstance(error, AutofixError):
        return _known(error)
    if isinstance(error, OSError):
        say(f"{error.filename or 'the output'} failed: {error.strerror or error}")
        return 1
    say(f"a defect in autofix: {type(error).__name__}: {error}", "run again with --debug")
    return 1


def _flushed(code: int) -> int:
    """Write out what is left; Python's own try at exit would end in a traceback."""
    try:
        sys.stdout.flush()
    except OSError as error:
        from autofix.cli.output import silence

        silence(sys.stdout)
        return code or ending(error)
    return code


def _wrong_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        print(error.format_message(), file=sys.stderr)
        return 2
    context = getattr(error, "ctx", None)
    hint = f"see `{context.command_path} --help`" if context else ""
    message = error.format_message().rstrip(".")
    say(message[:1].lower() + message[1:], hint)
    return 2


def _known(error: AutofixError) -> int:
    if isinstance(error, ConfigError):
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return error.exit_code
    say(str(error), error.hint)
    return error.exit_code


def say(message: str, hint: str = "") -> None:
    """One clear line on standard error, with the next step in brackets."""
    from autofix.core.inert import inert

    line = f"autofix: {inert(message, 2000)}"
    print(f"{line} ({inert(hint, 1000)})" if hint else line, file=sys.stderr)
