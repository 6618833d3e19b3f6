"""SAFETY 33, in the console: text from outside is never script, on no page, in a real browser.

The strings of the corpus stand in every place of the record where a stranger's text may, and in
forms that come back with what was typed. The pages are opened with their own scripts, live updates
included: once as they are, in Chinese, and once in English by a browser that ignores their policy,
so that escaping alone must do. Nothing that a page asks for is anybody's but ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import ConsoleMessage, Request

from autofix.core.inert import inert
from autofix.web.pages import CONSOLE_POLICY
from consolekit import Stage
from consolekit.chromium import Eyes, Seen
from consolekit.everywhere import addresses
from consolekit.hostile import fill
from safety.test_xss import Caught, hits
from safety.xss import HIT, corpus

#: What no page of ours has: whoever finds it sees somebody's text as markup.
FOREIGN = """() => {
  const ours = (each) => (each.getAttribute("src") || "").startsWith("/static/");
  const tags = "iframe, object, embed, base, marquee, video, audio, " +
    "meta[http-equiv]:not(head > [http-equiv=Content-Security-Policy]), " +
    "body style, link[rel=stylesheet]:not([href^='/static/']), math, noscript p, " +
    "[autofocus]:not(input)";
  const links = ["href", "src", "action", "formaction", "data", "xlink:href", "srcdoc"];
  const found = [...document.querySelectorAll(tags)];
  for (const each of document.querySelectorAll("*")) {
    if (each.tagName === "SCRIPT" && !ours(each)) found.push(each);
    for (const { name, value } of each.attributes)
      if (/^on|^srcdoc$|^style$/.test(name) ||
          (links.includes(name) && /^\\s*(javascript|data|vbscript):/i.test(value)))
        found.push(each);
  }
  return [...new Set(found)].map((each) => each.outerHTML.slice(0, 200));
}"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("xss") / "project") as made:
        fill(made, corpus())
        yield made


