"""A real browser without a screen, for what only a browser can tell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

#: Nothing of these may look for the world outside.
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--mute-audio",
)  # fmt: skip


def found() -> str:
    """Where it is; AssertionError without one."""
    path = shutil.which("chromium")
    assert path, "chromium is not there: tools/setup.sh test installs it"
    return path


def dom(url: str, folder: Path, *, milliseconds: int = 15_000) -> str:
    """The page as it stands once its scripts have run; `folder` holds the browser's profile."""
    argv = [found(), *QUIET, f"--user-data-dir={folder}", f"--virtual-time-budget={milliseconds}"]
    done = subprocess.run(
        [*argv, "--dump-dom", url], capture_output=True, timeout=120, check=True, text=True
    )
    return done.stdout
