"""Each web channel against each way to fail: one line, in time, without secrets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.errors import ChannelError
from servers.channels import SECRET, SIGNING, WEB, WebChannel
from servers.http import Answer, HttpServer, certificate, http_server, silent_server
from servers.pages import a_page

SOON = 0.6  # the timeout of channels that are made to wait, in seconds

channels = pytest.mark.parametrize("channel", WEB.values(), ids=WEB)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def refused(made: Any, timeout: float = 5.0) -> str:
    """The words of the ChannelError that sending must raise in time."""
    began = time.monotonic()
    with pytest.raises(ChannelError) as caught:
        made.send(a_page(), timeout=timeout)
    assert time.monotonic() - began < timeout + 1
    words = str(caught.value)
    assert SECRET not in words
    assert SIGNING not in words
    assert "\n" not in words
    assert len(words) < 500
    assert caught.value.__cause__ is None  # a chained error would carry the address along
    return words


@channels
def test_a_refused_connection_is_said(channel: WebChannel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in refused(channel.at(f"http://127.0.0.1:{port}")).lower()


@channels
@pytest.mark.parametrize("status", [500, 503, 429, 404, 401])
def test_an_error_status_is_a_failure(channel: WebChannel, status: int, server: HttpServer) -> None:
    server.say(Answer(status, f"no way, {SECRET}\nat all".encode()))
    assert f"answered {status}" in refused(channel.at(server.url))


@channels
def test_a_redirect_is_not_followed(channel: WebChannel, server: HttpServer) -> None:
    before = len(server.asked)
    server.say(Answer(307, b"", {"Location": f"{server.url}/elsewhere"}), Answer(200, b"ok"))
    assert "redirect" in refused(channel.at(server.url))
    assert [asked.path for asked in server.asked[before:]] == [channel_path(channel, server)]


def channel_path(channel: WebChannel, server: HttpServer) -> str:
    asked = server.asked[-1].path
    assert asked.startswith(channel.path)  # with a signature behind it, perhaps
    return asked


@channels
def test_a_server_that_hangs_is_left_in_time(channel: WebChannel) -> None:
    with http_server() as hanging:
        hanging.say(Answer(hang=True))
        assert "no answer within 0.6 s" in refused(channel.at(hanging.url), SOON)


@channels
def test_a_server_that_never_speaks_is_left_in_time(channel: WebChannel) -> None:
    with silent_server() as port:
        refused(channel.at(f"http://127.0.0.1:{port}"), SOON)


@channels
def test_a_server_that_trickles_is_left_in_time(channel: WebChannel) -> None:
    with http_server() as slow:
        slow.say(Answer(trickle=0.2))
        assert "no answer within" in refused(channel.at(slow.url), SOON)


@channels
def test_a_silent_tls_server_is_left_in_time(channel: WebChannel) -> None:
    with silent_server() as port:
        refused(channel.at(f"https://127.0.0.1:{port}"), SOON)


@channels
def test_a_connection_cut_short_is_a_failure(channel: WebChannel, server: HttpServer) -> None:
    server.say(Answer(cut=True))
    refused(channel.at(server.url))


@pytest.mark.parametrize(
    "channel", [channel for channel in WEB.values() if channel.refused], ids=lambda c: c.kind
)
def test_a_refusal_in_a_body_of_status_200_is_a_failure(
    channel: WebChannel, server: HttpServer
) -> None:
    assert channel.refused is not None
    server.say(channel.refused)
    assert "********" in refused(channel.at(server.url))


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b'{"hello": 1}', b"[" * 9000])
@pytest.mark.parametrize(
    "channel", [channel for channel in WEB.values() if channel.refused], ids=lambda c: c.kind
)
def test_an_answer_of_somebody_else_is_a_failure(
    channel: WebChannel, body: bytes, server: HttpServer
) -> None:
    server.say(Answer(channel.taken.status, body))
    refused(channel.at(server.url))


@channels
def test_an_answer_without_end_is_not_read_to_its_end(channel: WebChannel) -> None:
    with http_server() as server:
        server.say(Answer(500, b"x" * 5_000_000))
        assert "answered 500" in refused(channel.at(server.url))


@channels
def test_an_unknown_name_is_said(channel: WebChannel) -> None:
    words = refused(channel.at("https://nothing.invalid"), 3.0)
    assert words.startswith("https://nothing.invalid/…: ")


@channels
def test_an_untrusted_certificate_is_refused(channel: WebChannel, tmp_path: Path) -> None:
    with http_server(tls=certificate(tmp_path).context) as server:
        server.say(channel.taken)
        assert "certificate is not trusted" in refused(channel.at(server.url))
        assert server.asked == []


@channels
def test_a_certificate_of_another_name_is_refused(channel: WebChannel, tmp_path: Path) -> None:
    made = certificate(tmp_path, name="other.example")
    with http_server(tls=made.context) as server:
        refused(channel.at(server.url, ca_file=str(made.file)))
        assert server.asked == []


@channels
def test_a_private_authority_is_trusted_when_named(channel: WebChannel, tmp_path: Path) -> None:
    made = certificate(tmp_path)
    with http_server(tls=made.context) as server:
        server.say(channel.taken)
        assert channel.at(server.url, ca_file=str(made.file)).send(a_page(), timeout=5)


@channels
def test_a_missing_ca_file_is_said(channel: WebChannel, tmp_path: Path) -> None:
    made = channel.at("https://127.0.0.1:9", ca_file=str(tmp_path / "none.pem"))
    assert "ca_file" in refused(made)


@channels
def test_no_proxy_of_the_environment_sees_a_page(
    channel: WebChannel, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.say(channel.taken)
    assert channel.at(server.url).send(a_page(), timeout=5)
