"""`autofix serve`: the server, until a signal stops it."""

from __future__ import annotations

import gc
import logging
import signal
from types import FrameType

import click

from autofix.app import logs
from autofix.app.server import Server
from autofix.cli.session import site


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="Say more on standard error.")
def serve(verbose: bool) -> None:
    """Watch, decide, fix, verify and page until stopped (SIGTERM or Ctrl-C).

    Running playbooks are ended on the way out, and what is still owed is due at the next start.
    """
    gc.set_threshold(700, 10, 10)  # it lives long: see `group.OBJECTS`
    here = site()
    logs.begin(lambda: here.settings, verbose=verbose)
    server = Server(here)

    def stop(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        logging.getLogger("autofix").info("stopping (%s)", name)
        server.stop(f"by {name}")

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    server.run()
