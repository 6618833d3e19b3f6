"""Where a server of this project listens, as far as the settings and its file tell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from autofix.app.served import FILE
from autofix.config import Settings
from autofix.errors import Problem

if TYPE_CHECKING:
    from autofix.web.tls import Certificate


def listening(state: Path) -> list[str]:
    """The URLs of the server that runs on this state folder; none when there is none."""
    try:
        found = json.loads((state / FILE).read_text())
        os.kill(int(found["pid"]), 0)
    except PermissionError:
        pass  # it runs, as another user
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(each) for each in found["urls"]]


def certificate(settings: Settings) -> Certificate | None:
    """As the settings name it, not loaded yet; None without TLS."""
    web = settings.web
    if web.tls is None or not web.enabled:
        return None
    from autofix.web.tls import Certificate

    folder = settings.file.parent
    return Certificate(folder / web.tls.cert, folder / web.tls.key, settings=str(settings.file))


def problems(settings: Settings) -> list[Problem]:
    """What would keep the web from starting, as far as it can be known before."""
    found = certificate(settings)
    return found.problems() if found is not None else []
