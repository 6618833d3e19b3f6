"""A storm is one page with a count: where each call goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.grouping import APART, Alone, Gathered, place
from autofix.core.pages import Page, PageKind

SENT = Page(1, 5, "dba", ("a",), "P1", "t", "words", "k", 1000.0, None, runbook="redis")
GATHERS = replace(SENT, id=2, incident=None, kind=PageKind.DIGEST, text="", due_at=1300.0)
WRITTEN = replace(GATHERS, text="37 incidents", created_at=1300.0)


@pytest.mark.parametrize(
    ("latest", "now", "had_own", "together", "goes"),
    [
        (None, 1000.0, False, 1, Alone("the first in a while")),
        (SENT, 1000.0 + APART, False, 1, Alone("the first in a while")),
        (SENT, 1060.0, True, 1, Alone("it had a page of its own before")),
        (SENT, 1060.0, False, 1, Gathered(1300.0, "page 1 of this is 1m old")),
        (GATHERS, 1060.0, False, 1, Gathered(1300.0, "page 2 gathers them", GATHERS)),
        (GATHERS, 1060.0, True, 1, Alone("it had a page of its own before")),
        (WRITTEN, 1360.0, False, 9, Gathered(1600.0, "page 2 of this is 1m old")),
        (None, 1000.0, False, 9, Gathered(1000.0, "9 are called at once")),
        (SENT, 2000.0, False, 9, Gathered(2000.0, "9 are called at once")),
    ],
)
def test_where_a_call_goes(
    latest: Page | None, now: float, had_own: bool, together: int, goes: object
) -> None:
    assert place(latest, now, had_own=had_own, together=together) == goes
