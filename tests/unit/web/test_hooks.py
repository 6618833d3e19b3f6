"""The door for alerts, over a real connection: who comes in, what is refused, in which words."""

from __future__ import annotations

import gzip
import json
import select
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from autofix.alerts.alertmanager import AlertmanagerSource
from autofix.alerts.options import NamedOptions
from autofix.config.web_models import WebBlock
from autofix.core.alerts import Admission, Arrival, Delivery, DeliveryState, Post
from autofix.errors import StoreError
from autofix.options import Secret
from autofix.web.clerk import Clerk
from autofix.web.gate import Gate
from autofix.web.services import Services
from unit.flow.world import World
from unit.web.wirekit import connected, eventually, listening, status

ALERT = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "web1"},
    "startsAt": "2026-11-23T07:00:00Z",
}
BODY = json.dumps({"version": "4", "status": "firing", "alerts": [ALERT]}).encode()
SECRET = "a secret of some length"
JSON = {"content-type": "application/json"}
GOOD = {**JSON, "authorization": f"Bearer {SECRET}"}


#: Making one takes a while. It keeps no connection open: the servers come and go.
CLIENT = httpx.Client(timeout=20, verify=False, limits=httpx.Limits(max_keepalive_connections=0))


class Doorman:
    """Knows one token, for the source `am`; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def hook(self, token: str, post: Post) -> Admission:
        self.asked += 1
        if token != "af_1_good":
            return Admission(why="this token is not known")
        fits = post.source == "am"
        return Admission("ann (token t)", "" if fits else "this token is not for this source")


@dataclass
class Door:
    """What came through; `act` stands for the store."""

    url: str = ""
    came: list[Sequence[Arrival]] = field(default_factory=list)
    act: Callable[[], None] = lambda: None
    doorman: Doorman = field(default_factory=Doorman)
    breaks: bytes | None = None  # a post with this is one that nobody thought of

    def accept(self, _: Any, arrivals: Sequence[Arrival]) -> list[Delivery]:
        self.act()
        if self.breaks and any(self.breaks in each.post.body for each in arrivals):
            raise ZeroDivisionError
        self.came.append(arrivals)
        return [
            Delivery(
                1, 0.0, each.post.source, each.admission.sender, each.post.address,
                DeliveryState.REFUSED if each.why else DeliveryState.ACCEPTED, each.status,
                each.why,
            )
            for each in arrivals
        ]  # fmt: skip

    @property
    def arrivals(self) -> list[Arrival]:
        return [each for batch in self.came for each in batch]

    def post(self, body: bytes = BODY, source: str = "am", **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()} or GOOD
        return CLIENT.post(f"{self.url}/hooks/{source}", content=body, headers=given)


@contextmanager
def opened(settings: WebBlock | None = None, **more: Any) -> Iterator[Door]:
    world, door = World(), Door()
    options = NamedOptions(auth="bearer", secret=[Secret(SECRET)])
    book = world.ctx.book
    world.ctx.book = type(book)(
        book.runbooks, book.inventory, sources={"am": AlertmanagerSource("am", options)}
    )
    services = Services(
        context=lambda: world.ctx,
        desk=lambda _: pytest.fail("no desk here"),
        doorman=door.doorman,  # type: ignore[arg-type]
        settings=lambda: settings or WebBlock(),
    )
    clerk = Clerk(services, door.accept, **more)
    clerk.start()

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] in ("/crash", "/ack/the-code"):
            raise ZeroDivisionError("a secret detail")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    try:
        with listening(Gate(nothing, services, clerk)) as port:
            door.url = f"http://127.0.0.1:{port}"
            yield door
    finally:
        clerk.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Door]:
    with opened() as door:
        yield door


def problem(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert "\n" not in found["detail"]
    return str(found["detail"])


def test_a_group_of_alerts_is_written_down(shared: Door) -> None:
    answer = shared.post()
    assert (answer.status_code, answer.json()["delivery"]) == (202, 1)
    arrival = shared.arrivals[-1]
    assert [each.name for each in arrival.alerts] == ["DiskFull"]
    assert (arrival.post.address, arrival.admission.sender) == ("127.0.0.1", "bearer")
    assert arrival.post.body == BODY


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("am", {**JSON, "authorization": "Bearer wrong"}),
        ("am", JSON),
        ("none", GOOD),
        ("none", JSON),
        ("none", {**JSON, "authorization": "Bearer af_1_good"}),
        ("am", {**JSON, "authorization": "Bearer af_2_bad"}),
        ("a" * 3000, JSON),
        ("%00%1b[31m", JSON),
    ],
)
def test_a_wrong_secret_and_a_source_that_is_not_there_look_the_same(
    shared: Door, source: str, headers: dict[str, str]
) -> None:
    answer = shared.post(source=source, **headers)
    assert answer.status_code == 401
    assert problem(answer) == "there is no such source, or this is not what its sender shows"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert shared.arrivals[-1].why
    assert not shared.arrivals[-1].alerts


def test_a_token_made_for_the_source_is_taken(shared: Door) -> None:
    assert shared.post(**JSON, authorization="Bearer af_1_good").status_code == 202
    assert shared.arrivals[-1].admission.sender == "ann (token t)"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"[1]", 400, "not an object"),
        (b'{"a": 1}', 400, "no body of Alertmanager"),
        (b'{"a": 1, "a": 2}', 400, "stands twice"),
        (b'{"a": NaN}', 400, "NaN"),
        (b'{"a": 1e999}', 400, "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "too many digits"),
        (b'{"a": ' + b"9" * 500 + b"}", 400, "too many digits"),
        (b'{"a": "\\u0000"}', 400, "control character U+0000"),
        (b'{"a": "\\ud800"}', 400, "surrogate U+D800"),
        (b'{"a": "\xff"}', 400, "not JSON"),
        (b"[" * 33 + b"]" * 33, 400, "nested deeper than 32"),
        (b"[" + b"1," * 60_000 + b"1]", 400, "more than 50000 values"),
        (b" " * 1_048_577, 413, "larger than 1048576 bytes"),
    ],
)
def test_a_body_that_is_no_alert_is_refused_in_words(
    shared: Door, body: bytes, code: int, words: str
) -> None:
    answer = shared.post(body)
    assert answer.status_code == code
    assert words in problem(answer)
    assert shared.arrivals[-1].why


def test_bodies_that_never_end_fill_no_memory_and_small_ones_come_in() -> None:
    """Nobody has shown who he is yet while a body is read: 250 of a megabyte were 230 MB."""
    with opened() as door:
        port = int(door.url.rpartition(":")[2])
        head = b"POST /hooks/am HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
        held = [connected(port) for _ in range(24)]
        for one in held:
            one.sendall(head + b"x" * 999_000)
        # 16 MiB of one address: 17 that are 0.93 MB beyond what always has room.
        eventually(lambda: len(select.select(held, [], [], 0.1)[0]) == 7)
        said = {status(one.recv(4096)) for one in select.select(held, [], [], 0.1)[0]}
        assert said == {503}
        assert door.post().status_code == 202
        for one in held:
            one.close()
        eventually(lambda: door.post(b" " * 999_000 + BODY).status_code == 202)


def test_a_log_line_about_a_failure_has_no_code_in_it(
    shared: Door, caplog: pytest.LogCaptureFixture
) -> None:
    assert CLIENT.get(f"{shared.url}/ack/the-code").status_code == 500
    said = "\n".join(each.getMessage() for each in caplog.records)
    assert "failed: GET /ack/…" in said
    assert "the-code" not in said


@pytest.mark.parametrize(
    ("headers", "body", "code", "words"),
    [
        ({"content-encoding": "gzip"}, gzip.compress(BODY), 202, ""),
        ({"content-encoding": "deflate"}, zlib.compress(BODY), 202, ""),
        ({"content-encoding": "deflate"}, zlib.compress(BODY)[2:-4], 202, ""),
        ({"content-encoding": "gzip"}, gzip.compress(bytes(50 * 2**20)), 413, "is unpacked"),
        ({"content-encoding": "gzip"}, gzip.compress(BODY)[:-9], 400, "not gzip"),
        ({"content-encoding": "gzip"}, gzip.compress(BODY) + b"more", 400, "not gzip"),
        ({"content-encoding": "gzip"}, BODY, 400, "not gzip"),
        ({"content-encoding": "br"}, BODY, 415, "Content-Encoding br"),
        ({"content-encoding": "gzip, gzip"}, BODY, 415, "Content-Encoding gzip, gzip"),
        ({"content-type": "text/plain"}, BODY, 415, "send application/json"),
        ({"content-type": "application/x-www-form-urlencoded"}, BODY, 415, "application/json"),
        ({"content-type": "application/json; charset=utf-16"}, BODY, 415, "send UTF-8"),
        ({"content-type": "application/json; charset=UTF-8"}, BODY, 202, ""),
        ({"content-type": "application/cloudevents+json"}, BODY, 202, ""),
    ],
)  # fmt: skip
def test_what_a_body_says_of_itself_is_looked_at(
    shared: Door, headers: dict[str, str], body: bytes, code: int, words: str
) -> None:
    answer = shared.post(body, **{**GOOD, **headers})
    assert answer.status_code == code, answer.text
    if words:
        assert words in problem(answer)


def test_an_authentic_hostile_body_is_marked_and_an_odd_one_is_not(shared: Door) -> None:
    shared.post(b'{"a": 1, "a": 2}')
    assert shared.arrivals[-1].hostile
    shared.post(b"{}")
    assert not shared.arrivals[-1].hostile
    shared.post(b'{"a": 1, "a": 2}', **JSON)
    assert not shared.arrivals[-1].hostile  # nobody vouches for it


def test_the_store_in_trouble_is_503_and_never_a_2xx() -> None:
    with opened() as door:

        def fail() -> None:
            raise StoreError("the disk is full")

        door.act = fail
        answer = door.post()
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "come" not in problem(answer)
        door.act = lambda: None
        assert door.post().status_code == 202


def test_a_store_that_hangs_is_503_in_time_and_what_nobody_waits_for_is_dropped() -> None:
    with opened(patience=0.5) as door:
        free, at_work = threading.Event(), threading.Event()

        def hang() -> None:
            at_work.set()
            free.wait(20)

        door.act = hang
        first = threading.Thread(target=door.post)
        first.start()
        assert at_work.wait(10)
        began = time.monotonic()
        assert {each.status_code for each in together(door, 5)} == {503}
        assert time.monotonic() - began < 5
        first.join(10)
        free.set()
        assert door.post().status_code == 202
        # The first was with the store when its sender gave up; the five were not begun.
        assert len(door.arrivals) == 2


def together(door: Door, count: int) -> list[httpx.Response]:
    found: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: found.append(door.post())) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    return found


def test_posts_gather_while_a_commit_is_on_its_way_and_a_token_is_looked_up_once() -> None:
    with opened() as door:
        door.act = lambda: time.sleep(0.2)
        threads = [
            threading.Thread(target=lambda: door.post(**JSON, authorization="Bearer af_1_good"))
            for _ in range(20)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert len(door.arrivals) == 20
        assert len(door.came) <= 10
        assert door.doorman.asked == len(door.came)


def test_one_post_that_breaks_the_judge_costs_the_others_nothing() -> None:
    with opened() as door:
        door.breaks = b"poison"
        door.act = lambda: time.sleep(0.1)
        bodies = (BODY, b'{"alerts": [], "x": "poison"}', BODY, BODY)
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda body=body: found.append(door.post(body).status_code))
            for body in bodies
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert sorted(found) == [202, 202, 202, 503]


def test_when_too_many_wait_a_sender_is_told_to_come_again() -> None:
    with opened(room=4) as door:
        free = threading.Event()
        door.act = lambda: free.wait(20) and None  # type: ignore[func-returns-value]
        found: list[int] = []
        asking = [
            threading.Thread(target=lambda: found.append(door.post().status_code)) for _ in range(8)
        ]
        for each in asking:
            each.start()
        eventually(lambda: len(found) >= 6)  # one source has half of the room
        assert set(found) == {503}
        free.set()
        for each in asking:
            each.join(20)
        assert found.count(202) == 2


def test_wrong_secrets_again_and_again_are_not_read_any_more() -> None:
    with opened() as door:
        codes = [
            CLIENT.post(f"{door.url}/hooks/am", content=BODY, headers=JSON).status_code
            for _ in range(130)
        ]
        assert codes[:120] == [401] * 120
        assert codes[-1] == 503  # and not 429, which is final for some senders
        assert len(door.arrivals) <= 121


def test_every_answer_forbids_a_browser_everything(shared: Door) -> None:
    for answer in (shared.post(), shared.post(source="none", **JSON), CLIENT.get(shared.url)):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers


def test_a_crash_is_a_problem_with_a_number_that_the_log_has(
    shared: Door, caplog: pytest.LogCaptureFixture
) -> None:
    answer = CLIENT.get(f"{shared.url}/crash")
    assert answer.status_code == 500
    words = problem(answer)
    assert "secret" not in answer.text
    assert words.rpartition(" ")[2] in caplog.text


def test_behind_a_proxy_the_base_path_and_its_words_count() -> None:
    settings = WebBlock(base_path="/autofix", trusted_proxies=["127.0.0.1"])
    with opened(settings) as door:
        more = {"x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https"}
        for prefix in ("", "/autofix"):
            answer = CLIENT.post(
                f"{door.url}{prefix}/hooks/am", content=BODY, headers={**GOOD, **more}
            )
            assert answer.status_code == 202
            assert "strict-transport-security" in answer.headers
        post = door.arrivals[-1].post
        assert (post.address, post.proxied) == ("198.51.100.7", True)
