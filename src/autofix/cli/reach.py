"""At which desk a command works: a remote server's, the local server's, or one on the files here.

Nothing of HTTP is loaded unless a server is there to be asked.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autofix import __version__
from autofix.app.clock import SystemClock
from autofix.app.served import version_there
from autofix.app.site import Site
from autofix.cli.session import actor, groups_of_actor, options, server_given, site
from autofix.core.roles import at_the_terminal

if TYPE_CHECKING:
    from autofix.ports import Desk
    from autofix.remote.desk import RemoteDesk

#: Seconds that a local server has to give a sign of life; else the store is asked directly.
SIGN_OF_LIFE = 1.0


def desk() -> Desk:
    """The desk of this command; the same one for as long as it lasts."""
    kept = options()
    if "desk" not in kept:
        kept["desk"] = _remote(server_given()) if server_given() else _here(site())
    found: Desk = kept["desk"]
    return found


def _here(here: Site) -> Desk:
    file = socket_of(here)
    if file is not None:
        from autofix.remote.desk import at_socket

        return _closing(at_socket(file, actor()))
    return _files(here)


def _files(here: Site) -> Desk:
    from autofix.app.desk import desk_of

    return desk_of(here, at_the_terminal(actor(), tuple(groups_of_actor())))


def _remote(url: str) -> Desk:
    from autofix.remote.desk import at_url

    return _closing(at_url(url, os.environ, Path.home(), options().get("server_ca")))


def _closing(found: RemoteDesk) -> RemoteDesk:
    click.get_current_context().find_root().call_on_close(found.client.close)
    options()["asks"] = True
    return found


def socket_of(here: Site) -> Path | None:
    """The socket of a server of this very version that answers here; None when there is none."""
    if version_there(here.settings.state) != __version__:
        return None
    from autofix.remote.desk import answers

    file = here.settings.state / "autofix.sock"
    return file if answers(file, SIGN_OF_LIFE) else None


def server_name() -> str:
    """How the server that is asked is called: ` at https://ops1`; empty for what is here."""
    return f" at {server_given().rstrip('/')}" if server_given() else ""


def served() -> bool:
    """Does a server do the work that is left? One that stands by will, when it has to."""
    return asks_a_server() or bool(site().store.leader())


def asks_a_server() -> bool:
    desk()
    return bool(options().get("asks"))


def from_afar() -> bool:
    """Is a server asked that --server names?"""
    return bool(server_given())


def remote() -> RemoteDesk:
    """The desk of a command that asks a server."""
    from autofix.remote.desk import RemoteDesk

    found = desk()
    assert isinstance(found, RemoteDesk)
    return found


def instead() -> bool:
    """The local server went away while it was asked: from now on the store is. Was it so?"""
    if from_afar() or not asks_a_server():
        return False
    options().update(desk=_files(site()), asks=False)
    return True


def timezone() -> str:
    """In which times without a zone are meant: the server's, where one is asked from afar."""
    return desk().status().timezone if server_given() else site().timezone


def now() -> float:
    return SystemClock().now()
