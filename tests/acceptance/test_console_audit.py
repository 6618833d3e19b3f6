"""In a real browser: the record is checked while one looks on, and an incident is acknowledged by
the link of a page."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from autofix.core.acks import LASTS, AckCode, digest_of
from autofix.core.incidents import State
from consolekit import Stage
from consolekit.chromium import PHONE, Eyes

CODE = "a-code-that-nobody-guesses"
WAIT = 30


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.fails("restart.yml", "the unit did not come up")
        made.ill("web2", load_1=80.0)
        made.pass_time(30)
        yield made


def test_a_byte_that_was_flipped_is_found_and_named(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/audit", "aud")
    seen.page.click("text=Check it now")
    expect(seen.page.locator("#check")).to_contain_text("The record holds")
    file = stage.site.settings.store.removeprefix("sqlite:///")
    with sqlite3.connect(file) as db:
        db.execute("UPDATE audit SET payload = replace(payload, 'a', 'b') WHERE seq = 7")
    db.close()
    seen.page.click("text=Check it now")
    breaks = seen.page.locator("#breaks")
    expect(breaks).to_contain_text("entry 7 was changed after it was written")
    breaks.locator("a", has_text="#7").first.click()
    expect(seen.page.locator("h1")).to_contain_text("Entry 7")
    assert not seen.complaints


def test_a_check_tells_how_far_it_is_and_goes_on_when_one_leaves(stage: Stage, eyes: Eyes) -> None:
    half, go = threading.Event(), threading.Event()
    truly = stage.place.verify

    def slow(progress: Callable[[int, int], None]) -> Mapping[str, Any]:
        progress(500_000, 1_000_000)
        half.set()
        assert go.wait(WAIT)
        return truly(progress)

    stage.place = replace(stage.place, verify=slow)
    seen = eyes.look(stage, "/audit", "aud", width=PHONE)
    seen.page.click("text=Check it now")
    assert half.wait(WAIT)
    expect(seen.page.locator("#check")).to_contain_text("500,000 of 1,000,000 entries checked")
    assert not seen.too_wide()
    assert seen.unfair() == []
    seen.page.goto(f"{stage.url}/silences")
    seen.page.goto(f"{stage.url}/audit")
    expect(seen.page.locator("#check")).to_contain_text("aud began it")
    expect(seen.page.locator("text=Check it now")).to_have_count(0)
    go.set()
    expect(seen.page.locator("#check")).to_contain_text("The record holds")
    assert not seen.complaints


def test_a_link_is_good_once_and_says_what_it_is_about(stage: Stage, eyes: Eyes) -> None:
    [incident] = stage.desk().incidents(host="web2", limit=1)
    now = stage.clock.now()
    with stage.store.transaction() as tx:
        tx.add_ack_code(AckCode(digest_of(CODE), incident.id, now, now + LASTS))
    link = f"{stage.url}/ack/{CODE}"
    seen = eyes.open(eyes.context(stage, width=PHONE, theme="dark"), link)
    main = seen.page.locator("main")
    for said in ("The web server does not answer", "web2", "P2", "restart.yml"):
        expect(main).to_contain_text(said)
    assert not seen.too_wide()
    assert seen.unfair() == []
    for method in ("HEAD", "GET", "OPTIONS", "PUT"):  # chats look at links before people do
        stage.client().http.request(method, link, headers={"purpose": "prefetch"})
    assert stage.desk().incident(incident.id).incident.state is State.ESCALATED
    seen.page.fill("#name", "Ann")
    seen.page.click("button")
    expect(seen.page.locator("h1")).to_have_text("It is yours: the calls stop")
    assert stage.desk().incident(incident.id).incident.state is State.ACKNOWLEDGED
    again = eyes.open(eyes.context(stage, width=PHONE), link)
    expect(again.page.locator("main")).to_contain_text("Ann (link) has it")
    assert again.unfair() == []
    again.page.click("text=See how it stands in the console")
    expect(again.page.locator("h2")).to_have_text("Log in")
    assert not seen.complaints
