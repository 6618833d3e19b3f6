"""A session that ends while somebody types, in a real browser: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consolekit import Stage
from consolekit.chromium import PHONE, Eyes
from consolekit.client import PASSWORD


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


def test_a_form_that_is_sent_after_the_session_ended_arrives_all_the_same(
    stage: Stage, eyes: Eyes
) -> None:
    seen = eyes.look(stage, "/account", "ada", width=PHONE)
    page = seen.page
    page.click("text=Make a token")
    page.fill("input[name=token_name]", "deploy")
    page.fill("input[name=runbooks]", "disk-full")
    with stage.store.transaction() as tx:
        assert tx.end_sessions(user="ada")
    page.click("text=Make it")
    assert page.locator("text=Nothing you typed is lost").is_visible()
    assert not seen.too_wide()
    page.fill("input[name=name]", "ada")
    page.fill("input[name=password]", "not this one")
    page.click("button:has-text('Log in')")
    page.fill("input[name=password]", PASSWORD)
    page.click("button:has-text('Log in')")
    assert page.locator("h1").inner_text() == "This was being sent"
    assert page.input_value("input[name=token_name]") == "deploy"
    assert stage.desk().tokens(everybody=True) == []
    page.click("button:has-text('Send it')")
    assert page.locator("h1").inner_text() == "The token deploy is made"
    [token] = stage.desk().tokens(everybody=True)
    assert (token.owner, token.runbooks) == ("ada", ("disk-full",))
    assert not [each for each in seen.complaints if "401" not in each]


def test_the_page_of_the_second_factor_is_fair_and_fits_a_phone(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/account/second-factor", "vera", width=PHONE, theme="dark")
    seen.page.click("text=Begin")
    box = seen.page.locator("svg.qr").bounding_box()
    assert box is not None
    assert box["width"] >= 200
    assert (seen.too_wide(), seen.complaints, seen.unfair()) == (False, [], [])
