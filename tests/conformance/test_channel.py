"""The Channel port: what every channel promises, on the real ones and on the fake."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from autofix import channels
from autofix.core.pages import Page
from autofix.errors import ChannelError
from autofix.ports import Channel
from autofix.testing.channels import FailingChannel, HangingChannel, RecordingChannel
from servers.channels import SECRET, SIGNING, WEB
from servers.http import Answer, http_server, silent_server
from servers.pages import a_page, hostile_page
from servers.smtp import smtp_server

SOON = 1.0  # seconds, for what is made to wait


@dataclass(frozen=True)
class Ends:
    """The other ends of one kind of channel: one that takes, one that refuses, one that hangs.

    `slow`: seconds that a delivery may take (Apprise is imported cold in a child process).
    """

    takes: Callable[[ExitStack], Channel]
    refuses: Callable[[ExitStack], Channel]
    hangs: Callable[[ExitStack], Channel] | None
    slow: float = 10.0


def web(kind: str) -> Ends:
    def at(stack: ExitStack, answer: Answer) -> Channel:
        server = stack.enter_context(http_server())
        server.say(answer)
        made: Channel = WEB[kind].at(server.url)
        return made

    return Ends(
        lambda stack: at(stack, WEB[kind].taken),
        lambda stack: at(stack, Answer(500, f"no, {SECRET}".encode())),
        lambda stack: at(stack, Answer(hang=True)),
    )


def made(kind: str, **options: Any) -> Channel:
    channel = channels.load(kind)
    result: Channel = channel("ops", channel.options.model_validate(options))
    return result


def email(port: int) -> Channel:
    return made(
        "email", host="127.0.0.1", port=port, tls="none", **{"from": "a@example.com"},
        to="b@example.com", user="autofix", password=SECRET,
    )  # fmt: skip


def command(program: str) -> Channel:
    return made("command", argv=[sys.executable, "-c", program], env={"TOKEN": SECRET})


def apprise(stack: ExitStack, answer: Answer) -> Channel:
    server = stack.enter_context(http_server())
    server.say(answer)
    return made("apprise", urls=[f"json://user:{SECRET}@127.0.0.1:{server.port}/?rto=60&cto=60"])


KINDS = {
    **{kind: web(kind) for kind in WEB},
    "email": Ends(
        lambda stack: email(stack.enter_context(smtp_server(login=("autofix", SECRET))).port),
        lambda stack: email(stack.enter_context(smtp_server(login=("autofix", "other"))).port),
        lambda stack: email(stack.enter_context(silent_server())),
    ),
    "command": Ends(
        lambda _: command("import sys; sys.stdin.read()"),
        lambda _: command("import os, sys; sys.exit('no ' + os.environ['TOKEN'])"),
        lambda _: command("import time; time.sleep(60)"),
    ),
    "apprise": Ends(
        lambda stack: apprise(stack, Answer()),
        lambda stack: apprise(stack, Answer(500)),
        lambda stack: apprise(stack, Answer(hang=True)),
        slow=45.0,
    ),
    "fake": Ends(lambda _: RecordingChannel("ops"), lambda _: FailingChannel("ops"), None),
}

every_kind = pytest.mark.parametrize("ends", KINDS.values(), ids=KINDS)
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@contextmanager
def opened(end: Callable[[ExitStack], Channel]) -> Iterator[Channel]:
    with ExitStack() as stack:
        yield end(stack)


def test_every_channel_of_the_table_is_held_to_the_port() -> None:
    assert set(channels.TABLE) == set(KINDS) - {"fake"}


@every_kind
def test_it_has_the_name_of_the_settings(ends: Ends) -> None:
    with opened(ends.takes) as channel:
        assert channel.name == "ops"


@every_kind
@pytest.mark.parametrize("page", [a_page(), hostile_page()], ids=["honest", "hostile"])
def test_a_page_is_taken_with_an_answer_of_one_line(ends: Ends, page: Page) -> None:
    with opened(ends.takes) as channel:
        answer = channel.send(page, timeout=ends.slow)
    assert answer
    assert answer.isprintable()
    assert len(answer) <= 300
    assert SECRET not in answer


@every_kind
def test_the_same_page_is_taken_again(ends: Ends) -> None:
    with opened(ends.takes) as channel:
        channel.send(a_page(), timeout=ends.slow)
        assert channel.send(a_page(tried=1), timeout=ends.slow)


@every_kind
def test_a_refusal_is_a_channel_error_of_one_line_without_secrets(ends: Ends) -> None:
    with opened(ends.refuses) as channel, pytest.raises(ChannelError) as caught:
        channel.send(a_page(), timeout=ends.slow)
    words = str(caught.value)
    assert words
    assert words.isprintable()
    assert SECRET not in words
    assert SIGNING not in words


@pytest.mark.parametrize(
    "ends", [e for e in KINDS.values() if e.hangs], ids=[k for k, e in KINDS.items() if e.hangs]
)
def test_a_hanging_end_is_left_in_time(ends: Ends) -> None:
    assert ends.hangs is not None
    with opened(ends.hangs) as channel:
        began = time.monotonic()
        with pytest.raises(ChannelError):
            channel.send(a_page(), timeout=SOON)
        assert time.monotonic() - began < SOON + 1


@every_kind
def test_nothing_shown_of_it_holds_a_secret(ends: Ends) -> None:
    with opened(ends.takes) as channel:
        assert SECRET not in repr(channel)
        assert SECRET not in str(channel)


def test_the_hanging_fake_ignores_its_timeout_until_released() -> None:
    channel = HangingChannel()
    channel.release()
    with pytest.raises(ChannelError, match="released"):
        channel.send(a_page(), timeout=0)
    assert channel.tried == 1


def test_the_recording_fake_keeps_pages_in_order() -> None:
    channel = RecordingChannel()
    for number in (1, 2):
        channel.send(a_page(id=number), timeout=1)
    assert [page.id for page in channel.wait_for(2)] == [1, 2]
    with pytest.raises(AssertionError, match="2 of 3 pages"):
        channel.wait_for(3, seconds=0.01)
