"""Who follows a link to the console from a chat or a mail is where it leads, if he is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consolekit import Stage
from consolekit.chromium import Eyes


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


@pytest.mark.parametrize(("by", "ends"), [("olga", "/?x=1&y=%2F"), ("", "/login")])
def test_a_link_on_another_site(
    stage: Stage, eyes: Eyes, tmp_path: Path, by: str, ends: str
) -> None:
    context = eyes.context(stage, by)
    context.clear_cookies(name="autofix")
    strict = [
        {"name": "autofix", "value": value, "url": stage.url, "sameSite": "Strict"}
        for name, value in (stage.client(by).http.cookies.items() if by else [])
    ]
    context.add_cookies(strict)  # type: ignore[arg-type]
    context.route(
        "http://chat.test/",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<a href='{stage.url}/?x=1&y=%2F'>incident 3</a>"
        ),
    )
    page = context.new_page()
    page.goto("http://chat.test/")
    page.click("text=incident 3")
    page.wait_for_url(lambda url: url.removeprefix(stage.url).startswith(ends))
    assert page.locator("h1").inner_text() == ("Now" if by else "autofix")
