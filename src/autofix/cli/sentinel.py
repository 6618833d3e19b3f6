"""`autofix sentinel`: the second process, as a service of its own."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from autofix.app.sentinel import lock
from autofix.cli.session import site
from autofix.errors import ServerBusy, StoreError, UsageError


@click.command()
def sentinel() -> NoReturn:
    """Watch the server, and page when it has stopped or hangs. `serve` starts one by itself; as a
    service of its own it also outlives what ends the server's service.

    It knows the open incidents and their deadlines, and pages by the default policy's channels.
    """
    here = site()
    settings = here.settings
    if not settings.sentinel.enabled:
        raise UsageError("the settings turn the sentinel off", hint="sentinel: {enabled: true}")
    state = here.killswitch.file.parent
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the state folder {state} can't be made: {error.strerror}") from None
    other = lock.holder(state)
    if other and lock.started_by_serve(other) is None:
        raise ServerBusy(f"{other} watches {state} already", hint="one is enough")
    # A process anew, without what a command line needs: it stays for months.
    argv = [sys.executable, "-m", "autofix.app.sentinel", str(here.file), str(state)]
    sys.stdout.flush()
    os.execv(argv[0], argv)  # noqa: S606 - no shell, and every word is ours
