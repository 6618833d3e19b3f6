"""What every test may ask for, and what is put back after each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from consolekit.chromium import Eyes


@pytest.fixture(scope="module")
def eyes() -> Iterator[Eyes]:
    """One real browser for the tests of a file."""
    from consolekit.chromium import Eyes

    with Eyes() as made:
        yield made


@pytest.fixture(autouse=True)
def _the_log_as_it_was() -> Iterator[None]:
    """A command that serves takes the whole process's log, and no test may find it so."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
