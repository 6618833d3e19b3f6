"""What a running server leaves in its state folder, for commands: where it listens."""

from __future__ import annotations

import json
from pathlib import Path

#: In the state folder: the server's process, its version, its URLs.
FILE = "web.json"


def version_there(state: Path) -> str:
    """Of the server that was last started on this state folder; empty without one."""
    try:
        found = json.loads((state / FILE).read_text())
    except (OSError, ValueError):
        return ""
    return str(found.get("version", "")) if isinstance(found, dict) else ""
