"""The server's log lines on standard error, as the settings' block `logging` wants them: text for
people, or one JSON object a line. No secret of the settings stands in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from autofix.app.hidden import settings_secrets
from autofix.config import Settings

TEXT = "%(asctime)s %(levelname)s %(message)s"
#: Libraries that tell more than anybody wants to know.
NOISY = ("apscheduler", "alembic", "paramiko", "httpx", "httpcore", "asyncio")


class Lines(logging.Formatter):
    """By the settings in force at that moment."""

    def __init__(self, settings: Callable[[], Settings], *, verbose: bool = False) -> None:
        super().__init__(TEXT)
        self.verbose = verbose
        self._settings = settings
        self._struck: tuple[tuple[str, ...], Callable[[str], str]] = ((), str)

    def format(self, record: logging.LogRecord) -> str:
        settings = self._settings()
        strike = self._strike(settings)
        if settings.logging.format == "json":
            return self._json(record, strike)
        return strike(super().format(record))

    def _json(self, record: logging.LogRecord, strike: Callable[[str], str]) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "ts": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": strike(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = strike(self.formatException(record.exc_info))
        # In ASCII: whatever a stranger wrote, the line stays one line and moves no cursor.
        return json.dumps(line)

    def _strike(self, settings: Settings) -> Callable[[str], str]:
        found = settings_secrets(settings)
        if self._struck[0] != found:
            from autofix.ansible.text import Redactor

            self._struck = found, Redactor(found).strike
        return self._struck[1]


def begin(settings: Callable[[], Settings], *, verbose: bool = False) -> None:
    """From now on, for this process. `verbose`: everything, whatever the settings say."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(settings, verbose=verbose))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    adopt(settings())


def adopt(settings: Settings) -> None:
    """The level of these settings from now on, where `begin` was called."""
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler.formatter, Lines):
            verbose = handler.formatter.verbose
            root.setLevel("DEBUG" if verbose else settings.logging.level.upper())
