"""docs/glossary.md has every state, outcome and kind that the code uses."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from autofix.core import alerts, matching
from autofix.core.deadlines import DeadlineState
from autofix.core.guards import GUARDS
from autofix.core.incidents import Origin, State
from autofix.core.pages import PageKind, PageState
from autofix.core.runs import Outcome, RunKind, RunState
from autofix.core.severities import Kind
from autofix.core.signals import SignalState
from autofix.core.triggers import Verdict

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "glossary.md").read_text()


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("States of an incident", State),
        ("States of a run", RunState),
        ("Kinds of run", RunKind),
        ("Outcomes", Outcome),
        ("States of a signal, and of a page", SignalState),
        ("States of a signal, and of a page", PageState),
        ("Kinds of page", PageKind),
        ("Where a signal comes from", Origin),
        ("What a watch says", Verdict),
        ("What an alert means", alerts.Verdict),
        ("What an alert means", alerts.DeliveryState),
        ("What an alert means", matching.Reason),
        ("What is promised, and how it stands", Kind),
        ("What is promised, and how it stands", DeadlineState),
    ],
)
def test_every_word_of_the_code_stands_in_its_section(heading: str, kind: type[StrEnum]) -> None:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert {word.value for word in kind} <= set(re.findall(r"`(\w+)`", found.group(1)))


def test_every_guard_is_named() -> None:
    row = re.search(r"^\| \*\*guard\*\* \|.*$", TEXT, re.MULTILINE)
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row.group())) == set(GUARDS)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_between_the_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+\.md)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
