"""Asking a server: what travels, what is refused, and each way in which it can fail."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.errors import (
    AutofixError,
    Denied,
    HeldError,
    NotFound,
    StoreError,
    UsageError,
)
from autofix.remote import wire
from autofix.remote.address import Address, of_socket, of_url
from autofix.remote.answers import WHO
from autofix.remote.client import Client, path
from autofix.remote.wire import Broken, Wire
from servers.scripted import Answer, Cut, Heard, served


def good(_: Heard) -> Answer:
    return 200, ["web1"]


OPEN: list[Client] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def client(at: Address, ca: Path | None = None, **more: Any) -> Client:
    OPEN.append(Client(Wire(at, ca), **{"sleep": lambda _: None, **more}))
    return OPEN[-1]


# what travels


def test_a_question_and_its_answer() -> None:
    with served(good) as server:
        asked = client(server.at, token="af_1_secret")
        assert asked.get(list[str], "hosts", limit=5, runbook="", states=["open", "held"]) == [
            "web1"
        ]
    heard = server.heard[0]
    assert (heard.method, heard.path) == ("GET", "/api/v1/hosts?limit=5&states=open&states=held")
    assert heard.headers["authorization"] == "Bearer af_1_secret"
    assert heard.headers["accept"] == "application/json"
    assert "x-autofix-actor" not in heard.headers


def test_over_a_socket_the_person_is_named(tmp_path: Path) -> None:
    file = tmp_path / "s"
    with served(good, file=file) as server:
        assert client(of_socket(file), actor="ann (sudo)").get(list[str], "hosts") == ["web1"]
    assert server.heard[0].headers["x-autofix-actor"] == "ann (sudo)"
    assert "authorization" not in server.heard[0].headers


def test_an_act_has_a_body_and_where_it_starts_something_a_key() -> None:
    with served(lambda _: (201, None)) as server:
        asked = client(server.at)
        asked.act(type(None), "POST", "pauses", body={"host": "web1"})
        asked.act(type(None), "POST", "runbooks", "a/b", "runs", body={}, once=True)
        asked.act(type(None), "DELETE", "pauses", query={"host": "web 1"})
    first, second, third = server.heard
    assert first.body == {"host": "web1"}
    assert "idempotency-key" not in first.headers
    assert second.path == "/api/v1/runbooks/a%2Fb/runs"
    assert len(second.headers["idempotency-key"]) == 32
    assert (third.method, third.path) == ("DELETE", "/api/v1/pauses?host=web+1")


def test_names_are_no_routes() -> None:
    assert path("users", "../tokens", "é") == "/api/v1/users/..%2Ftokens/%C3%A9"


def test_a_path_before_the_routes_is_kept() -> None:
    with served(good) as server:
        at = of_url(f"http://127.0.0.1:{server.at.port}/ops/")
        client(at).get(list[str], "hosts")
    assert server.heard[0].path == "/ops/api/v1/hosts"


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with served(good) as server:
        assert client(server.at).get(list[str], "hosts") == ["web1"]


# problems


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, UsageError, 2),
        (401, Denied, 3),
        (403, Denied, 3),
        (404, NotFound, 2),
        (409, HeldError, 3),
        (413, UsageError, 2),
        (422, UsageError, 2),
        (500, StoreError, 4),
        (502, StoreError, 4),
        (503, StoreError, 4),
    ],
)
def test_a_problem_is_our_error(status: int, kind: type[AutofixError], code: int) -> None:
    document = {"detail": "it is \x1b[2Jso", "hint": "do this"}
    with served(lambda _: (status, document)) as server, pytest.raises(kind) as caught:
        client(server.at).get(list[str], "hosts")
    assert caught.value.exit_code == code
    assert caught.value.hint == ("do this" if status != 401 else WHO)
    assert str(caught.value).startswith("it is ")
    assert "\x1b" not in str(caught.value)


def test_without_a_token_it_is_said_where_it_goes() -> None:
    with (
        served(lambda _: (401, {"detail": "nobody was named", "hint": "log in"})) as server,
        pytest.raises(Denied) as caught,
    ):
        client(server.at).get(list[str], "hosts")
    assert "AUTOFIX_TOKEN" in caught.value.hint


@pytest.mark.parametrize("page", [b"<html>Bad gateway</html>", b"[1]", b"", b"[" * 100_000])
def test_the_page_of_a_proxy_is_no_problem_document(page: bytes) -> None:
    with served(lambda _: (502, page)) as server, pytest.raises(StoreError, match="answered 502"):
        client(server.at).get(list[str], "hosts")


@pytest.mark.parametrize("page", [b"<html>", b"{", b'{"a": 1}', b"7", b"[" * 100_000])
def test_an_answer_that_is_none(page: bytes) -> None:
    with (
        served(lambda _: (200, page)) as server,
        pytest.raises(StoreError, match="not understood"),
    ):
        client(server.at).get(list[str], "hosts")


def test_a_redirect_is_not_followed() -> None:
    with served(lambda _: (302, None, {"Location": "http://127.0.0.1:9/"})) as server:
        with pytest.raises(StoreError, match=r"sends us elsewhere \(302\)"):
            client(server.at).get(list[str], "hosts")
        assert len(server.heard) == 1


def test_asked_too_often_it_waits_once_as_long_as_it_is_told() -> None:
    answers: list[Answer] = [(429, {"detail": "slow"}, {"Retry-After": "3"}), (200, ["web1"])]
    waited: list[float] = []
    with served(lambda _: answers.pop(0)) as server:
        asked = client(server.at, sleep=waited.append)
        assert asked.get(list[str], "hosts") == ["web1"]
    assert waited == [3.0]


def test_a_long_wait_is_left_to_the_person() -> None:
    answer = (429, {"detail": "asked too often"}, {"Retry-After": "600"})
    with (
        served(lambda _: answer) as server,
        pytest.raises(StoreError, match="too often") as caught,
    ):
        client(server.at).get(list[str], "hosts")
    assert caught.value.hint == "again in 600 s"


# the way there


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_nobody_there_is_one_line_with_the_name(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"http://127.0.0.1:\d+ can't be reached: ") as caught:
        client(of_url(f"http://127.0.0.1:{closed_port()}")).get(list[str], "hosts")
    assert (caught.value.exit_code, caught.value.sent) == (4, False)
    with pytest.raises(Broken, match="the local server can't be reached"):
        client(of_socket(tmp_path / "none")).get(list[str], "hosts")


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        at = of_url(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(StoreError, match="no answer in time"):
            client(at).act(type(None), "POST", "pauses", body={}, timeout=0.2)


def cutting(times: int) -> Callable[[Heard], Answer]:
    left = [times]

    def script(_: Heard) -> Answer:
        left[0] -= 1
        if left[0] >= 0:
            raise Cut
        return 200, ["web1"]

    return script


def test_a_question_is_asked_again_once_when_the_connection_breaks() -> None:
    with served(cutting(1)) as server:
        assert client(server.at).get(list[str], "hosts") == ["web1"]
    with served(cutting(2)) as server, pytest.raises(Broken, match="closed the connection"):
        client(server.at).get(list[str], "hosts")
    assert len(server.heard) == 2


def test_a_start_is_made_again_under_the_same_key() -> None:
    with served(cutting(1)) as server:
        client(server.at).act(list[str], "POST", "x", body={}, once=True)
    first, second = (each.headers["idempotency-key"] for each in server.heard)
    assert first == second


def test_what_may_not_be_done_twice_is_not_tried_twice() -> None:
    with served(cutting(1)) as server, pytest.raises(Broken) as caught:
        client(server.at).act(list[str], "POST", "x", body={})
    assert (caught.value.sent, len(server.heard)) == (True, 1)


def test_half_an_answer_is_none() -> None:
    with (
        served(lambda _: (200, b'["web', {"Content-Length": "100", "Connection": "close"})) as it,
        pytest.raises(StoreError, match="broke off"),
    ):
        client(it.at).act(list[str], "POST", "x", body={})


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 1000)
    with (
        served(lambda _: (200, b"x" * 2000)) as server,
        pytest.raises(StoreError, match="more than 1000 bytes"),
    ):
        client(server.at).get(list[str], "hosts")


def test_line_by_line() -> None:
    with served(lambda _: (200, b"one\r\ntwo\n\nthree")) as server:
        with client(server.at).lines("audit", "export", accept="text/csv") as lines:
            assert list(lines) == ["one\r\n", "two\n", "\n", "three"]
        assert server.heard[0].headers["accept"] == "text/csv"


def test_a_refusal_comes_before_the_first_line() -> None:
    with (
        served(lambda _: (403, {"detail": "no"})) as server,
        pytest.raises(Denied, match="no"),
        client(server.at).lines("audit", "export", accept="text/csv"),
    ):
        raise AssertionError("refused before the first line")


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=autofix -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {cert}"
    )
    subprocess.run(words.split(), check=True, capture_output=True)
    return cert, key


def test_a_certificate_counts_only_when_its_authority_was_named(
    authority: tuple[Path, Path], tmp_path: Path
) -> None:
    with served(good, tls=authority) as server:
        with pytest.raises(StoreError, match="not trusted") as caught:
            client(server.at).get(list[str], "hosts")
        assert "--server-ca" in caught.value.hint
        assert client(server.at, authority[0]).get(list[str], "hosts") == ["web1"]
        named = of_url(f"https://localhost:{server.at.port}")
        with pytest.raises(StoreError, match=r"not trusted: .*localhost"):
            client(named, authority[0]).get(list[str], "hosts")


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_file_without_certificates(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match="--server-ca"):
        Wire(of_url("https://ops1"), file)


# addresses


@pytest.mark.parametrize(
    ("text", "host", "port", "tls", "base"),
    [
        ("https://ops1", "ops1", 443, True, ""),
        ("https://ops1:8420/", "ops1", 8420, True, ""),
        ("https://ops.example.org/autofix/", "ops.example.org", 443, True, "/autofix"),
        ("http://localhost:8420", "localhost", 8420, False, ""),
        ("http://[::1]:8420", "::1", 8420, False, ""),
        ("http://127.0.0.9", "127.0.0.9", 80, False, ""),
    ],
)
def test_addresses(text: str, host: str, port: int, tls: bool, base: str) -> None:
    at = of_url(text)
    assert (at.host, at.port, at.tls, at.base) == (host, port, tls, base)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ops1",
        "ops1:8420",
        "ftp://ops1",
        "https://",
        "https://ops1:x",
        "https://ops1:99999",
        "https://ops1/?a=1",
        "https://ops1/#a",
        "https://ops1/a b",
        "https://ann:pw@ops1",
        "https://[::1",
        "https://ops1/\r\nHost: x",
        "https://ops1/\0",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="--server") as caught:
        of_url(text)
    assert "pw" not in str(caught.value)


def test_a_token_does_not_travel_in_the_clear() -> None:
    with pytest.raises(UsageError, match="readable by everybody"):
        of_url("http://ops1:8420")
    assert not of_url("http://ops1:8420", in_the_clear=True).tls
