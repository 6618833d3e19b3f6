"""What a running server leaves in its state folder, for commands: where it listens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: In the state folder: the server's process, its version, its URLs.
FILE = "web.json"


def version_there(state: Path) -> str:
    """Of the server that was last started on this state folder; empty without one."""
    return str(_told(state).get("version", ""))


def url_there(state: Path) -> str:
    """Where a browser on this machine finds its console; empty when nowhere."""
    urls = _told(state).get("urls")
    return str(urls[0]) if isinstance(urls, list) and urls else ""


def _told(state: Path) -> dict[str, Any]:
    try:
        found = json.loads((state / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
