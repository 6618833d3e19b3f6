"""How far a channel can be tried without calling anybody: name, connection, TLS, login."""

from __future__ import annotations

import shutil
import socket
import ssl
from urllib.parse import urlsplit

from autofix.channels.bounded import within
from autofix.channels.command import CommandOptions
from autofix.channels.email import EmailChannel
from autofix.channels.http import tls_context
from autofix.channels.http_options import HttpOptions
from autofix.channels.urls import sentence, shown
from autofix.errors import ChannelError
from autofix.options import Options
from autofix.ports import Channel

#: Only a page that is really sent shows more than this.
NOT_ASKED = "whether it takes a page was not asked"


def trial(channel: Channel, options: Options, *, timeout: float) -> str:
    """What was reached, in words. ChannelError when something is in the way."""
    if isinstance(channel, EmailChannel):
        return f"{channel.enter(timeout=timeout)}; {NOT_ASKED}"
    if isinstance(options, HttpOptions):
        return f"{_web(options, timeout)}; {NOT_ASKED}"
    if isinstance(options, CommandOptions):
        return f"{_program(options.argv[0])} is there; {NOT_ASKED}"
    return "only a test page can tell"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ChannelError(f"there is no program {name!r} that could be started")
    return found


def _web(options: HttpOptions, timeout: float) -> str:
    url = options.address()
    try:
        return within(timeout, lambda: _connect(options, url, timeout), lambda: None)
    except ssl.SSLError as error:
        said = getattr(error, "verify_message", "") or sentence(error)
        raise ChannelError(f"{shown(url)}: its TLS certificate is not trusted ({said})") from None
    except (TimeoutError, OSError, ValueError) as error:
        raise ChannelError(f"{shown(url)}: {sentence(error)}") from None


def _connect(options: HttpOptions, url: str, timeout: float) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    with socket.create_connection((host, parts.port or (443 if secure else 80)), timeout) as plain:
        if not secure:
            return "connected"
        with tls_context(options.ca_file).wrap_socket(plain, server_hostname=host):
            return "connected, TLS"
