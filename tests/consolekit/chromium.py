"""A real browser that looks at the stage: what it shows, what it complains about, how wide it is.

with Eyes() as eyes:
    seen = eyes.look(stage, "/incidents/1", by="olga", width=PHONE, theme="dark", language="zh")
    seen.page.click("text=Acknowledge")
    assert not seen.complaints
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, sync_playwright

from servers.browser import QUIET, found

PHONE, DESK = 390, 1280
THEMES, LANGUAGES = ("light", "dark"), ("en", "zh")


@dataclass
class Seen:
    """A page as one person has it open; `complaints` are errors of its scripts and its policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def shot(self, file: Path) -> Path:
        self.page.screenshot(path=str(file), full_page=True)
        return file

    def too_wide(self) -> bool:
        """Does it scroll sideways?"""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )

    def unfair(self) -> list[str]:
        """What axe-core finds fault with, a line each."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:160]}"
            for each in found
            for node in each["nodes"]
        ]


def awake(page: Page) -> None:
    """Once its modules work, if it has any."""
    if page.locator("script[type=module]").count():
        page.locator("html[data-started]").wait_for(state="attached")


class Eyes:
    def __init__(self) -> None:
        self._play = sync_playwright().start()
        flags = [each for each in QUIET if each != "--headless"]
        self._browser = self._play.chromium.launch(executable_path=found(), args=flags)
        self._contexts: list[BrowserContext] = []
        self._still: list[BrowserContext] = []

    def context(
        self, stage: Any, by: str = "", *, width: int = DESK, theme: str = "light",
        language: str = "en", **more: Any,
    ) -> BrowserContext:  # fmt: skip
        made = self._browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=theme, **more
        )
        if more.get("java_script_enabled") is False:
            self._still.append(made)
        host = urlsplit(stage.url).hostname or ""
        chosen = {"autofix-language": language, "autofix-theme": theme}
        if by:
            chosen |= dict(stage.client(by).http.cookies)
        cookies: list[Any] = [
            {"name": name, "value": value, "domain": host, "path": "/"}
            for name, value in chosen.items()
        ]
        made.add_cookies(cookies)
        self._contexts.append(made)
        return made

    def look(self, stage: Any, path: str, by: str = "olga", **more: Any) -> Seen:
        return self.open(self.context(stage, by, **more), f"{stage.url}{path}")

    def open(self, context: BrowserContext, url: str) -> Seen:
        page = context.new_page()
        seen = Seen(page)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: seen.complaints.append(said.text) if said.type == "error" else None,
        )
        page.goto(url)
        if context not in self._still:
            awake(page)
        return seen

    def rest(self) -> None:
        """Every page is closed: an open one goes on asking while other tests run."""
        for each in self._contexts:
            each.close()
        self._contexts.clear()
        self._still.clear()

    def close(self) -> None:
        self.rest()
        self._browser.close()
        self._play.stop()

    def __enter__(self) -> Eyes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
