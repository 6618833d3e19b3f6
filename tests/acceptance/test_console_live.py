"""The console in a real browser: pages that keep up to date by themselves, and the keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from autofix.web.api.leaving import rests
from autofix.web.console import live
from consolekit import Stage
from consolekit.chromium import PHONE, Eyes, Seen


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


@pytest.fixture
def stage(theatre: Stage, eyes: Eyes) -> Iterator[Stage]:
    """One for all tests, at which nothing is wrong when one begins."""
    theatre.look("cache1", "web1", "web2", "web3", "web4")
    yield theatre
    eyes.rest()
    theatre.calm()


def broken(stage: Stage, host: str) -> int:
    """The web server of this host hangs, and its restart does not help: a person has to come."""
    stage.fails("restart.yml")
    stage.ill(host, load_1=80.0)
    stage.pass_time(30)
    [found] = stage.desk().incidents(host=host, limit=1)
    return found.id


def lively(seen: Seen) -> None:
    seen.page.wait_for_selector("#connection:text-is('live')")


def remember(seen: Seen, selector: str) -> None:
    """Keep hold of this node, to know it again."""
    seen.page.evaluate(f"window.kept = document.querySelector({selector!r})")


def same(seen: Seen, selector: str) -> bool:
    return bool(seen.page.evaluate(f"window.kept === document.querySelector({selector!r})"))


def place(seen: Seen, selector: str) -> float:
    box = seen.page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


def test_an_incident_comes_changes_and_goes_without_a_reload(stage: Stage, eyes: Eyes) -> None:
    first = broken(stage, "web1")
    seen = eyes.look(stage, "/")
    lively(seen)
    row = f"#incident-{first}"
    remember(seen, row)
    seen.page.evaluate("void (onpagehide = () => { window.unloaded = true })")
    # It comes …
    second = broken(stage, "web2")
    other = f"#incident-{second}"
    seen.page.wait_for_selector(f"{other} .state-escalated")
    assert same(seen, row)
    # … changes: nothing else moves …
    before = place(seen, row)
    stage.desk().acknowledge(second)
    seen.page.wait_for_selector(f"{other} .state-acknowledged")
    assert same(seen, row)
    assert place(seen, row) == before
    # … and goes.
    stage.desk().resolve(second, "restarted by hand")
    seen.page.wait_for_selector(other, state="detached")
    assert same(seen, row)
    assert seen.page.evaluate("window.unloaded === undefined")
    assert seen.complaints == []


def test_a_change_of_state_shifts_no_layout(stage: Stage, eyes: Eyes) -> None:
    numbers = [broken(stage, host) for host in ("web1", "web2", "web3")]
    for each in numbers[:2]:
        stage.desk().acknowledge(each)
    seen = eyes.look(stage, "/", width=PHONE)
    lively(seen)
    rows = [f"#incident-{each}" for each in numbers]
    before = [place(seen, row) for row in rows[:2]]
    stage.desk().workaround(numbers[0], "traffic goes elsewhere")
    seen.page.evaluate(
        """window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach(
        (each) => { window.shift += each.value })).observe({ type: "layout-shift" })"""
    )
    stage.desk().resolve(numbers[1])
    seen.page.wait_for_selector(rows[1], state="detached")
    assert place(seen, rows[0]) == before[0]
    assert seen.page.evaluate("window.shift") < 0.1


def test_what_one_is_busy_with_stays(stage: Stage, eyes: Eyes) -> None:
    first = broken(stage, "web1")
    seen = eyes.look(stage, "/")
    lively(seen)
    seen.page.click("#vitals summary")
    seen.page.click("button[popovertarget=pause-all]")
    seen.page.fill("#pause-all input[name=reason]", "the vendor is on the l")
    second = broken(stage, "web2")
    seen.page.wait_for_selector(f"#incident-{second}")
    # Somebody else pauses: the switch is no more, but not under one's hands.
    stage.desk().pause(reason="somebody was quicker")
    seen.page.wait_for_selector("#halted")
    field = seen.page.locator("#pause-all input[name=reason]")
    assert field.is_visible()
    assert field.input_value() == "the vendor is on the l"
    assert field.evaluate("field => field === document.activeElement")
    assert seen.page.evaluate("document.getElementById('vitals').open")
    assert seen.page.locator(f"#incident-{first}").is_visible()


def test_the_focus_stays_and_goes_to_the_neighbour_of_what_goes(stage: Stage, eyes: Eyes) -> None:
    numbers = [broken(stage, host) for host in ("web1", "web2")]
    for each in numbers:
        stage.desk().acknowledge(each)
    seen = eyes.look(stage, "/")
    lively(seen)
    focused = "document.activeElement.closest('li')?.id"
    seen.page.focus(f"#incident-{numbers[0]} a")
    third = broken(stage, "web3")
    seen.page.wait_for_selector(f"#incident-{third}")
    assert seen.page.evaluate(focused) == f"incident-{numbers[0]}"
    stage.desk().resolve(numbers[0])
    seen.page.wait_for_selector(f"#incident-{numbers[0]}", state="detached")
    assert seen.page.evaluate(focused) == f"incident-{numbers[1]}"


def test_a_break_is_told_mended_and_nothing_is_missed(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/")
    lively(seen)
    seen.page.evaluate("void (onpagehide = () => { window.unloaded = true })")
    stage.stop_web()
    seen.page.wait_for_selector("#connection.lost")
    assert seen.page.inner_text("#connection") == "connection lost: trying again"
    meanwhile = broken(stage, "web1")
    assert not seen.page.locator(f"#incident-{meanwhile}").count()
    stage.open()
    seen.page.wait_for_selector(f"#incident-{meanwhile}", timeout=15_000)
    lively(seen)
    assert seen.page.inner_text("#connection") == "live"
    assert seen.page.evaluate("window.unloaded === undefined")


def test_a_stream_that_ends_by_itself_is_no_break(
    stage: Stage, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autofix.web.console.live.LASTS", 0.2)
    seen = eyes.look(stage, "/")
    seen.page.evaluate(
        """window.said = []; new MutationObserver(() => said.push(
        document.getElementById('connection').textContent)).observe(
        document.getElementById('connection'), { childList: true })"""
    )
    streams = []
    seen.page.on("request", lambda each: streams.append(each.url) if "/live?" in each.url else None)
    while len(streams) < 3:
        seen.page.wait_for_event("request", lambda each: "/live?" in each.url)
    number = broken(stage, "web1")
    seen.page.wait_for_selector(f"#incident-{number}")
    assert set(seen.page.evaluate("window.said")) <= {"live"}


def test_a_stream_that_has_died_without_a_word_is_noticed(
    stage: Stage, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The laptop slept, or the net went away: no break is noticed, and nothing is heard."""
    # It tells what has changed when it begins, and nothing more.
    monkeypatch.setattr(live, "rests", lambda ends, _: rests(ends, 600.0))
    context = eyes.context(stage, "olga")
    seen = Seen(context.new_page())
    seen.page.clock.install()
    seen.page.goto(stage.url)
    lively(seen)
    number = broken(stage, "web1")
    with seen.page.expect_request("**/live?*"):
        seen.page.clock.fast_forward(60_000)
    seen.page.clock.run_for(2_000)
    seen.page.wait_for_selector(f"#incident-{number}")
    lively(seen)


