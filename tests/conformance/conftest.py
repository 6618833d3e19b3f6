"""Stores for the conformance suite: each test of a `store` runs on every kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autofix.ports import Store
from storekit import STORES, opened_store


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Add a store to `storekit.STORES`, and it is asked everything that the others are."""
    with opened_store(request.param, tmp_path) as store:
        yield store
