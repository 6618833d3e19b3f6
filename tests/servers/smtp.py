"""A real SMTP server (aiosmtpd) on a free port of loopback that keeps the mails it takes.

with smtp_server() as server:
    ...
    letter = server.wait_for(1)[0]
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class SmtpServer:
    """`refuse` maps a recipient or the word DATA to the answer that refuses it."""

    def __init__(self, refuse: dict[str, str] | None = None) -> None:
        self.port = 0
        self.refuse = refuse or {}
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.raw: list[bytes] = []
        self._came = threading.Condition()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, _: Any) -> str:
        if to in self.refuse:
            return self.refuse[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        with self._came:
            self.raw.append(envelope.content)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            self.letters.append(cast(EmailMessage, letter))
            self.recipients.append(list(envelope.rcpt_tos))
            self._came.notify_all()
        return "250 2.0.0 taken"

    def wait_for(self, count: int, seconds: float = 10.0) -> list[EmailMessage]:
        """The mails, once there are `count` of them; AssertionError when they don't come."""
        with self._came:
            came = self._came.wait_for(lambda: len(self.letters) >= count, seconds)
            assert came, f"{len(self.letters)} of {count} mails came within {seconds} s"
            return list(self.letters)


@contextmanager
def smtp_server(
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    login: tuple[str, str] | None = None,
    refuse: dict[str, str] | None = None,
) -> Iterator[SmtpServer]:
    """`tls`: STARTTLS is offered, or TLS from the first byte when `implicit`.

    `login`: (user, password) that a client must give.
    """
    keeper = SmtpServer(refuse)
    settings: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0}
    if login:
        settings |= {"authenticator": _authenticator(login), "auth_required": True}
        settings |= {"auth_require_tls": tls is not None and not implicit}
    if implicit:
        settings["ssl_context"] = tls
    elif tls:
        settings["tls_context"] = tls
    controller = _Controller(keeper, **settings)
    controller.start()
    try:
        assert controller.server is not None
        keeper.port = int(controller.server.sockets[0].getsockname()[1])
        yield keeper
    finally:
        controller.stop()


class _Controller(Controller):
    def _trigger_server(self) -> None:
        # The base class knocks at the port it was given, which is 0 here: the kernel chose one.
        assert self.server is not None
        self.port = int(self.server.sockets[0].getsockname()[1])
        super()._trigger_server()


def _authenticator(login: tuple[str, str]) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == login, handled=False)

    return check
