"""The settings' block `logging`."""

from __future__ import annotations

from typing import Literal

from autofix.config.fields import Block


class LoggingBlock(Block):
    """How the server's log lines are written, on standard error."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
