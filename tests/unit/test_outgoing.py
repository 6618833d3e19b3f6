"""Calls to the outside: every spelling of an address, names that lead elsewhere, redirects."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from autofix import outgoing
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.errors import ChannelError
from autofix.options import Secret
from autofix.outgoing.pinned import PinnedTransport
from autofix.probes import net
from autofix.probes.http import HttpProbe
from autofix.probes.net import Deadline, NetError
from servers.http import Answer, HttpServer, certificate, http_server
from unit.probes.test_http import look

#: The metadata's address, as people and attackers spell it.
SPELLINGS = (
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376",
    "169.254.43518", "169.16689662", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0", "0", "[::]", "100.100.100.200",
)  # fmt: skip
#: Octal numbers are no address for the client already.
REFUSED = "calls to it are refused|invalid IPv4 address|is not a URL"


class Robot(HttpOptions):
    url: Secret


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_more_is_allowed() -> Iterator[None]:
    yield
    outgoing.allow(())


def post(url: str) -> Any:
    options = Robot(url=Secret(url), insecure=True)
    return Wire(options, options.url).post_json({"a": 1}, timeout=5.0)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_such_an_address_is_posted_to(host: str) -> None:
    with pytest.raises(ChannelError, match=REFUSED) as refused:
        post(f"http://{host}/latest/meta-data/")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_such_an_address_is_looked_at(host: str) -> None:
    url = f"http://{host}/latest/meta-data/"
    said = " ".join(HttpProbe().check_options({"url": url})) or look(url).error
    assert re.search(REFUSED, said)


def leads_to(*addresses: str) -> Any:
    """A lookup that gives these, one after the other for each time it is asked."""
    answers, real = iter(addresses), socket.getaddrinfo

    def lookup(host: str, port: int, *more: Any, **options: Any) -> list[Any]:
        if host[:1].isdigit():  # an address: that is no question
            return list(real(host, port, *more, **options))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    return lookup


def test_a_name_is_looked_up_once_and_can_not_lead_elsewhere_meanwhile(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = httpx.URL(server.url).port
    monkeypatch.setattr(socket, "getaddrinfo", leads_to("127.0.0.1"))
    server.say(Answer(body=b"ok"))
    with httpx.Client(transport=PinnedTransport(httpx.create_ssl_context())) as client:
        assert client.get(f"http://robot.example:{port}/in").status_code == 200
    assert server.asked[0].headers["host"] == f"robot.example:{port}"


def test_a_name_that_leads_to_the_metadata_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", leads_to(*["169.254.169.254"] * 3))
    with pytest.raises(ChannelError, match=r"leads to 169.254.169.254, which is a link-local"):
        post("http://robot.example/x")
    with pytest.raises(NetError, match="calls to it are refused"):
        net.permitted("robot.example", 80, Deadline(2.0))


def test_a_certificate_is_still_checked_by_the_name(tmp_path: Path) -> None:
    """The connection is made to 127.0.0.1, for which this certificate is not."""
    made = certificate(tmp_path, name="localhost")
    with http_server(tls=made.context) as server:
        port = httpx.URL(server.url).port
        server.say(Answer(body=b"ok"))
        options = Robot(url=Secret(f"https://localhost:{port}/"), ca_file=str(made.file))
        assert Wire(options, options.url).post_json({}, timeout=5.0).status == 200
        options = Robot(url=Secret(f"https://127.0.0.1:{port}/"), ca_file=str(made.file))
        with pytest.raises(ChannelError, match="certificate is not trusted"):
            Wire(options, options.url).post_json({}, timeout=5.0)


def test_of_several_addresses_those_that_may_be_called_are(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = httpx.URL(server.url).port or 0
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
        for each in ("169.254.169.254", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert outgoing.addresses("robot.example", port) == ["127.0.0.1"]
    net.permitted("robot.example", port, Deadline(2.0)).close()


def test_what_the_settings_name_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing.allow(["0.0.0.0/32"])
    with http_server() as server:
        port = httpx.URL(server.url).port
        server.say(Answer(body=b"ok"))
        assert post(f"http://0.0.0.0:{port}/").status == 200


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/", "http://2852039166/", "//[::ffff:a9fe:a9fe]/", "/inside"]
)
def test_a_channel_follows_no_redirect(server: HttpServer, where: str) -> None:
    server.say(Answer(status=302, headers={"Location": where}))
    with pytest.raises(ChannelError, match="a redirect, which is not followed"):
        post(server.url)
    assert len(server.asked) == 1


def test_a_server_that_redirects_a_look_is_not_obeyed(server: HttpServer) -> None:
    with http_server() as inside:
        for where in (f"{inside.url}/", f"//127.0.0.1:{httpx.URL(inside.url).port}/secret"):
            server.say(Answer(status=302, headers={"Location": where}))
            assert look(server.url, follow=True).facts["status"] == 302
        assert inside.asked == []
