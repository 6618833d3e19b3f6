"""The command line. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

from autofix.cli.group import main

__all__ = ["main"]
