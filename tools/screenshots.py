"""The pictures of the console in docs/screenshots, anew from the real thing: `make screenshots`.

A project, a store and a web server as in the tests, with their story; a real browser looks at it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "screenshots"
sys.path.insert(0, str(ROOT / "tests"))

from consolekit import Stage  # noqa: E402
from consolekit.chromium import DESK, PHONE, Eyes  # noqa: E402

HEIGHT = {DESK: 720, PHONE: 844}


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    width: int = DESK
    theme: str = "light"
    language: str = "en"


def pictures(stage: Any) -> list[Picture]:
    desk = stage.desk()
    healed = desk.incidents(host="cache1", limit=1)[0].id
    escalated = desk.incidents(host="web1", limit=1)[0].id
    run = desk.runs(incident=healed, limit=1)[0].id
    form = "/runbooks/disk-full/run"
    return [
        Picture("now", "/"),
        Picture("incident", f"/incidents/{healed}"),
        Picture("runbook-run", form),
        Picture("run-log", f"/runs/{run}"),
        Picture("audit", "/audit"),
        Picture("now-phone", "/", PHONE),
        Picture("incident-phone", f"/incidents/{escalated}", PHONE),
        Picture("incident-dark", f"/incidents/{escalated}", theme="dark"),
        Picture("now-zh", "/", language="zh"),
    ]


def taken(stage: Any, eyes: Eyes, one: Picture) -> Path:
    """As much as is seen without scrolling."""
    look = {"width": one.width, "theme": one.theme, "language": one.language}
    seen = eyes.look(stage, one.path, "peter" if one.name != "audit" else "ada", **look)
    seen.page.set_viewport_size({"width": one.width, "height": HEIGHT[one.width]})
    file = OUT / f"{one.name}.png"
    seen.page.screenshot(path=str(file))
    return file


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage.set(Path(folder) / "project") as stage,
        Eyes() as eyes,
    ):
        stage.story()
        for one in pictures(stage):
            file = taken(stage, eyes, one)
            print(file.relative_to(ROOT), f"{file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
