"""The sandbox of `autofix demo --keep`: a person comes in by its console at once, and sees the
demo's story happen on an open page, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from autofix.app.sandbox import NAME, Sandbox
from consolekit import Client
from consolekit.chromium import PHONE, Eyes

#: Milliseconds that the whole story may take on a busy machine.
STORY = 120_000


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """As the demo has it, but nothing is wrong yet."""
    made = Sandbox()
    try:
        made.build()
        made.redis("FLUSHALL")
        made.serve()
        deadline = time.monotonic() + 60
        while not made.console():
            assert made.alive()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield made
    finally:
        made.close()
    assert not made.folder.exists()


@pytest.fixture(scope="module")
def person(sandbox: Sandbox) -> Iterator[Client]:
    made = Client(sandbox.console())
    made.login(NAME, sandbox.password)
    yield made
    made.close()


def test_the_person_of_the_sandbox_comes_in_and_sees_it(sandbox: Sandbox, person: Client) -> None:
    url = sandbox.console()
    assert url.startswith("http://127.0.0.1:")
    assert "demo-redis" in person.page("/fleet")
    deadline = time.monotonic() + 60
    while f"the console: {url}" not in sandbox.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    log = sandbox.log.read_text()
    assert "the first administrator" not in log  # somebody is there: no link for strangers
    assert sandbox.password not in log


@pytest.mark.timeout(240)
def test_the_story_of_the_demo_is_seen_as_it_happens(sandbox: Sandbox, person: Client) -> None:
    url = sandbox.console()
    there = SimpleNamespace(url=url, client=lambda name: person)
    with Eyes() as eyes:
        now = eyes.look(there, "/", NAME, width=PHONE)
        expect(now.page.locator("#connection")).to_have_text("live")
        expect(now.page.locator("#well")).to_be_visible()
        now.page.evaluate("void (onpagehide = () => { window.unloaded = true })")
        sandbox.fill()
        line = now.page.locator("#incident-1")
        expect(line).to_contain_text("demo-redis", timeout=STORY)
        expect(now.page.locator("#running li")).to_contain_text("demo-redis", timeout=STORY)
        # Its own page, while it is mended: each step, what it says, and the proof.
        seen = eyes.look(there, "/incidents/1", NAME)
        story = seen.page.locator("#story")
        expect(story).to_contain_text("Decided: act")
        expect(story).to_contain_text("redis_evict_expiring.yml", timeout=STORY)
        expect(seen.page.locator("#head .state-healed")).to_be_visible(timeout=STORY)
        expect(story).to_contain_text("Healed: the symptom is gone, and stayed gone")
        expect(seen.page.locator("#chart svg:visible .chart-line").first).to_be_attached()
        # Now it is over, there too, and nobody has reloaded anything.
        expect(line).to_have_count(0, timeout=STORY)
        expect(now.page.locator("#well")).to_be_visible()
        assert now.page.evaluate("window.unloaded === undefined")
        assert [*now.complaints, *seen.complaints] == []
    assert 0 < sandbox.ratio() < 0.9
