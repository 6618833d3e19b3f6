"""SAFETY 33: text from outside is never script, in a real browser.

What the app answers is caught, and served to the browser as it was, in frames of one page, which
sees every script that runs. Once with the app's own policy, and once without any: escaping alone
must do, and the policy alone, too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from autofix.core.acks import LASTS, AckCode, digest_of
from autofix.core.incidents import State
from safety.xss import HIT, corpus
from servers import browser
from storekit import event, incident
from unit.web.api_kit import Api

INDEX = """<!doctype html><html><head><title>0</title><script>
function pwned() { document.title = String(Number(document.title) + 1); }
</script></head><body>%s</body></html>"""


@dataclass(frozen=True)
class Caught:
    kind: str
    policy: str
    body: str


def caught(answer: Any) -> Caught:
    headers = answer.headers
    return Caught(headers["content-type"], headers.get("content-security-policy", ""), answer.text)


def answers(api: Api) -> Iterator[Caught]:
    """Pages and documents of the app with every string of the corpus in every place for text."""
    for number, text in enumerate(corpus()):
        code = f"code-{number}"
        _waits(api, number, text, code)
        shown = api.raw("GET", f"/ack/{code}")
        assert shown.status_code == 200
        yield caught(shown)
        if number % 10 == 0:
            yield caught(api.raw("POST", f"/ack/{code}", data={"name": text[:60]}))
    yield caught(api.raw("GET", "/ack/" + "%3Cscript%3Etop.pwned()%3C%2Fscript%3E"))
    yield caught(api.raw("GET", "/setup/" + "%3Cimg%20src=x%20onerror=top.pwned()%3E"))
    yield caught(api.raw("GET", "/%3Cscript%3Etop.pwned()%3C/script%3E"))


def _waits(api: Api, number: int, text: str, code: str) -> None:
    """An incident with the text wherever a stranger's may stand, and a link that is about it."""
    world = api.world
    now = world.clock.now()
    hostile = {"subject": text, "reason": text, "labels": {"x": text}, "requested_by": text}
    with world.store.transaction() as tx:
        made = tx.add_incident(
            incident(f"h{number}", state=State.ESCALATED, opened_at=now, updated_at=now, **hostile),
            event("incident.opened", incident=0),
        )
        tx.add_ack_code(AckCode(digest_of(code), made.id, now, now + LASTS))
        tx.forget_tries("ack 127.0.0.1")
        tx.forget_tries("ack socket")


@contextmanager
def served(pages: Mapping[str, tuple[str, str, str]]) -> Iterator[str]:
    """`pages`: by path, the content type, the policy and the body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, policy, body = pages.get(self.path, ("text/plain", "", ""))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("X-Content-Type-Options", "nosniff")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode("utf-8", "replace"))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hits(pages: list[Caught], folder: Path, *, with_policy: bool) -> int:
    """How many scripts ran."""
    # Our pages refuse to be framed at all; but for that they are as they were.
    ours = [
        (each.kind, each.policy.replace("frame-ancestors 'none'", "") * with_policy, each.body)
        for each in pages
    ]
    frames = "".join(f'<iframe src="/{number}"></iframe>' for number in range(len(ours)))
    by_path = {f"/{number}": each for number, each in enumerate(ours)}
    with served({**by_path, "/": ("text/html", "", INDEX % frames)}) as url:
        text = browser.dom(f"{url}/", folder)
    title = text.partition("<title>")[2].partition("</title>")[0]
    return int(title)


@pytest.fixture(scope="module")
def pages() -> list[Caught]:
    return list(answers(Api()))


def test_there_are_more_than_a_hundred_and_a_careless_page_runs_them(tmp_path: Path) -> None:
    assert len(corpus()) >= 100
    careless = [Caught("text/html", "", f"<p>{text}</p>") for text in corpus()]
    assert hits(careless, tmp_path, with_policy=False) >= 60


def test_none_runs_though_no_policy_forbids_it(pages: list[Caught], tmp_path: Path) -> None:
    assert any(HIT in page.body for page in pages)
    assert hits(pages, tmp_path, with_policy=False) == 0


def test_a_careless_page_of_ours_would_run_none_by_its_policy(
    pages: list[Caught], tmp_path: Path
) -> None:
    policies = {page.policy for page in pages if page.kind.startswith("text/html")}
    assert policies
    careless = [
        Caught("text/html", policy, f"<p>{text}</p>") for policy in policies for text in corpus()
    ]
    assert hits(careless, tmp_path, with_policy=True) == 0
