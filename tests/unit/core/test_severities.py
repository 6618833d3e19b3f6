"""Terms of severities, and the three presets, figure by figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autofix.core.calendars import ALWAYS, BUSINESS, Calendar
from autofix.core.presets import PRESETS
from autofix.core.severities import Kind, Severities, Terms, WorkingDays, deadlines, shown
from unit.core.test_calendars import HOUR, OFFICE, at, wall

PAGE = Path(__file__).parents[3] / "docs" / "severities.md"
WORK = Calendar("business", "Europe/Berlin", BUSINESS)
#: Every figure of the agreements: preset, class, severity → answer, triage, workaround, solution.
FIGURES = {
    ("escort", "", "P0"): "15m none 2h 1d",
    ("escort", "", "P1"): "30m none 4h 2d",
    ("escort", "", "P2"): "2h none none 1 working day",
    ("escort", "", "P3"): "none none none none",
    ("escort", "vulnerability", "P0"): "none none none 1d",
    ("escort", "vulnerability", "P1"): "none none none 3d",
    ("after-sales", "", "P0"): "30m none 2h 4h",
    ("after-sales", "on-site", "P0"): "30m none 2h 1d",
    ("after-sales", "", "P1"): "1h none none 4h",
    ("after-sales", "", "P2"): "30m none none none",
    ("after-sales", "", "P3"): "none 15m 2h none",
    ("mall", "", "P0"): "5m 30m none 2h",
    ("mall", "", "P1"): "30m 1h none 4h",
    ("mall", "", "P2"): "2h none none 1 working day",
    ("mall", "", "P3"): "none none none same day",
    ("none", "", "P0"): "none none none none",
}


def figures(terms: Terms) -> str:
    return " ".join(shown(terms.of(kind)) for kind in Kind)


@pytest.mark.parametrize(("preset", "special", "severity"), FIGURES)
def test_a_preset_has_the_figures_of_the_agreements(
    preset: str, special: str, severity: str
) -> None:
    terms = PRESETS[preset].terms(severity, special)
    assert figures(terms) == FIGURES[preset, special, severity]


def test_what_is_most_urgent_is_counted_around_the_clock_and_daily_work_is_not() -> None:
    for name in ("escort", "after-sales", "mall"):
        assert PRESETS[name].levels["P0"].calendar == "always"
        assert PRESETS[name].levels["P2"].calendar == "business"


def test_the_page_for_people_shows_the_same_figures() -> None:
    text = PAGE.read_text()
    for name, preset in PRESETS.items():
        if name == "none":
            continue
        section = re.search(rf"^## Preset {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        assert section, name
        rows = re.findall(r"^\| `(P\d)`(?: `([a-z-]+)`)? \|(.*)\|$", section[1], re.M)
        shown_there = {
            (severity, special): [cell.strip() for cell in cells.split("|")][1:]
            for severity, special, cells in rows
        }
        wanted = {(level, ""): terms for level, terms in preset.levels.items()}
        for special, levels in preset.classes.items():
            wanted |= {(level, special): terms for level, terms in levels.items()}
        assert shown_there == {
            key: [*(_cell(terms, kind) for kind in Kind), f"`{terms.calendar}`"]
            for key, terms in wanted.items()
        }


def _cell(terms: Terms, kind: Kind) -> str:
    term = terms.of(kind)
    return "—" if term is None else shown(term)


def test_a_class_counts_only_where_it_has_the_severity() -> None:
    own = Severities({"P0": Terms(answer=60)}, {"on-site": {"P1": Terms(answer=90)}})
    assert own.terms("P1", "on-site").answer == 90
    assert own.terms("P0", "on-site").answer == own.terms("P0").answer == 60
    assert own.terms("P3") == Terms()


def test_deadlines_are_counted_from_the_opening_on_the_calendar() -> None:
    opened = at("2026-11-20 17:00")  # a Friday
    found = deadlines(opened, Terms(answer=2 * HOUR, calendar="business", near=0.5), WORK)
    near, due = found["answer"]
    assert (wall(near), wall(due)) == ("2026-11-20 18:00", "2026-11-23 10:00")
    assert list(found) == ["answer"]


def test_around_the_clock_near_is_a_share_of_the_whole() -> None:
    assert deadlines(1000.0, Terms(answer=100.0), ALWAYS) == {"answer": [1080.0, 1100.0]}
    assert deadlines(1000.0, Terms(answer=100.0, near=1.0), ALWAYS)["answer"] == [1100.0, 1100.0]


def test_a_working_day_ends_at_the_same_time_of_the_next_one() -> None:
    terms = Terms(solution=WorkingDays(1), calendar="business")
    near, due = deadlines(at("2026-11-20 12:00"), terms, WORK)["solution"]
    assert wall(due) == "2026-11-23 12:00"
    assert at("2026-11-20 12:00") < near < due
    three = Terms(solution=WorkingDays(3))
    assert wall(deadlines(at("2026-11-17 12:00"), three, WORK)["solution"][1]) == "2026-11-20 12:00"


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-16 09:30", "2026-11-16 18:00"),
        ("2026-11-16 20:00", "2026-11-17 18:00"),
        ("2026-11-21 09:00", "2026-11-21 17:00"),  # a Saturday with a break
        ("2026-11-22 12:00", "2026-11-23 18:00"),
    ],
)
def test_the_same_day_is_the_end_of_the_day_that_is_worked(opened: str, due: str) -> None:
    terms = Terms(solution=WorkingDays(0))
    assert wall(deadlines(at(opened), terms, OFFICE)["solution"][1]) == due


def test_a_calendar_that_never_opens_promises_nothing() -> None:
    never = Calendar("never", "UTC", {})
    terms = Terms(answer=60.0, solution=WorkingDays(0))
    assert deadlines(0.0, terms, never) == {}
