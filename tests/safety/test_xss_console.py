"""SAFETY 33, in the console: text from outside is never script, on no page, in a real browser.

Every string of the corpus stands in every place of the record where a stranger's text may. The
pages are opened with their own scripts, live updates included: once as they are, and once in a
browser that ignores their policy, so that escaping alone must do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
  const tags = "iframe, object, embed, base, meta[http-equiv], marquee, video, audio, " +
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


@pytest.fixture(scope="module")
def pages(stage: Stage) -> list[str]:
    found, broken = addresses(stage, "ada", each=12)
    assert broken == []
    return sorted({each for of_route in found.values() for each in of_route})


@pytest.fixture(scope="module")
def eyes() -> Iterator[Eyes]:
    with Eyes() as made:
        yield made


def opened(stage: Stage, eyes: Eyes, **more: bool) -> tuple[Seen, list[str]]:
    """A page of who may see everything, and what was called by script that is not ours."""
    called: list[str] = []
    context = eyes.context(stage, "ada", **more)
    context.expose_binding("pwned", lambda source: called.append(source["page"].url))
    return eyes.open(context, f"{stage.url}/account"), called


def test_the_strings_are_on_the_pages(stage: Stage, pages: list[str]) -> None:
    assert len(corpus()) >= 100
    client = stage.client("ada")
    told = [page for page in pages if "top.pwned()" in client.get(page).text]
    assert len(told) >= len(pages) // 2


@pytest.mark.parametrize("without_policy", [False, True])
def test_none_runs_and_none_breaks_out(
    stage: Stage, eyes: Eyes, pages: list[str], without_policy: bool
) -> None:
    seen, called = opened(stage, eyes, bypass_csp=without_policy)
    foreign = []
    for page in pages:
        seen.page.goto(f"{stage.url}{page}")
        foreign += [f"{page}: {each}" for each in seen.page.evaluate(FOREIGN)]
    assert foreign == []
    assert called == []
    # What a page asks for and does not get is looked at elsewhere, on pages without such names.
    assert [each for each in seen.complaints if "Failed to load" not in each] == []


def test_a_careless_page_would_be_found_out(stage: Stage, eyes: Eyes) -> None:
    seen, called = opened(stage, eyes, bypass_csp=True)
    seen.page.evaluate(
        "text => { document.querySelector('main').innerHTML = text; }",
        f'<img src="/static/none" onerror="{HIT}"><iframe srcdoc="x"></iframe>',
    )
    seen.page.wait_for_function("document.querySelector('img').complete")
    assert len(seen.page.evaluate(FOREIGN)) == 2
    assert called


def test_the_policy_alone_would_do(tmp_path: Path) -> None:
    careless = [Caught("text/html", CONSOLE_POLICY, f"<p>{text}</p>") for text in corpus()]
    assert hits(careless, tmp_path, with_policy=True) == 0
