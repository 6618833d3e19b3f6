"""One incident, two people at two browsers: what one does the other sees, without a reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from autofix.core.incidents import State
from consolekit import Stage
from consolekit.chromium import PHONE, Eyes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Incident 1: the second step waits for an approval."""
    with Stage.set(tmp_path / "project") as made:
        made.fails("compress.yml", "no space left on device")
        made.fails("purge.yml", "nothing to remove")
        made.ill("web1", disk_used_ratio=0.99)
        made.pass_time(30)
        yield made


def state(stage: Stage) -> State:
    return stage.desk().incident(1).incident.state


def says(page: Page, words: str) -> None:
    expect(page.locator(".notice")).to_have_text(words)


def test_from_an_approval_to_the_end_while_somebody_else_looks(eyes: Eyes, stage: Stage) -> None:
    first = eyes.look(stage, "/incidents/1", "olga", width=PHONE)
    second = eyes.look(stage, "/incidents/1", "peter")
    olga, peter = first.page, second.page
    expect(olga.locator("#duty")).to_contain_text("you can’t give it")
    expect(olga.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)

    # Peter is asked, leaves it, is asked again, and says yes.
    peter.get_by_role("button", name="Approve step 2").click()
    dialog = peter.locator("#ask-approve")
    expect(dialog).to_contain_text("It starts at once on web1: purge.yml.")
    dialog.get_by_role("button", name="Leave it").click()
    expect(dialog).to_be_hidden()
    assert state(stage) is State.AWAITING_APPROVAL
    peter.get_by_role("button", name="Approve step 2").click()
    dialog.get_by_role("button", name="Approve it").click()
    says(peter, "Approved: the step starts now.")
    expect(olga.locator("#story")).to_contain_text("peter approved step 2")

    # It does not help: both see who is called, and olga, in the middle of a sentence, takes it.
    box = olga.get_by_label("Say something about it")
    box.fill("the backup filled")
    stage.pass_time(60)
    expect(olga.locator("#duty")).to_contain_text("nobody has it")
    expect(olga.locator("#story")).to_contain_text("Rollback of step 2: unpurge.yml")
    assert box.input_value() == "the backup filled"
    box.fill("the backup filled it")
    olga.get_by_role("button", name="Comment").click()
    says(olga, "Your words are on the record.")
    expect(peter.locator("#story")).to_contain_text("the backup filled it")
    olga.get_by_role("button", name="Acknowledge").click()
    says(olga, "It is yours: the calls stop.")
    expect(peter.locator("#story")).to_contain_text("olga has it")

    olga.get_by_role("button", name="Resolve").click()
    olga.locator("#ask-resolve").get_by_label("What it was").fill("old backups removed")
    olga.locator("#ask-resolve").get_by_role("button", name="It is mended").click()
    says(olga, "Resolved: the incident is over.")
    expect(peter.locator("#head")).to_contain_text("old backups removed")
    expect(peter.locator("#duty")).to_contain_text("It is over.")
    assert state(stage) is State.RESOLVED
    for seen in (first, second):
        assert seen.complaints == []
        assert not seen.too_wide()


def test_without_any_script_the_same_acts_are_done(eyes: Eyes, stage: Stage) -> None:
    plain = eyes.context(stage, "peter", java_script_enabled=False)
    page = eyes.open(plain, f"{stage.url}/incidents/1").page
    page.get_by_role("button", name="Reject").first.click()
    page.locator("#ask-reject").get_by_label("Why not").fill("not in the sale")
    page.locator("#ask-reject").get_by_role("button", name="Reject it").click()
    says(page, "Rejected: a person is called and takes it from here.")
    assert state(stage) is State.ESCALATED


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_reads_without_us(eyes: Eyes, stage: Stage, theme: str, tmp_path: Path) -> None:
    seen = eyes.look(stage, "/incidents/1/report", "vera", theme=theme)
    assert seen.complaints == []
    assert seen.unfair() == []
    file = tmp_path / "incident.html"
    file.write_text(seen.page.content())
    seen.page.goto(file.as_uri())
    expect(seen.page.locator("h1")).to_contain_text("Incident 1: A disk is nearly full")
    assert seen.complaints == []


def test_paper_is_light_and_without_forms_whatever_the_screen_is(stage: Stage, eyes: Eyes) -> None:
    page = eyes.look(stage, "/incidents/1", "olga", theme="dark").page
    page.emulate_media(media="print")
    ground, ink = page.evaluate(
        "['backgroundColor', 'color'].map((name) => getComputedStyle(document.body)[name])"
    )
    assert ground == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", ink))) < 64
    assert not page.locator("main textarea, main button, header.top").filter(visible=True).count()
