"""What is being read stays where it is while an open page is brought up to date: as the browser's
own account of layout shifts has it, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from consolekit import Stage
from consolekit.chromium import DESK, PHONE, Eyes, Seen

#: Keeps everything that the browser says has moved where it is seen. What only goes on further
#: beyond the view's edge than before has not.
WATCH = """() => {
  window.moved = [];
  window.watching = new PerformanceObserver((list) => take(list.getEntries()));
  window.take = (entries) => entries.forEach((entry) => entry.sources.forEach((each) => {
    const from = each.previousRect, to = each.currentRect, node = each.node;
    if (from.height && to.height && Math.abs(from.y - to.y) >= 1)
      moved.push(`${node?.id || node?.className || node?.nodeName}: ${from.y} to ${to.y}`);
  }));
  watching.observe({ type: "layout-shift" });
}"""
MOVED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  take(watching.takeRecords());
  done(moved.splice(0));
})))"""
#: Scrolls there, so that there is some of the page above and below.
TO = """([what, top]) => {
  const place = document.querySelector(what).getBoundingClientRect().y;
  scrollTo({ top: scrollY + place - top, behavior: "instant" });
}"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Three that nobody has yet."""
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.look("web1", "web2", "web3", "web4")
        for host in ("web1", "web2", "web3"):
            broken(made, host)
        yield made


def broken(stage: Stage, host: str) -> int:
    stage.fails("restart.yml")
    stage.ill(host, load_1=80.0)
    stage.pass_time(30)
    return incident(stage, host)


def incident(stage: Stage, host: str) -> int:
    [found] = stage.desk().incidents(host=host, limit=1)
    return found.id


def reading(
    stage: Stage, eyes: Eyes, path: str, what: str, *, height: int = 420, top: int = 200
) -> list[Seen]:
    """Two people, on a phone and at a desk, have scrolled to this and read it: in a window of this
    height it is so far below its top."""
    both = [eyes.look(stage, path, width=width) for width in (PHONE, DESK)]
    for seen in both:
        width = seen.page.viewport_size["width"] if seen.page.viewport_size else 0
        seen.page.set_viewport_size({"width": width, "height": height})
        expect(seen.page.locator("#connection")).to_have_text("live")
        seen.page.evaluate(TO, [what, top])
        assert seen.page.evaluate("scrollY") > 0
        seen.page.evaluate(WATCH)
    return both


def place(seen: Seen, what: str) -> float:
    box = seen.page.locator(what).bounding_box()
    assert box is not None
    return box["y"]


def stands_still(seen: Seen, what: str, at: float) -> None:
    assert abs(place(seen, what) - at) < 1
    assert seen.page.evaluate(MOVED) == []


def test_now_while_incidents_come_change_and_go_above(stage: Stage, eyes: Eyes) -> None:
    first, second, third = (incident(stage, each) for each in ("web1", "web2", "web3"))
    # A window in which nothing is seen that changes by itself: no list of what runs at the moment.
    both = reading(stage, eyes, "/", "#self-title", height=260, top=150)
    at = [place(seen, "#self-title") for seen in both]

    def shows(what: str, state: str) -> None:
        for seen, was in zip(both, at, strict=True):
            expect(seen.page.locator(what)).to_have_count(1 if state else 0)
            if state:
                expect(seen.page.locator(f"{what} .badge.state-{state}")).to_have_count(1)
            stands_still(seen, "#self-title", was)

    shows(f"#incident-{broken(stage, 'web4')}", "escalated")
    stage.desk().acknowledge(second)
    shows(f"#incident-{second}", "acknowledged")
    stage.desk().resolve(second)
    shows(f"#incident-{second}", "")
    stage.desk().resolve(third)
    shows(f"#incident-{third}", "")
    assert first
    for seen in both:
        assert seen.complaints == []


def test_an_incident_while_what_one_must_do_changes_above(stage: Stage, eyes: Eyes) -> None:
    number = incident(stage, "web1")
    both = reading(stage, eyes, f"/incidents/{number}", "#story .moment:nth-child(3)")
    read = "#" + both[0].page.locator("#story .moment:nth-child(3)").evaluate("each => each.id")
    at = [place(seen, read) for seen in both]

    def says(words: str) -> None:
        for seen, was in zip(both, at, strict=True):
            expect(seen.page.locator("#story")).to_contain_text(words)
            stands_still(seen, read, was)

    stage.desk().acknowledge(number)
    says("keeper has it")
    stage.desk().comment(number, "the backup filled it")
    says("the backup filled it")
    stage.desk().resolve(number, "by hand")
    says("keeper resolved it")
    for seen in both:
        assert seen.complaints == []


def test_a_page_that_jumps_would_be_found_out(stage: Stage, eyes: Eyes) -> None:
    for seen in reading(stage, eyes, "/", "#self-title"):
        at = place(seen, "#self-title")
        seen.page.evaluate("document.querySelector('main').prepend(document.createElement('hr'))")
        assert place(seen, "#self-title") > at + 1
        assert seen.page.evaluate(MOVED) != []