#: So many different strings are on the pages of each of these kinds, at least.
REACHED = {
    "/": 80, "/account": 80, "/alerts": 80, "/alerts/{number}": 100, "/audit": 100,
    "/audit/{number}": 100, "/fleet": 100, "/fleet/{host}": 100, "/incidents": 80,
    "/incidents/{number}": 100, "/incidents/{number}/report": 100, "/pages": 100,
    "/pages/{number}": 100, "/runbooks/{name}": 100, "/runbooks/{name}/run": 100, "/runs": 100,
    "/runs/{number}": 100, "/settings/tokens": 100, "/settings/users": 100, "/silences": 100,
}  # fmt: skip
#: What browsers ask for by themselves where a page names no icon, and get none.
ICON = "/favicon.ico"
#: How a browser says that something was not there.
LOST = "Failed to load resource"
#: All that pages of ours ask for, beside themselves.
OURS = re.compile(r"/static/[0-9a-f]+/[a-z.]+|/live|/api/v1/runs/\d+/events|" + re.escape(ICON))
SEND = """([action, fields]) => {
  const form = document.createElement("form"), csrf = document.querySelector("[name=csrf]");
  form.method = "post";
  form.action = action;
  for (const [name, value] of [["csrf", csrf.value], ...fields]) {
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture(scope="module")
def found(stage: Stage) -> dict[str, list[str]]:
    found, broken = addresses(stage, "ada", each=12)
    assert broken == []
    return found


@pytest.fixture(scope="module")
def pages(found: dict[str, list[str]]) -> list[str]:
    return sorted({each for of_route in found.values() for each in of_route[:7]})


@dataclass
class Watched:
    """A browser of who may see everything. `called`: where script ran that is not ours; `asked`:
    addresses asked for beside the pages themselves; `failed`: what was not there of them."""

    seen: Seen
    called: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        self.foreign += [f"{name}: {each}" for each in self.seen.page.evaluate(FOREIGN)]

    def faults(self, url: str, refused: Collection[str] = ()) -> list[str]:
        """What is wrong with all that was seen. `refused`: pages that said no, as they should."""
        strange = [each for each in self.asked if not OURS.fullmatch(each.removeprefix(url))]
        lost = self.failed - {f"{url}{ICON}", *(f"{url}{each}" for each in refused)}
        complaints = [each for each in self.seen.complaints if not each.startswith(LOST)]
        return [*self.foreign, *self.called, *strange, *lost, *complaints]


def opened(stage: Stage, eyes: Eyes, page: str = "/account", **more: Any) -> Watched:
    context = eyes.context(stage, "ada", **more)
    called: list[str] = []
    context.expose_binding("pwned", lambda source: called.append(source["page"].url))
    watched = Watched(eyes.open(context, f"{stage.url}{page}"), called)

    def complained(said: ConsoleMessage) -> None:
        if said.text.startswith(LOST):
            watched.failed.add(said.location["url"].partition("?")[0])

    def asked(request: Request) -> None:
        if request.resource_type != "document":
            watched.asked.add(request.url.partition("?")[0])

    watched.seen.page.on("console", complained)
    watched.seen.page.on("request", asked)
    return watched


def test_the_strings_are_on_the_pages(stage: Stage, found: dict[str, list[str]]) -> None:
    assert len(corpus()) >= 200
    client, everywhere = stage.client("ada"), set()
    forms = [(text, {inert(text, 500), inert(text, 500, lines=True)}) for text in corpus()]
    for route, least in REACHED.items():
        told = [unescape(client.page(each)) for each in found[route]]
        here = {text for text, shown in forms if any(one in page for one in shown for page in told)}
        assert len(here) >= least, route
        everywhere |= here
    assert len(everywhere) >= len(corpus()) - 1  # no file and no database holds a NUL


@pytest.mark.parametrize(("without_policy", "language"), [(False, "zh"), (True, "en")])
def test_none_runs_and_none_breaks_out(
    stage: Stage, eyes: Eyes, pages: list[str], without_policy: bool, language: str
) -> None:
    watched = opened(stage, eyes, bypass_csp=without_policy, language=language)
    for page in pages:
        watched.seen.page.goto(f"{stage.url}{page}")
        watched.look(page)
    assert watched.faults(stage.url) == []


def typed() -> list[tuple[str, list[tuple[str, str]]]]:
    """Forms whose answer shows what was sent, with the strings in all of it."""
    texts = [text.replace("\0", "") for text in corpus()]
    named = [(text, text) for text in texts]
    inputs = [(f"in.{text}", text) for text in texts]
    kept = [("kept_for", "ada"), ("next", "/incidents/1/comment")]
    alerts = [{"status": "firing", "labels": {"alertname": text}} for text in texts[:60]]
    alerts[0]["labels"] = {"alertname": texts[0], **{text: text for text in texts}}
    body = json.dumps({"version": "4", "alerts": alerts})
    return [
        ("/incidents/1/comment", [("text", " ".join(texts) * 2), *named]),
        ("/silences", [("reason", texts[0]), ("until", texts[1]), *named]),
        ("/runbooks/hostile/preview", [("host", "web1"), ("subject", texts[2]), *inputs]),
        ("/runbooks/hostile/preview", [("host", "web1"), ("in.text", " ".join(texts)[:900])]),
        ("/runbooks/hostile/run", [("do", "change"), *[("host", text) for text in texts], *inputs]),
        ("/alerts/try", [("source", "prom"), ("body", body)]),
        ("/fleet/web1/look", [("runbook", "web-stuck"), ("trigger", "0")]),
        ("/login/kept", [*kept, *[(f"kept.{text}", text) for text in texts]]),
        ("/login", [("name", texts[3]), ("password", "no"), ("kept_for", texts[4]),
                    ("next", "/incidents/1/comment"), *[(f"kept.{text}", text) for text in texts]]),
        ("/incidents/1/comment", [("csrf", "of another session"), ("whose", "ada"), *named]),
    ]  # fmt: skip


@pytest.mark.parametrize(("without_policy", "language"), [(False, "zh"), (True, "en")])
def test_nor_does_what_comes_back_from_a_form_or_a_search(
    stage: Stage, eyes: Eyes, without_policy: bool, language: str
) -> None:
    stage.facts.of["web1"] = {text: text for text in corpus()}
    watched = opened(stage, eyes, bypass_csp=without_policy, language=language)
    page, without = watched.seen.page, []
    for action, fields in typed():
        page.goto(f"{stage.url}/account")
        with page.expect_navigation():
            page.evaluate(SEND, [action, fields])
        assert page.url == f"{stage.url}{action}"
        watched.look(action)
        if "top.pwned()" not in page.content():
            without.append(action)
    assert without == []
    echoes = ("search?q", "incidents?host", "runs?runbook", "audit?since", "fleet?name")
    for text in corpus()[::20]:
        for query in (*echoes, "runs/1?find"):
            page.goto(f"{stage.url}/{query}={quote(text[:200])}")
            watched.look(query)
    page.goto(f"{stage.url}/runs/{stage.desk().runs(limit=1)[0].id}?find=pwned")
    assert "top.pwned()" in page.locator("main").inner_text()
    watched.look("find")
    assert watched.faults(stage.url, {"/audit", *(action for action, _ in typed())}) == []


def test_a_careless_page_would_be_found_out(stage: Stage, eyes: Eyes) -> None:
    watched = opened(stage, eyes, bypass_csp=True)
    seen = watched.seen
    seen.page.evaluate(
        "text => { document.querySelector('main').innerHTML = text; }",
        f'<img src="/static/none" onerror="{HIT}"><iframe srcdoc="x"></iframe>',
    )
    seen.page.wait_for_function("document.querySelector('img').complete")
    assert len(seen.page.evaluate(FOREIGN)) == 2
    assert watched.called
    assert f"{stage.url}/static/none" in watched.faults(stage.url)


def test_the_policy_alone_would_do(tmp_path: Path) -> None:
    careless = [Caught("text/html", CONSOLE_POLICY, f"<p>{text}</p>") for text in corpus()]
    assert hits(careless, tmp_path, with_policy=True) == 0
