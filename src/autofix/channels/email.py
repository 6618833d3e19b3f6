"""email: plain text by SMTP, with STARTTLS, implicit TLS, or none where the settings say so."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, ClassVar, Literal

from autofix.channels import message, urls
from autofix.channels.bounded import within
from autofix.core.inert import inert
from autofix.core.pages import Page
from autofix.errors import ChannelError
from autofix.options import (
    BeforeValidator,
    Field,
    Options,
    Secret,
    field_validator,
    model_validator,
)

PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\x00-\x20\x7f]+@[^\s@<>(),;:\"\\\x00-\x20\x7f]+")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class EmailOptions(Options):
    host: str = Field(min_length=1, max_length=253, description="the SMTP server")
    port: int | None = Field(
        None, ge=1, le=65535, description="its port; 587, 465 or 25 by `tls` when not set"
    )
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls", description="`starttls`, `implicit` (TLS from the first byte) or `none`"
    )
    user: str = Field("", description="log in as this user")
    password: Secret | None = Field(None, description="with this password")
    sender: str = Field(alias="from", description="the address that pages come from")
    to: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        min_length=1, description="one address, or a list of them"
    )
    ca_file: str = Field(
        "", description="file of the certificate authority to trust instead of the system's"
    )
    insecure: bool = Field(False, description="allow logging in without TLS to another machine")

    @field_validator("host")
    @classmethod
    def _host_is_fit(cls, host: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
            raise ValueError("the server must be a host name or an address")
        return host

    @field_validator("sender")
    @classmethod
    def _sender_is_fit(cls, address: str) -> str:
        return _address(address)

    @field_validator("to")
    @classmethod
    def _to_is_fit(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(address) for address in addresses)

    @model_validator(mode="after")
    def _login_is_fit(self) -> EmailOptions:
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password come together")
        if self.user and self.tls == "none" and not (self.insecure or urls.loopback(self.host)):
            raise ValueError(
                "logging in without TLS would show the password; use tls: starttls, "
                "or set insecure: true"
            )
        return self


def _address(address: str) -> str:
    # One bare address and nothing else: a line end would start a header of its own.
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise ValueError(f"{inert(address, 60)!r} is not an address such as ops@example.com")
    return address


class EmailChannel:
    closes = False
    options: ClassVar[type[EmailOptions]] = EmailOptions

    def __init__(self, name: str, options: EmailOptions) -> None:
        self.name = name
        self._chosen = options
        self._port = options.port or PORTS[options.tls]
        self._secrets = [options.password.get_secret_value()] if options.password else []

    def send(self, page: Page, *, timeout: float) -> str:
        return self._within(timeout, self.letter(page))

    def enter(self, *, timeout: float) -> str:
        """As far as the login, without a mail: what was reached. ChannelError when it fails."""
        return self._within(timeout, None)

    def _within(self, timeout: float, letter: EmailMessage | None) -> str:
        line = _Line()
        try:
            return within(timeout, lambda: self._deliver(letter, timeout, line), line.cut)
        except TimeoutError as error:
            raise self._failed(str(error)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._failed(_words(error)) from None

    def letter(self, page: Page) -> EmailMessage:
        """The mail: stable Message-ID, one thread per dedup key, no automatic replies."""
        chosen, domain = self._chosen, self._chosen.sender.rpartition("@")[2]
        letter = EmailMessage(policy=policy.SMTP)
        letter["From"] = chosen.sender
        letter["To"] = ", ".join(chosen.to)
        letter["Subject"] = message.title(page)
        letter["Date"] = format_datetime(datetime.fromtimestamp(page.created_at, UTC))
        letter["Message-ID"] = f"<page.{message.message_id(page)}@{domain}>"
        letter["References"] = f"<incident.{message.thread_id(page)}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text(page), charset="utf-8")
        return letter

    def _deliver(self, letter: EmailMessage | None, timeout: float, line: _Line) -> str:
        chosen = self._chosen
        smtp = line.open(chosen, self._port, timeout)
        try:
            if chosen.tls == "starttls":
                smtp.starttls(context=_context(chosen))
                smtp.ehlo()
            if chosen.password is not None:
                smtp.login(chosen.user, chosen.password.get_secret_value())
            line.check()
            if letter is None:
                return f"connected{', TLS' * (chosen.tls != 'none')}{', login' * bool(chosen.user)}"
            refused = smtp.send_message(letter, chosen.sender, list(chosen.to))
            return _accepted(chosen.to, list(refused))
        finally:
            _part(smtp)

    def _failed(self, what: str) -> ChannelError:
        return ChannelError(
            f"smtp {self._chosen.host}:{self._port}: {urls.masked(what, self._secrets)}"
        )


class _Line:
    """The connection of one mail, so that another thread can end it."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._over = False

    def open(self, chosen: EmailOptions, port: int, timeout: float) -> smtplib.SMTP:
        smtp = _Smtp(chosen, timeout, self)
        try:
            smtp.connect(chosen.host, port)
            self.check()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def holds(self, connected: socket.socket) -> None:
        self._socket = connected

    def check(self) -> None:
        if self._over:
            raise TimeoutError

    def cut(self) -> None:
        self._over = True
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Smtp(smtplib.SMTP):
    """smtplib's client, whose socket is known from its first moment and closed when TLS fails."""

    def __init__(self, chosen: EmailOptions, timeout: float, line: _Line) -> None:
        # The name is given, or smtplib would ask the name service for it without any limit.
        named = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "localhost"
        super().__init__(local_hostname=named, timeout=timeout)
        # Kept for the check of the certificate's name, which connect() itself does not set.
        self._host = chosen.host
        self._chosen, self._line = chosen, line

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        self._line.holds(plain)
        if self._chosen.tls != "implicit":
            return plain
        try:
            secured = _context(self._chosen).wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
        except BaseException:
            plain.close()
            raise
        self._line.holds(secured)
        try:
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured


def _context(chosen: EmailOptions) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=chosen.ca_file or None)


def _part(smtp: smtplib.SMTP) -> None:
    """The mail is taken or refused by now: a server that is slow to say goodbye changes nothing."""
    with suppress(smtplib.SMTPException, OSError):
        if smtp.sock is not None:
            smtp.sock.settimeout(1)
            smtp.quit()
    smtp.close()


def _accepted(to: tuple[str, ...], refused: list[str]) -> str:
    if not refused:
        return f"accepted for {len(to)} of {len(to)}"
    names = ", ".join(refused)
    return inert(f"accepted for {len(to) - len(refused)} of {len(to)}, refused: {names}", 300)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return f"refused every recipient: {code} {_decoded(answer)}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"login refused: {error.smtp_code} {_decoded(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code} {_decoded(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not trusted ({error.verify_message})"
    return urls.sentence(error)


def _decoded(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