def test_what_only_probes_have_seen_comes_each_half_minute(
    stage: Stage, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record does not grow by it, so no stream tells of it."""
    monkeypatch.setattr(live, "HEARTBEAT", 0.2)
    seen = Seen(eyes.context(stage, "olga").new_page())
    seen.page.clock.install()
    seen.page.goto(f"{stage.url}/fleet")
    lively(seen)
    row = seen.page.locator("#host-web4")
    assert "0.75" not in row.inner_text()
    size = recorded(stage)
    monkeypatch.setitem(stage.facts.of, "web4", {"disk_used_ratio": 0.75})
    stage.clock.advance(1)
    stage.look("web4")
    assert recorded(stage) == size
    seen.page.clock.run_for(20_000)
    assert "0.75" not in row.inner_text()
    seen.page.clock.run_for(10_000)
    expect(row).to_contain_text("0.75")
    lively(seen)


def recorded(stage: Stage) -> int:
    with stage.store.reading() as reads:
        return reads.audit_head()[0]


def test_without_a_seat_the_page_looks_now_and_then(
    stage: Stage, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = eyes.context(stage, "olga")
    context.route("**/live?*", lambda route: route.fulfill(status=429, body="too many"))
    seen = Seen(context.new_page())
    seen.page.clock.install()
    seen.page.goto(stage.url)
    seen.page.wait_for_selector("#connection:has-text('15 seconds')")
    number = broken(stage, "web1")
    assert seen.page.locator(f"#incident-{number}").count() == 0
    seen.page.clock.run_for(16_000)
    seen.page.wait_for_selector(f"#incident-{number}")
    # One is free again.
    context.unroute("**/live?*")
    seen.page.clock.run_for(16_000)
    lively(seen)


def test_who_is_logged_out_meanwhile_comes_to_the_login(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/?from=chat")
    lively(seen)
    stage.desk().change_user("olga", disabled=True)
    seen.page.wait_for_url("**/login?next=**")
    assert seen.page.url.endswith("?next=%2F%3Ffrom%3Dchat")
    stage.desk().change_user("olga", disabled=False)


def test_clocks_tick(stage: Stage, eyes: Eyes) -> None:
    number = broken(stage, "web1")
    context = eyes.context(stage, "olga")
    seen = Seen(context.new_page())
    seen.page.clock.install()
    seen.page.goto(stage.url)
    lively(seen)  # its scripts run: what the server wrote counts in other steps
    clock = seen.page.locator(f"#incident-{number} .clock")
    before = clock.inner_text()
    seen.page.clock.run_for(600_000)
    assert clock.inner_text() != before
    seen.page.clock.fast_forward(100_000_000)
    assert "over" in (clock.get_attribute("class") or "")


def test_a_browser_whose_clock_is_set_goes_on(stage: Stage, eyes: Eyes) -> None:
    number = broken(stage, "web1")
    seen = Seen(eyes.context(stage, "olga").new_page())
    seen.page.clock.install()
    seen.page.goto(stage.url)
    lively(seen)
    clock = seen.page.locator(f"#incident-{number} .clock").first

    def minutes() -> int:
        return int("".join(filter(str.isdigit, clock.inner_text())))

    before = minutes()
    an_hour_ago = seen.page.evaluate("Date.now()") / 1000 - 3600
    seen.page.clock.set_system_time(an_hour_ago)
    second = broken(stage, "web2")
    with seen.page.expect_response(f"{stage.url}/"):
        seen.page.clock.run_for(3_000)
    seen.page.wait_for_selector(f"#incident-{second}")
    lively(seen)
    assert before - 5 < minutes() <= before


def test_a_form_on_its_way_is_the_same_when_it_is_sent_again(stage: Stage, eyes: Eyes) -> None:
    """Who waits for a slow answer presses once more: it is done once."""
    number = broken(stage, "web1")
    seen = eyes.look(stage, f"/incidents/{number}")
    lively(seen)
    once = seen.page.locator("#say input[name=once]")
    other = seen.page.locator("form[action$='/acknowledge'] input[name=once]")
    keys = [each.get_attribute("value") for each in (once, other)]
    # As the browser does it before it sends.
    sent = "new SubmitEvent('submit', { bubbles: true })"
    seen.page.evaluate(f"document.querySelector('#say').dispatchEvent({sent})")
    stage.desk().comment(number, "Somebody else was quicker.")
    seen.page.get_by_text("Somebody else was quicker.").wait_for()
    assert once.get_attribute("value") == keys[0]
    assert other.get_attribute("value") != keys[1]


def test_a_page_that_nobody_looks_at_gives_its_stream_back(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/")
    lively(seen)
    hide = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    event = "document.dispatchEvent(new Event('visibilitychange'))"
    with seen.page.expect_event("requestfailed", lambda each: "/live?" in each.url):
        seen.page.evaluate(hide % "true" + event)
    number = broken(stage, "web1")
    with seen.page.expect_request("**/live?*"):
        seen.page.evaluate(hide % "false" + event)
    seen.page.wait_for_selector(f"#incident-{number}")


def test_what_an_act_came_to_is_not_said_for_ever(stage: Stage, eyes: Eyes) -> None:
    """Ten seconds are enough to read it; by then it may not be so any more."""
    page = eyes.look(stage, "/?said=resumed", "vera").page
    assert page.locator("p.notice[role=status]").count() == 1
    page.wait_for_url(f"{stage.url}/", timeout=20_000)
    page.evaluate("document.dispatchEvent(new CustomEvent('autofix:look'))")
    page.locator("p.notice[role=status]").wait_for(state="detached")
