"""The desk that asks a server: the local one over its socket, or a remote one with a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from autofix.core.roles import Principal
from autofix.core.runs import RunEvent
from autofix.desk.terminal import well_said
from autofix.errors import StoreError
from autofix.remote.accounts import Accounts
from autofix.remote.acts import Acts
from autofix.remote.address import of_socket, of_url
from autofix.remote.client import Client
from autofix.remote.credentials import token
from autofix.remote.live import Live
from autofix.remote.looks import Looks
from autofix.remote.places import Places
from autofix.remote.readings import ReadingsRoom
from autofix.remote.runbooks import Runbooks
from autofix.remote.runs import Runs
from autofix.remote.wire import Request, Wire


class RemoteDesk(Looks, Places, Runbooks, Runs, Acts, Accounts, ReadingsRoom):
    """`ports.Desk` for whom the server takes us for; each of its rooms is a mixin, named here."""

    def live(self, run: int, after: int = 0) -> Iterator[tuple[int, RunEvent]]:
        """Its output as it happens, each event with its number, until the run is over."""
        return Live(self.client, run, after).events()

    @property
    def server(self) -> str:
        """As people are shown it."""
        return self.client.server


def at_url(url: str, env: Mapping[str, str], home: Path, ca: Path | None = None) -> RemoteDesk:
    """The desk of the server at `url`, with the token of the environment or a file.

    Nothing is asked yet. UsageError and Denied for what can't be an address or a token.
    """
    at = of_url(url, in_the_clear=env.get("AUTOFIX_SERVER_PLAIN", "") not in ("", "0"))
    client = Client(Wire(at, ca), token=token(env, home))
    return RemoteDesk(client, Principal("", via=at.name))


def at_socket(file: Path, actor: str) -> RemoteDesk:
    """The desk of the server on this machine, for the person who sits here."""
    client = Client(Wire(of_socket(file)), actor=actor if well_said(actor) else "")
    return RemoteDesk(client, Principal(actor, via="socket"))


def answers(file: Path, within: float) -> bool:
    """Does a server answer at this socket within so many seconds? One that hangs does not."""
    wire = Wire(of_socket(file))
    try:
        return wire.ask(Request("GET", "/healthz", timeout=within)).status == 200
    except StoreError:
        return False
    finally:
        wire.close()
