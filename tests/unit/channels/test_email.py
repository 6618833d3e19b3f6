"""The email channel against a real SMTP server."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from autofix.channels.email import EmailChannel, EmailOptions
from autofix.errors import ChannelError
from servers.http import certificate, silent_server
from servers.pages import a_page, hostile_page
from servers.rude import rude_server
from servers.smtp import smtp_server

PASSWORD = "hunter22-hunter22"

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def channel(port: int | None, **more: Any) -> EmailChannel:
    options = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "from": "autofix@example.com",
        "to": ["ops@example.com", "night@example.com"],
    }
    return EmailChannel("ops-mail", EmailOptions.model_validate({**options, **more}))


def refused(made: EmailChannel, timeout: float = 5.0) -> str:
    began = time.monotonic()
    with pytest.raises(ChannelError) as caught:
        made.send(a_page(), timeout=timeout)
    assert time.monotonic() - began < timeout + 1
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_page_arrives_as_plain_text() -> None:
    with smtp_server() as server:
        assert channel(server.port).send(a_page(), timeout=5) == "accepted for 2 of 2"
        letter = server.wait_for(1)[0]
    assert letter["From"] == "autofix@example.com"
    assert letter["To"] == "ops@example.com, night@example.com"
    assert letter["Subject"] == a_page().title
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime.timestamp() == a_page().created_at
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    assert letter.get_content().replace("\r\n", "\n").rstrip("\n") == a_page().text
    assert server.recipients == [["ops@example.com", "night@example.com"]]


def test_the_message_id_is_the_pages_and_the_thread_the_incidents() -> None:
    made = channel(25)
    first, again = made.letter(a_page()), made.letter(a_page(tried=2))
    other = made.letter(a_page(id=4))
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != other["Message-ID"]
    assert first["References"] == other["References"]
    assert str(first["Message-ID"]).endswith("@example.com>")


def test_a_hostile_page_adds_no_header_no_recipient_and_no_mail() -> None:
    with smtp_server() as server:
        channel(server.port).send(hostile_page(), timeout=10)
        letter = server.wait_for(1)[0]
    assert sorted(letter.keys()) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted"),
            *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
        ]
    )
    assert "\\u000d\\u000aBcc" in letter["Subject"]
    assert len(server.letters) == 1
    assert server.recipients == [["ops@example.com", "night@example.com"]]
    assert max(len(line) for line in server.raw[0].split(b"\r\n")) <= 998


@pytest.mark.parametrize("implicit", [False, True])
def test_login_over_tls_with_a_private_authority(tmp_path: Path, implicit: bool) -> None:
    made = certificate(tmp_path)
    login = ("autofix", PASSWORD)
    with smtp_server(tls=made.context, implicit=implicit, login=login) as server:
        ours = channel(
            server.port,
            tls="implicit" if implicit else "starttls",
            user="autofix",
            password=PASSWORD,
            ca_file=str(made.file),
        )
        assert ours.send(a_page(), timeout=5) == "accepted for 2 of 2"


def test_a_wrong_password_is_said_without_showing_it() -> None:
    with smtp_server(login=("autofix", "another")) as server:
        words = refused(channel(server.port, user="autofix", password=PASSWORD))
    assert "login refused: 535" in words


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_an_untrusted_certificate_is_refused(tmp_path: Path, tls: str) -> None:
    context = certificate(tmp_path).context
    with smtp_server(tls=context, implicit=tls == "implicit") as server:
        assert "certificate is not trusted" in refused(channel(server.port, tls=tls))
        assert server.letters == []


def test_a_server_without_starttls_gets_nothing() -> None:
    with smtp_server() as server:
        assert "STARTTLS" in refused(channel(server.port, tls="starttls"))
        assert server.letters == []


def test_a_refused_mail_is_a_failure() -> None:
    with smtp_server(refuse={"DATA": "451 4.3.0 disk\x07 full"}) as server:
        assert "451" in refused(channel(server.port))


def test_every_recipient_refused_is_a_failure() -> None:
    no = "550 5.1.1 no such user"
    with smtp_server(refuse={"ops@example.com": no, "night@example.com": no}) as server:
        assert "refused every recipient: 550" in refused(channel(server.port))


def test_one_recipient_refused_is_delivered_and_said() -> None:
    with smtp_server(refuse={"night@example.com": "550 5.1.1 no such user"}) as server:
        answer = channel(server.port).send(a_page(), timeout=5)
    assert answer == "accepted for 1 of 2, refused: night@example.com"


def test_a_refused_connection_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in refused(channel(port)).lower()


def test_an_unknown_name_is_said() -> None:
    assert refused(channel(25, host="nothing.invalid"), 3.0).startswith("smtp nothing.invalid:25: ")


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_a_server_that_never_speaks_is_left_in_time(tls: str) -> None:
    with silent_server() as port:
        refused(channel(port, tls=tls), 0.6)


def test_a_server_that_trickles_is_left_in_time() -> None:
    with rude_server(trickle=b"220 ") as port:
        assert "no answer within 0.6 s" in refused(channel(port), 0.6)


def test_a_server_that_hangs_up_is_said() -> None:
    with rude_server(says=b"220 hello\r\n", closes=True) as port:
        refused(channel(port))


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_port_follows_tls_when_not_set(tls: str, port: int) -> None:
    assert f":{port}: " in refused(channel(None, tls=tls), 1.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"to": ["a@example.com\nBcc: b@example.com"]}, "is not an address"),
        ({"to": ["a@example.com, b@example.com"]}, "is not an address"),
        ({"to": []}, "at least 1"),
        ({"from": "Ops <ops@example.com>"}, "is not an address"),
        ({"host": "smtp.example.com\r\nX"}, "host name"),
        ({"user": "autofix"}, "come together"),
        ({"password": PASSWORD}, "come together"),
        (
            {"host": "smtp.example.com", "user": "autofix", "password": PASSWORD},
            "would show the password",
        ),
        ({"tls": "maybe"}, "starttls"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        channel(25, **wrong)


def test_a_port_is_1_to_65535() -> None:
    for port in (0, 65536):
        with pytest.raises(ValidationError, match="equal to"):
            channel(port)


def test_one_address_may_stand_alone() -> None:
    assert EmailOptions.model_validate(
        {"host": "smtp.example.com", "from": "a@example.com", "to": "b@example.com"}
    ).to == ("b@example.com",)
