"""A run's log in a real browser: it grows, goes on after a break, is searched; a run is cancelled;
much output and huge texts leave the page usable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autofix.core.inert import unlimited
from autofix.core.runs import Outcome, Run, RunEvent, RunKind, RunState
from autofix.web.api import streams
from consolekit import Stage
from consolekit.chromium import PHONE, Eyes
from storekit import event

HOSTILE = "\x1b[31mred\x1b[0m <img src=x onerror=alert(1)> \u202egnp.exe"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


def going(stage: Stage) -> Run:
    """A run that goes on until the test ends it."""
    with stage.store.transaction() as tx:
        attempt = 100 + len(tx.runs(limit=1000))
        run = Run(
            0, 3, "disk-full", "web1", RunKind.FIX, 0, attempt, "slow.yml", RunState.STARTED,
            started_at=stage.clock.now(),
        )  # fmt: skip
        return tx.add_run(run, event())


def tells(stage: Stage, run: Run, *events: RunEvent) -> None:
    with stage.store.transaction() as tx:
        tx.add_run_events(run.id, events)


def ends(stage: Stage, run: Run) -> None:
    with stage.store.transaction() as tx:
        now = tx.run(run.id)
        assert now is not None
        over = now.with_(state=RunState.FINISHED, outcome=Outcome.OK, finished_at=9e9)
        tx.save_run(over, event("run.finished", incident=run.incident))


def said(kind: str, number: int, text: str = "", play: str = "Mend") -> RunEvent:
    return RunEvent(kind, 1.7e9 + number, play, f"task {number}", "web1", text)


def texts(page: Page) -> list[str]:
    return page.locator("#log .pane .said").all_text_contents()


def test_a_log_grows_while_the_run_goes_on_and_says_when_it_is_over(
    stage: Stage, eyes: Eyes
) -> None:
    run = going(stage)
    tells(stage, run, said("task", 1), said("ok", 1, "first"))
    seen = eyes.look(stage, f"/runs/{run.id}")
    page = seen.page
    expect(page.locator(".pane")).to_contain_text("first")
    tells(stage, run, said("changed", 1, "second"), said("task", 2), said("failed", 2, HOSTILE))
    expect(page.locator(".pane")).to_contain_text("\\u001b[31mred")
    expect(page.locator(".pane")).to_contain_text("\\u202egnp")
    assert page.locator(".pane .play").count() == 1
    assert page.locator(".pane .task").count() == 2
    expect(page.locator("#failed-link")).to_contain_text("1 failed")
    expect(page.locator("#failures li")).to_contain_text("task 2")
    ends(stage, run)
    expect(page.locator(".log-state")).to_have_text("The run has ended.")
    expect(page.locator("#standing .badge")).to_have_text("ok")
    assert page.locator(".pane .said").count() == 3  # it is still there after the page's own look
    assert seen.complaints == []


def test_a_stream_that_is_cut_off_misses_nothing(
    stage: Stage, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LASTS", 0.7)  # the server hangs up again and again
    run = going(stage)
    context = eyes.context(stage, "olga")
    seen = eyes.open(context, f"{stage.url}/runs/{run.id}")
    wanted = []
    for number in range(1, 40):
        tells(stage, run, said("ok", number, f"line-{number}."))
        wanted.append(f"line-{number}.")
        if number == 15:
            context.set_offline(True)
            expect(seen.page.locator(".log-state")).to_contain_text("connection was lost")
            context.set_offline(False)
    expect(seen.page.locator(".pane")).to_contain_text("line-39.", timeout=20_000)
    assert texts(seen.page) == wanted


def test_it_follows_the_end_unless_the_reader_scrolled_up(stage: Stage, eyes: Eyes) -> None:
    run = going(stage)
    tells(stage, run, *[said("ok", number, f"line-{number}.") for number in range(1, 200)])
    page = eyes.look(stage, f"/runs/{run.id}").page
    pane = page.locator(".pane")
    at_end = "each => each.scrollHeight - each.scrollTop - each.clientHeight < 40"
    tells(stage, run, said("ok", 200, "line-200."))
    expect(pane).to_contain_text("line-200.")
    assert pane.evaluate(at_end)
    pane.evaluate("each => { each.scrollTop = 0 }")
    tells(stage, run, said("ok", 201, "line-201."))
    expect(page.locator(".to-end")).to_be_visible()
    assert pane.evaluate("each => each.scrollTop") == 0
    page.click(".to-end")
    assert pane.evaluate(at_end)


def test_search_filters_lines_counts_hits_and_keeps_the_folds(stage: Stage, eyes: Eyes) -> None:
    run = going(stage)
    for number in range(1, 101):
        tells(
            stage,
            run,
            said("task", number),
            said("ok", number, f"line-{number}. <needle>"[: 9 if number % 10 else 30]),
        )
    ends(stage, run)
    page = eyes.look(stage, f"/runs/{run.id}").page
    folded = page.locator(".task:not([open])").count()
    assert folded > 50
    page.fill("#find", "NEEDLE")
    expect(page.locator(".hits")).to_have_text("0 / 10")
    assert page.locator(".task:visible").count() == 10
    page.press("#find", "Enter")
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.locator(".hits")).to_have_text("2 / 10")
    page.keyboard.press("N")
    expect(page.locator(".hits")).to_have_text("1 / 10")
    expect(page.locator(".hit")).to_contain_text("line-10.")
    page.fill("#find", "")
    expect(page.locator(".hits")).to_have_text("")
    assert page.locator(".task:not([open])").count() == folded


def test_what_is_not_shown_is_found_in_the_whole_log_and_opened(stage: Stage, eyes: Eyes) -> None:
    run, lines = going(stage), []
    for number in range(1, 1001):
        needle = " <Needle>" if number % 100 == 0 else ""
        lines += [said("task", number), said("ok", number, f"line-{number}.{needle}")]
    tells(stage, run, *lines)
    ends(stage, run)
    seen = eyes.look(stage, f"/runs/{run.id}", width=PHONE)
    page = seen.page
    expect(page.locator(".pane")).not_to_contain_text("line-100.")
    page.fill("#find", "line-100.")
    expect(page.locator(".hits")).to_have_text("0 / 0")
    page.press("#find", "Enter")  # no line that is shown has it: all of it is searched
    expect(page.locator("#found li")).to_have_count(1)
    page.fill("#find", "needle")
    page.click("text=Search all of it")
    places = page.locator("#found li")
    expect(places).to_have_count(10)
    expect(places.first).to_contain_text("line-100. <Needle>")
    assert not seen.too_wide()
    assert seen.unfair() == []
    places.first.locator("a").click()
    line = page.locator("#e200")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("line-100. <Needle>")
    expect(places).to_have_count(10)  # the next one is a click away
    assert seen.complaints == []


def test_a_run_is_cancelled_from_its_page(stage: Stage, eyes: Eyes) -> None:
    run = going(stage)
    page = eyes.look(stage, f"/runs/{run.id}").page
    page.click("text=Cancel this run")
    expect(page.locator("#cancel")).to_contain_text("may stay half done")
    page.fill("#cancel input[name=reason]", "wrong host")
    page.click("text=Cancel it")
    expect(page.locator("main")).to_contain_text("hears it within a second")
    expect(page.locator("main")).to_contain_text("olga: wrong host")


def test_without_script_the_newest_portion_is_there(stage: Stage, eyes: Eyes) -> None:
    run = going(stage)
    tells(stage, run, *[said("ok", number, f"line-{number}.") for number in range(1, 700)])
    context = eyes.context(stage, "olga", java_script_enabled=False)
    page = eyes.open(context, f"{stage.url}/runs/{run.id}").page
    expect(page.locator(".pane")).to_contain_text("line-699.")
    page.click(".older-link")
    expect(page.locator(".pane")).to_contain_text("line-100.")


def test_what_a_stream_tells_is_as_inert_as_what_the_server_writes(
    stage: Stage, eyes: Eyes
) -> None:
    text = "".join(map(chr, [*range(0x3000), *range(0xFE00, 0x10000), *range(0xE0000, 0xE1002)]))
    page = eyes.look(stage, "/runs/1").page
    version = page.locator("script[type=module]").get_attribute("src") or ""
    module = version.replace("console.js", "log.js")
    ask = "([module, text]) => import(module).then((made) => made.inert(text))"
    assert page.evaluate(ask, [module, text]) == unlimited(text)


def heap(page: Page) -> float:
    """Megabytes of the page's script, and how many elements there are."""
    found: Any = page.context.new_cdp_session(page).send("Runtime.getHeapUsage")
    return float(found["usedSize"]) / 1e6


def test_a_hundred_thousand_events_and_one_of_five_megabytes(stage: Stage, eyes: Eyes) -> None:
    run = going(stage)
    half = [said(("task", "ok")[n % 2], n // 2, "x" * 500, play="") for n in range(50_000)]
    tells(stage, run, *half)
    seen = eyes.look(stage, f"/runs/{run.id}", width=PHONE)
    page = seen.page
    expect(page.locator(".log-state")).to_have_text("live")
    tells(stage, run, *half)  # and as many again while somebody looks
    tells(stage, run, said("failed", 50_001, "y" * 5_000_000), said("ok", 50_002, "the last line"))
    expect(page.locator(".pane")).to_contain_text("the last line", timeout=60_000)
    assert page.locator(".pane *").count() < 12_000
    assert heap(page) < 100
    expect(page.locator("#failed-link")).to_contain_text("1 failed")
    assert page.locator(".pane a", has_text="Show all of it").count() == 1
    assert not seen.too_wide()
    page.reload()
    expect(page.locator(".pane")).to_contain_text("the last line")
    assert len(page.content()) < 3_000_000
    assert seen.complaints == []
