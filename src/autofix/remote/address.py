"""Where a server is: its URL as people write it, or the socket in a state folder."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from autofix.core.inert import inert
from autofix.errors import UsageError

EXAMPLE = "write for example https://autofix.example.org or https://ops1:8420"


@dataclass(frozen=True)
class Address:
    """`name` is what people are shown. `socket` is set for the local server, and nothing else is
    of use then. `base` is the path that stands before every route, without a / at its end."""

    name: str
    host: str = "localhost"
    port: int = 0
    tls: bool = False
    base: str = ""
    socket: Path | None = None

    @property
    def near(self) -> bool:
        """On this machine: nobody in between reads what travels."""
        if self.socket is not None or self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def of_socket(file: Path) -> Address:
    return Address("the local server", socket=file)


def of_url(text: str, *, in_the_clear: bool = False) -> Address:
    """UsageError for what is no address, and for a token that would travel readable by others
    (unless `in_the_clear`)."""
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError as error:
        raise _wrong(text, str(error)) from None
    _refuse(text, found.scheme, found.hostname, found.query or found.fragment, found.username)
    assert found.hostname is not None
    tls = found.scheme == "https"
    at = Address(
        inert(text.rstrip("/"), 200),
        found.hostname,
        port or (443 if tls else 80),
        tls,
        found.path.rstrip("/"),
    )
    if not (tls or at.near or in_the_clear):
        raise UsageError(
            f"--server {at.name}: the token would travel readable by everybody in between",
            hint="use https; AUTOFIX_SERVER_PLAIN=1 accepts it where the way is safe",
        )
    return at


def _refuse(text: str, scheme: str, host: str | None, beyond: str, username: str | None) -> None:
    if scheme not in ("http", "https"):
        raise _wrong(text, "it begins neither with https:// nor with http://")
    if not host:
        raise _wrong(text, "it names no host")
    if username is not None:
        raise UsageError(
            "--server holds a name or a password", hint="the token goes into AUTOFIX_TOKEN"
        )
    if beyond or any(each.isspace() or not each.isprintable() for each in text):
        raise _wrong(text, "it holds more than scheme, host, port and path")


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(f"--server {inert(text, 200)!r} is no address: {why}", hint=EXAMPLE)
