"""The sign of life to an outside dead-man's switch."""

from __future__ import annotations

import pytest

from autofix.channels.heartbeat import Heartbeat
from autofix.channels.heartbeat_options import HeartbeatOptions
from autofix.errors import ChannelError
from autofix.options import ValidationError
from servers.http import Answer, http_server

SECRET = "0c2b1d5e-7f3a-4f6c-9a54-2f9d6f2b7c11"


def test_a_sign_is_given_and_a_trouble_told_at_fail() -> None:
    with http_server() as server:
        options = HeartbeatOptions(url=f"{server.url}/ping/{SECRET}?rid=1", style="healthchecks")
        heartbeat = Heartbeat(options)
        assert heartbeat.beat() == "HTTP 200"
        heartbeat.beat("the store can't be written: \x1b[31mENOSPC")
        good, bad = server.asked
        assert (good.method, good.path, good.body) == ("POST", f"/ping/{SECRET}?rid=1", b"")
        assert bad.path == f"/ping/{SECRET}/fail?rid=1"
        assert bad.body == b"the store can't be written: \\u001b[31mENOSPC"


def test_a_plain_switch_is_left_without_signs_in_trouble() -> None:
    with http_server() as server:
        heartbeat = Heartbeat(HeartbeatOptions(url=server.url, method="get"))
        assert heartbeat.beat("pages can't leave") == "no sign was given"
        heartbeat.beat()
        (asked,) = server.asked
        assert (asked.method, asked.body) == ("GET", b"")


def test_a_switch_that_refuses_or_hangs_is_an_error_without_its_address() -> None:
    with http_server() as server:
        server.say(Answer(404, body=f"no such check {SECRET}".encode()), Answer(hang=True))
        heartbeat = Heartbeat(HeartbeatOptions(url=f"{server.url}/{SECRET}", timeout=1))
        with pytest.raises(ChannelError, match="answered 404") as refused:
            heartbeat.beat()
        with pytest.raises(ChannelError, match="no answer within 1 s"):
            heartbeat.beat()
        assert SECRET not in str(refused.value)
        assert SECRET not in repr(heartbeat.options)


@pytest.mark.parametrize(
    "wrong",
    [{"url": "http://example.com/x"}, {"url": "ftp://x"}, {}, {"url": "https://x", "every": 0}],
)
def test_what_could_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HeartbeatOptions.model_validate(wrong)
