"""The apprise channel, through Apprise itself to a local receiver."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from autofix.channels.apprise import AppriseChannel, AppriseOptions
from autofix.errors import ChannelError
from servers.http import Answer, HttpServer, http_server
from servers.pages import a_page, hostile_page

SECRET = "s3cret-t0ken-4711"
LIMIT = 30.0  # a cold import of Apprise on two busy cores


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def channel(*urls: str) -> AppriseChannel:
    return AppriseChannel("many", AppriseOptions.model_validate({"urls": urls}))


def at(server: HttpServer) -> str:
    """Apprise's own JSON service, pointed at the receiver."""
    return f"json://user:{SECRET}@127.0.0.1:{server.port}/{SECRET}"


def refused(made: AppriseChannel, timeout: float = LIMIT) -> str:
    with pytest.raises(ChannelError) as caught:
        made.send(a_page(), timeout=timeout)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_page_goes_to_every_url(server: HttpServer) -> None:
    server.say(Answer())
    before = len(server.asked)
    assert channel(at(server), at(server)).send(a_page(), timeout=LIMIT) == "taken by 2 of 2"
    first, second = server.wait_for(before + 2)[before:]
    assert json.loads(first.body)["title"] == a_page().title
    assert json.loads(first.body)["message"] == a_page().text
    assert json.loads(first.body)["type"] == "failure"
    assert first.body == second.body


def test_a_hostile_page_is_taken_and_calls_nobody(server: HttpServer) -> None:
    server.say(Answer())
    before = len(server.asked)
    channel(at(server)).send(hostile_page(), timeout=LIMIT)
    body = json.loads(server.wait_for(before + 1)[before].body)
    assert "@all" not in body["message"]
    assert "\x1b" not in body["message"]


def test_one_url_that_refuses_is_named_by_its_scheme(server: HttpServer) -> None:
    server.say(Answer(), Answer(500))
    words = refused(channel(at(server), at(server)))
    assert words == "apprise: url 2 (json) did not take the page"


def test_a_url_apprise_cannot_read_is_named_and_nobody_is_told(server: HttpServer) -> None:
    before = len(server.asked)
    words = refused(channel(at(server), f"nosuch://{SECRET}", SECRET))
    assert words == "apprise can't read url 2 (nosuch), url 3 (no scheme)"
    assert len(server.asked) == before


def test_a_server_that_hangs_is_left_in_time() -> None:
    with http_server() as hanging:
        hanging.say(Answer(hang=True))
        url = f"json://127.0.0.1:{hanging.port}/?rto=60&cto=60"
        began = time.monotonic()
        assert "did not end within 4 s" in refused(channel(url), 4.0)
        assert time.monotonic() - began < 5


def test_several_urls_may_stand_in_one_text() -> None:
    text = f"json://a/{SECRET}\n  json://b"  # as a file or the environment holds them
    for urls in (text, SecretStr(text)):
        options = AppriseOptions.model_validate({"urls": urls})
        assert [url.get_secret_value() for url in options.urls] == [
            f"json://a/{SECRET}",
            "json://b",
        ]
        assert SECRET not in repr(options)
