"""Pictures of the console with its story, to look at while working on it:

cd tests && python -m consolekit.shots OUT --by olga / /incidents/2 /runbooks
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

from consolekit import Stage
from consolekit.chromium import DESK, PHONE, Eyes


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("out", type=Path)
    given.add_argument("paths", nargs="+")
    given.add_argument("--by", default="ada")
    given.add_argument("--all", action="store_true", help="every theme and language, too")
    asked = given.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    looks = list(product(("light", "dark"), ("en", "zh"))) if asked.all else [("light", "en")]
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage.set(Path(folder) / "project") as stage,
        Eyes() as eyes,
    ):
        stage.story()
        for width, (theme, language) in product((PHONE, DESK), looks):
            # One login for all of them: too many are refused.
            look = eyes.context(stage, asked.by, width=width, theme=theme, language=language)
            for path in asked.paths:
                seen = eyes.open(look, f"{stage.url}{path}")
                name = path.strip("/").replace("/", "-").partition("?")[0] or "now"
                file = asked.out / f"{name}-{width}-{theme}-{language}.png"
                seen.shot(file)
                print(file, "TOO WIDE" if seen.too_wide() else "", *seen.complaints, *seen.unfair())
                seen.page.close()


if __name__ == "__main__":
    main()
