"""The http probe on a real HTTP server: every fact, and every way in which it can go wrong."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.core.readings import Reading, Target
from autofix.errors import ProbeError
from autofix.probes.http import HttpProbe
from autofix.probes.http_body import LIMIT, json_at
from servers.http import Answer, HttpServer, certificate, http_server, silent_server


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def look(
    url: str, *, timeout: float = 10.0, variables: dict[str, Any] | None = None, **options: Any
) -> Reading:
    target = Target("web1", "127.0.0.1", variables or {})
    before = set(threading.enumerate())
    (reading,) = HttpProbe().look(target, {"url": url, **options}, timeout=timeout, now=time.time())
    ours = [each for each in set(threading.enumerate()) - before if "process_req" not in each.name]
    assert ours == []
    assert set(reading.facts) <= set(HttpProbe.facts)
    return reading


def test_a_good_answer_in_all_its_facts(server: HttpServer) -> None:
    server.say(Answer(body=b'{"data": [{"state": "green"}]}'))
    facts = look(f"{server.url}/health", match='"state": *"green"', json="data.0.state").facts
    latency = facts["latency_seconds"]
    assert 0 < latency < 5
    assert facts == {
        "reachable": True,
        "error": None,
        "ok": True,
        "status": 200,
        "latency_seconds": latency,
        "redirects": 0,
        "http_version": "HTTP/1.1",
        "size_bytes": 30,
        "body_matches": True,
        "json_value": "green",
    }
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["accept-encoding"]) == (
        "GET",
        "/health",
        "identity",
    )


@pytest.mark.parametrize(
    ("status", "expect", "ok"),
    [
        (200, None, True),
        (204, None, True),
        (302, None, False),
        (404, None, False),
        (503, None, False),
        (404, 404, True),
        (404, [200, "4xx"], True),
        (500, ["2xx", 301], False),
    ],
)
def test_ok_says_whether_the_status_is_an_expected_one(
    server: HttpServer, status: int, expect: Any, ok: bool
) -> None:
    server.say(Answer(status=status, body=b"" if status == 204 else b"x"))
    options = {} if expect is None else {"expect": expect}
    facts = look(server.url, **options).facts
    assert (facts["status"], facts["ok"], facts["reachable"]) == (status, ok, True)


def test_a_body_that_does_not_match_is_not_ok(server: HttpServer) -> None:
    server.say(
        Answer(
            body="schön".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"}
        )
    )
    assert look(server.url, match="schön$").facts["ok"] is True
    facts = look(server.url, match="schoen").facts
    assert (facts["status"], facts["body_matches"], facts["ok"]) == (200, False, False)


def test_a_post_sends_its_body_and_headers(server: HttpServer) -> None:
    look(
        server.url, method="POST", body='{"ping": 1}', headers={"Content-Type": "application/json"}
    )
    (asked,) = server.asked
    assert (asked.method, asked.body) == ("POST", b'{"ping": 1}')
    assert asked.headers["content-type"] == "application/json"


def test_a_head_is_answered_without_a_body(server: HttpServer) -> None:
    facts = look(server.url, method="HEAD").facts
    assert (facts["status"], facts["size_bytes"], server.asked[0].method) == (200, 0, "HEAD")


def test_only_host_and_address_are_filled_into_the_url(server: HttpServer) -> None:
    look(f"http://{{address}}:{server.port}/of/{{host}}?x=%7Bhost%7D")
    assert server.asked[0].path == "/of/web1?x=%7Bhost%7D"


def test_credentials_come_from_the_inventory_and_are_not_shown(server: HttpServer) -> None:
    basic = look(server.url, variables={"http_user": "ops", "http_password": "hunter2"})
    bearer = look(server.url, variables={"http_token": "hunter2"})
    sent = [asked.headers["authorization"] for asked in server.asked]
    assert sent == ["Basic b3BzOmh1bnRlcjI=", "Bearer hunter2"]
    assert "hunter2" not in repr(basic) + repr(bearer)


def test_redirects_are_followed_only_when_asked_for(server: HttpServer) -> None:
    moved = Answer(status=302, headers={"Location": "/there"})
    server.say(moved, moved, Answer(body=b"arrived"))
    assert look(server.url).facts["status"] == 302
    facts = look(server.url, follow=True, match="arrived").facts
    assert (facts["status"], facts["redirects"], facts["ok"]) == (200, 1, True)
    assert [asked.path for asked in server.asked] == ["/", "/", "/there"]


def test_a_circle_of_redirects_ends_and_is_not_ok(server: HttpServer) -> None:
    server.say(Answer(status=302, headers={"Location": "/again"}))
    facts = look(server.url, follow=True).facts
    assert (facts["ok"], facts["status"], facts["redirects"]) == (False, 302, 10)


def test_a_redirect_to_another_place_is_not_followed(server: HttpServer) -> None:
    with http_server() as elsewhere:
        server.say(Answer(status=307, headers={"Location": f"{elsewhere.url}/trap"}))
        facts = look(server.url, follow=True, variables={"http_token": "hunter2"}).facts
        assert (facts["ok"], facts["status"], facts["redirects"]) == (False, 307, 0)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "where",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/",
        "//localhost/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "https://127.0.0.1/",
    ],
)
def test_a_redirect_out_of_here_is_the_answer_itself(server: HttpServer, where: str) -> None:
    server.say(Answer(status=302, headers={"Location": where}))
    facts = look(server.url, follow=True).facts
    assert (facts["ok"], facts["status"], facts["redirects"]) == (False, 302, 0)


def test_a_redirect_to_no_url_is_no_look(server: HttpServer) -> None:
    server.say(Answer(status=302, headers={"Location": "http://[::bad/"}))
    assert look(server.url, follow=True).facts["reachable"] is False


def test_a_large_body_is_read_to_the_limit_only(server: HttpServer) -> None:
    body = b'{"a": "' + b"x" * (2 * LIMIT) + b'"}'
    server.say(Answer(body=body))
    facts = look(server.url, match='x"}$', json="a").facts
    assert (facts["size_bytes"], facts["body_matches"]) == (len(body), False)
    assert "json_value" not in facts


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda x: zlib.compress(x)[2:-4]),
    ],
)
def test_a_compressed_body_is_opened_though_none_was_asked_for(
    server: HttpServer, name: str, pack: Any
) -> None:
    server.say(Answer(body=pack(b'{"a": 1}'), headers={"Content-Encoding": name}))
    assert look(server.url, json="a").facts["json_value"] == 1


def test_a_body_that_swells_without_end_is_cut(server: HttpServer) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    server.say(Answer(body=bomb, headers={"Content-Encoding": "gzip"}))
    facts = look(server.url, match="^x{100}").facts
    assert (facts["body_matches"], facts["size_bytes"]) == (True, len(bomb))
    server.say(Answer(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    assert look(server.url, match="gzip").facts["ok"] is False


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ('{"a": {"b": [1, 2]}}', "a.b.1", 2),
        ('{"a": {"b": [1, 2]}}', "a.b", [1, 2]),
        ("[true]", "0", True),
        ('{"0": "x"}', "0", "x"),
        ('{"a": 1}', "b", None),
        ('{"a": 1}', "a.b", None),
        ('{"a": "xyz"}', "a.0", None),
        ("[1]", "7", None),
        ("[1]", "x", None),
        ("not json", "a", None),
        ('{"a": NaN}', "a", None),
        ('{"a": 1e999}', "a", None),
        ('{"a": "\\ud800"}', "a", None),
        ('{"a": ' + "[" * 100_000, "a", None),
        (json.dumps({"a": "x" * 20_000}), "a", None),
    ],
)
def test_a_value_is_found_in_json_or_is_absent(text: str, path: str, value: Any) -> None:
    assert json_at(text, path) == value


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(trickle=0.2)])
def test_a_server_that_hangs_or_trickles_costs_the_timeout_and_no_more(
    server: HttpServer, answer: Answer
) -> None:
    server.say(answer)
    began = time.monotonic()
    reading = look(server.url, timeout=0.7)
    assert time.monotonic() - began < 2.5
    assert set(reading.facts) == {"reachable", "error"}
    assert "within 0.7 s" in reading.error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_that_accepts_and_stays_silent_is_a_timeout(scheme: str) -> None:
    with silent_server() as port:
        began = time.monotonic()
        reading = look(f"{scheme}://127.0.0.1:{port}/", timeout=0.4)
        assert time.monotonic() - began < 2
    assert "did not answer within 0.4 s" in reading.error


def test_what_can_not_be_reached_is_said_in_words(server: HttpServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    assert "refused the connection" in look(f"http://127.0.0.1:{closed}").error
    assert "can't be resolved" in look("http://no-such-host.invalid").error
    assert "does it speak TLS?" in look(f"https://127.0.0.1:{server.port}").error
    server.say(Answer(cut=True))
    assert "without sending a response" in look(server.url).error


def test_an_answer_that_is_no_http_is_no_look() -> None:
    def garble(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.recv(1000)
            client.sendall(b"\x1b[2Jwelcome to my teapot\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as odd:
        thread = threading.Thread(target=garble, args=(odd,))
        thread.start()
        reading = look(f"http://127.0.0.1:{odd.getsockname()[1]}")
        thread.join()
    assert reading.facts["reachable"] is False
    assert "\x1b" not in reading.error


def test_proxies_of_the_environment_are_not_used(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert look(server.url).facts["ok"] is True


def test_a_trusted_certificate_with_its_days_left(tmp_path: Path) -> None:
    made = certificate(tmp_path, days=30)
    with http_server(tls=made.context) as server:
        facts = look(server.url, ca=str(made.file)).facts
    assert facts["ok"] is True
    assert facts["tls_trusted"] is True
    assert facts["tls_days_left"] == pytest.approx(30, abs=0.02)
    assert (facts["tls_issuer"], facts["tls_subject"]) == ("127.0.0.1", "127.0.0.1")
    assert facts["tls_version"].startswith("TLSv1.")
    assert "tls_error" not in facts


@pytest.mark.parametrize(("days", "why"), [(30, "self-signed"), (-3, "self-signed")])
def test_an_untrusted_certificate_is_refused_and_still_read(
    tmp_path: Path, days: int, why: str
) -> None:
    made = certificate(tmp_path, days=days)
    with http_server(tls=made.context) as server:
        facts = look(server.url, variables={"http_token": "hunter2"}).facts
        assert server.asked == []  # no request, no token, only the handshake
    assert (facts["reachable"], facts["ok"], facts["tls_trusted"]) == (True, False, False)
    assert why in facts["tls_error"]
    assert facts["tls_days_left"] == pytest.approx(days, abs=0.02)
    assert "status" not in facts


def test_an_expired_certificate_and_a_wrong_name_are_told_apart(tmp_path: Path) -> None:
    expired = certificate(tmp_path, days=-3)
    with http_server(tls=expired.context) as server:
        facts = look(server.url, ca=str(expired.file)).facts
        assert "expired" in facts["tls_error"]
        assert facts["tls_days_left"] == pytest.approx(-3, abs=0.02)
    other = certificate(tmp_path, name="other.example")
    with http_server(tls=other.context) as server:
        facts = look(server.url, ca=str(other.file)).facts
        assert "not valid for '127.0.0.1'" in facts["tls_error"]
        assert facts["tls_subject"] == "other.example"


def test_an_unchecked_certificate_is_read_but_never_called_trusted(tmp_path: Path) -> None:
    made = certificate(tmp_path, days=-1)
    with http_server(tls=made.context) as server:
        facts = look(server.url, verify=False).facts
    assert (facts["ok"], facts["status"]) == (True, 200)
    assert facts["tls_days_left"] == pytest.approx(-1, abs=0.02)
    assert "tls_trusted" not in facts


def test_a_renewed_file_of_authorities_is_read_again(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = certificate(folder)
        ca.write_bytes(made.file.read_bytes())
        with http_server(tls=made.context) as server:
            assert look(server.url, ca=str(ca)).facts["tls_trusted"] is True
    assert "can't use" in look("https://127.0.0.1:1", ca=str(tmp_path / "none")).error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "'url' is missing"),
        ({"url": "ftp://web1/"}, "begins with http:// or https://"),
        ({"url": "web1/health"}, "begins with http:// or https://"),
        ({"url": "http://"}, "begins with http:// or https://"),
        ({"url": "http://{adress}/"}, "{adress} is unknown"),
        ({"url": "http://web1:99999/"}, "is not a URL"),
        ({"url": "http://ops:hunter@web1/"}, "http_user"),
        ({"url": "http://web1", "expect": "200 OK"}, "is not a status"),
        ({"url": "http://web1", "expect": []}, "no status is expected"),
        ({"url": "http://web1", "match": "("}, "not a regular expression"),
        ({"url": "http://web1", "method": "DELETE"}, "method"),
        ({"url": "http://web1", "method": "HEAD", "json": "a"}, "need GET or POST"),
        ({"url": "http://web1", "body": "x"}, "POST only"),
        ({"url": "http://web1", "headers": {"X": "a\r\nY: b"}}, "control characters"),
        ({"url": "http://web1", "headers": {"a b": "c"}}, "is not a header"),
        ({"url": "http://web1", "methd": "GET"}, "did you mean 'method'"),
    ],
)
def test_wrong_options_are_said_in_words(options: dict[str, Any], words: str) -> None:
    (fault,) = HttpProbe().check_options(options)
    assert words in fault
    with pytest.raises(ProbeError):
        HttpProbe().look(Target("web1"), options, timeout=1.0, now=0.0)


def test_right_options_have_no_faults() -> None:
    check = HttpProbe().check_options
    assert check({"url": "https://{host}/health", "expect": [200, "3xx"], "json": "a.b"}) == []
    assert check({"url": "http://{address}:8080", "method": "HEAD", "verify": False}) == []
    assert {"url", "json", "match"} < set(HttpProbe().options_schema()["properties"])
