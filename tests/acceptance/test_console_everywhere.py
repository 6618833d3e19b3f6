"""Every page of the console in a real browser, in both languages, both themes, wide and narrow:
no complaint of a script or of the policy, no scrolling sideways, nothing that axe finds fault
with, nothing left in English on a Chinese page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

import autofix.i18n
from consolekit import Stage
from consolekit.chromium import DESK, LANGUAGES, PHONE, THEMES, Eyes, Seen
from consolekit.everywhere import EACH, addresses, routes

BY = "ada"
#: Pages of each kind that are looked at always; in the long form all that were found.
SHORT = 2
#: What is only data, or a command, is English in every language.
READ = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("pre, code, samp, kbd, textarea, script, [lang=en], [data-own]")
    .forEach((each) => each.remove());
  const said = [...copy.querySelectorAll("[aria-label], [title], [placeholder]")].flatMap(
    (each) => [each.ariaLabel, each.title, each.getAttribute("placeholder")]);
  return [document.title, copy.textContent, ...said].filter(Boolean).join("\\n");
}"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("everywhere") / "project") as made:
        made.story()
        yield made


@pytest.fixture(scope="module")
def pages(stage: Stage) -> list[list[str]]:
    """Of each kind some."""
    found, _ = addresses(stage, BY)
    return list(found.values())


def some(pages: list[list[str]], each: int) -> list[str]:
    return sorted({page for of_route in pages for page in of_route[:each]})


def english() -> list[str]:
    """What a Chinese page must not say: whole texts of ours, and long parts between values."""
    file = Path(autofix.i18n.__file__).with_name("zh.po")
    with file.open("rb") as source:
        known = read_po(source, locale="zh")
    texts = [each.id if isinstance(each.id, str) else each.id[1] for each in known if each.id]
    pieces = [
        piece.strip() for text in texts for piece in re.split(r"%\(\w+\)[sd]|\{\w+\}|\n", text)
    ]
    return sorted({each for each in pieces if len(each) >= 14 and each.count(" ") >= 2})


def faults(seen: Seen, language: str, forbidden: list[str]) -> Iterator[str]:
    yield from seen.complaints
    seen.complaints.clear()
    if seen.too_wide():
        yield "scrolls sideways"
    lang = seen.page.evaluate("document.documentElement.lang")
    if lang != {"en": "en", "zh": "zh-Hans"}[language]:
        yield f"says that its language is {lang}"
    if language == "zh":
        text = re.sub(r"\s+", " ", seen.page.evaluate(READ))
        yield from (f"still says: {each}" for each in forbidden if each in text)


def swept(
    stage: Stage, eyes: Eyes, pages: list[str], theme: str, language: str, width: int
) -> list[str]:
    """What is wrong, a line each."""
    context = eyes.context(stage, width=width, theme=theme, language=language)
    session = stage.person(BY).http.cookies  # logins are counted: one for all dresses
    context.add_cookies([{"name": n, "value": v, "url": stage.url} for n, v in session.items()])
    seen = eyes.open(context, f"{stage.url}/")
    forbidden, found = english(), []
    for page in pages:
        seen.page.goto(f"{stage.url}{page}")
        wrong = [*faults(seen, language, forbidden), *seen.unfair()]
        found += [f"{page} ({language}, {theme}, {width}): {each}" for each in wrong]
    context.close()
    return found


def test_links_lead_to_every_page_and_nowhere_else(stage: Stage) -> None:
    found, broken = addresses(stage, BY)
    assert broken == []
    assert set(routes()) - set(found) == set()


@pytest.mark.parametrize(
    ("theme", "language", "width"), [("light", "en", DESK), ("dark", "zh", PHONE)]
)
def test_nothing_is_wrong_with_any_page(
    stage: Stage, eyes: Eyes, pages: list[list[str]], theme: str, language: str, width: int
) -> None:
    assert swept(stage, eyes, some(pages, SHORT), theme, language, width) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("theme", "language", "width"), list(product(THEMES, LANGUAGES, (PHONE, DESK)))
)
def test_nor_in_any_other_dress(
    stage: Stage, eyes: Eyes, pages: list[list[str]], theme: str, language: str, width: int
) -> None:
    assert swept(stage, eyes, some(pages, EACH), theme, language, width) == []


def test_the_sweep_sees_what_is_wrong(stage: Stage, eyes: Eyes) -> None:
    context: Any = eyes.context(stage, BY, width=PHONE, language="zh")
    seen = eyes.open(context, f"{stage.url}/")
    seen.page.evaluate(
        """() => { const wide = document.createElement("img");
        wide.style.minWidth = "900px";
        const own = document.createElement("p"); own.title = "Skip to the content";
        document.querySelector("main").append(wide, own); document.documentElement.lang = "en";
        console.error("it broke"); }"""
    )
    wrong = list(faults(seen, "zh", english()))
    assert "scrolls sideways" in wrong
    assert "says that its language is en" in wrong
    assert "still says: Skip to the content" in wrong
    assert any("it broke" in each for each in wrong)
    assert any("image-alt" in each for each in seen.unfair())
