"""Every kind of channel at a provider that fails in one of six ways, on real local servers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofix import channels
from autofix.ports import Channel
from servers.channels import WEB
from servers.http import Answer, certificate, http_server, silent_server
from servers.smtp import smtp_server

FAULTS = ("dns", "tls", "500", "429", "hang", "body")
NOWHERE = "pager.invalid"  # a name that is never given out: RFC 2606


@dataclass(frozen=True)
class Place:
    """Where the bad servers are kept open, and their certificates written."""

    stack: ExitStack
    folder: Path

    def http(self, answer: Answer) -> str:
        server = self.stack.enter_context(http_server())
        server.say(answer)
        return server.url

    def untrusted(self) -> str:
        tls = certificate(self.folder).context
        return self.stack.enter_context(http_server(tls=tls)).url


def kinds(fault: str) -> list[str]:
    """The kinds of channel that can fail so. Where the answer's body says nothing that is agreed
    on (a webhook, a program that ended well), an error in it is no failure."""
    every = [*WEB, "email", "command", "apprise"]
    return [kind for kind in every if fault != "body" or kind not in NO_BODY]


NO_BODY = ("webhook", "command", "apprise")


def bad(place: Place, kind: str, fault: str) -> Channel:
    """A channel of this kind, named after itself and its fault."""
    if kind in WEB:
        return _named(WEB[kind].at(_web(place, kind, fault)), kind, fault)
    made = {"email": _email, "command": _command, "apprise": _apprise}[kind]
    return _named(made(place, fault), kind, fault)


def _named(channel: Any, kind: str, fault: str) -> Channel:
    channel.name = f"{kind}-{fault}"
    named: Channel = channel
    return named


def _web(place: Place, kind: str, fault: str) -> str:
    refused = WEB[kind].refused
    answers = {
        "500": Answer(500, b"broken"),
        "429": Answer(429, b"slow down", {"Retry-After": "60"}),
        "hang": Answer(hang=True),
        "body": refused or Answer(500),
    }
    if fault == "dns":
        return f"https://{NOWHERE}"
    return place.untrusted() if fault == "tls" else place.http(answers[fault])


def _made(kind: str, **options: Any) -> Channel:
    channel = channels.load(kind)
    result: Channel = channel("ops", channel.options.model_validate(options))
    return result


def _email(place: Place, fault: str) -> Channel:
    host, port, tls = "127.0.0.1", 25, "none"
    enter = place.stack.enter_context
    refusals = {
        "500": {"DATA": "554 5.3.0 broken"},
        "429": {"DATA": "451 4.7.1 slow down"},
        "body": {"b@example.com": "550 5.1.1 no such user"},
    }
    if fault == "dns":
        host = NOWHERE
    elif fault == "tls":
        tls = "starttls"
        port = enter(smtp_server(tls=certificate(place.folder).context)).port
    elif fault == "hang":
        port = enter(silent_server())
    else:
        port = enter(smtp_server(refuse=refusals[fault])).port
    return _made(
        "email", host=host, port=port, tls=tls, to="b@example.com", **{"from": "a@example.com"}
    )


#: What a program of the user's does: not there, ended by a signal, and three ways to fail.
PROGRAMS = {
    "tls": "import os; os.kill(os.getpid(), 9)",
    "500": "raise SystemExit(1)",
    "429": "raise SystemExit(75)",
    "hang": "import time; time.sleep(300)",
}


def _command(_: Place, fault: str) -> Channel:
    if fault == "dns":
        return _made("command", argv=["/nowhere/a-program"])
    return _made("command", argv=[sys.executable, "-c", PROGRAMS[fault]])


def _apprise(place: Place, fault: str) -> Channel:
    address: dict[str, Callable[[], str]] = {
        "dns": lambda: f"jsons://{NOWHERE}/",
        "tls": lambda: place.untrusted().replace("https://", "jsons://") + "/",
        "500": lambda: place.http(Answer(500)).replace("http://", "json://") + "/",
        "429": lambda: place.http(Answer(429)).replace("http://", "json://") + "/",
        "hang": lambda: (
            place.http(Answer(hang=True)).replace("http://", "json://") + "/?rto=60&cto=60"
        ),
    }
    return _made("apprise", urls=[address[fault]()])
