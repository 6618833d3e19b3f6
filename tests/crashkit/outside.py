"""Somebody beside the server: its store and its kill switch, as a command has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autofix.app.site import Site
from autofix.flow.context import Context


@contextmanager
def outside(project: Path) -> Iterator[Context]:
    """A context without the project's files: to send signals, and to act as a person."""
    site = Site.open(project)
    try:
        yield site.context("outside")
    finally:
        site.close()
