"""The console without a mouse, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from consolekit import Stage
from consolekit.chromium import Eyes, awake

ACTIVE = "document.activeElement"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@pytest.fixture
def page(stage: Stage, eyes: Eyes) -> Page:
    return eyes.look(stage, "/", "ada").page


def test_letters_lead_to_the_rooms(page: Page) -> None:
    rooms = page.eval_on_selector_all(
        ".rooms a", "all => all.map((each) => [each.dataset.key, each.pathname])"
    )
    assert len(dict(rooms)) == len(rooms) > 5  # no letter leads to two of them
    for key, path in rooms:
        page.keyboard.press("g")
        with page.expect_navigation(wait_until="commit", url=f"**{path}"):
            page.keyboard.press(key)
        page.wait_for_load_state()
        awake(page)


def test_a_slash_searches_and_letters_typed_there_are_only_letters(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("gn?jk/")
    assert page.input_value("#search") == "gn?jk/"
    assert page.locator("#keys").is_hidden()
    page.keyboard.press("Escape")
    assert page.evaluate(f"{ACTIVE}.id") == "main"
    page.fill("#search", "")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("web3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fleet/web3")


def test_j_and_k_walk_the_list_and_enter_opens(page: Page) -> None:
    lines = page.eval_on_selector_all("main a.line-main", "all => all.map((each) => each.pathname)")
    walked = []
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
        walked.append(page.evaluate(f"{ACTIVE}.pathname"))
    assert walked == [*lines[:3], lines[1]]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{lines[1]}")


def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate(f"link => link === {ACTIVE}")
    page.keyboard.press("Enter")
    assert page.evaluate(f"{ACTIVE}.id") == "main"


def test_a_question_mark_tells_the_shortcuts(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_focused()
    page.keyboard.press("Escape")
    assert page.locator("#keys").is_hidden()
    assert page.evaluate(f"{ACTIVE}.className") == "line-main"


def test_a_dialog_takes_the_focus_and_gives_it_back(page: Page) -> None:
    page.focus("button[popovertarget=pause-all]")
    page.keyboard.press("Enter")
    expect(page.locator("#pause-all [name=reason]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{ACTIVE}.textContent") == "Pause everything now"
    page.keyboard.press("Escape")
    assert page.locator("#pause-all").is_hidden()
    assert page.evaluate(f"{ACTIVE}.getAttribute('popovertarget')") == "pause-all"


def test_the_menu_of_the_person_opens_and_closes(page: Page) -> None:
    page.focus("details.me summary")
    page.keyboard.press("Enter")
    assert page.locator("details.me select").first.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator("details.me select").first.is_hidden()
    assert page.locator("details.me summary").evaluate(f"summary => summary === {ACTIVE}")


def test_who_turns_shortcuts_off_has_none_but_escape(stage: Stage, eyes: Eyes) -> None:
    page = eyes.look(stage, "/", "ada").page
    page.locator("details.me summary").click()
    page.select_option(".me select[name=keys]", "off")
    with page.expect_navigation():
        page.get_by_role("button", name="Keep").click()
    page.wait_for_selector("html[data-started]")
    for key in ("/", "j", "?", "g", "r"):
        page.keyboard.press(key)
    assert page.url == f"{stage.url}/"
    assert page.evaluate(f"{ACTIVE}.tagName") == "BODY"
    assert page.locator("#keys").is_hidden()
    page.locator("details.me summary").click()
    page.keyboard.press("Escape")
    assert page.locator("details.me .card").is_hidden()
