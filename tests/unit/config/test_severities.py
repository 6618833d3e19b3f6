"""The settings' severities: presets, what is laid over them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.presets import AFTER_SALES, ESCORT, PRESETS
from autofix.core.severities import Terms, WorkingDays

Site = Any  # of conftest.py, which can't be imported by name
HOUR = 3600.0


def severities(site: Site, text: str) -> Any:
    site.write("autofix.yaml", text)
    settings = site.settings()
    assert settings.problems == ()
    return settings.severities


def test_without_a_word_the_escort_preset_counts(site: Site) -> None:
    assert severities(site, "{}\n").levels == ESCORT.levels
    assert severities(site, "severities:\n").preset == "escort"


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_is_taken_by_its_name(site: Site, name: str) -> None:
    found = severities(site, f"severities: {{preset: {name}}}\n")
    assert (found.preset, found.levels) == (name, PRESETS[name].levels)


def test_what_is_written_lies_over_the_preset_and_the_rest_stays(site: Site) -> None:
    found = severities(
        site,
        """\
calendars: {office: {hours: {mon-fri: "09:00-17:00"}}}
severities:
  preset: after-sales
  P0: {answer: 10m, workaround: none, near: 50%}
  P1: {solution: 2 working days, calendar: office}
  vulnerability: {P1: {solution: 72h}}
""",
    )
    assert found.levels["P0"] == Terms(answer=600, solution=4 * HOUR, near=0.5)
    assert found.levels["P1"] == Terms(answer=HOUR, solution=WorkingDays(2), calendar="office")
    assert found.levels["P2"] == AFTER_SALES.levels["P2"]
    assert found.terms("P1", "vulnerability") == Terms(solution=72 * HOUR)
    assert found.terms("P0", "vulnerability") == found.levels["P0"]
    assert found.terms("P0", "on-site").solution == 24 * HOUR


def test_a_severity_that_the_preset_leaves_out_can_be_added(site: Site) -> None:
    found = severities(site, "severities: {P3: {solution: same day, calendar: business}}\n")
    assert found.levels["P3"] == Terms(solution=WorkingDays(0), calendar="business")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("{preset: escorte}", "there is no preset 'escorte'|did you mean 'escort'?"),
        ("{P4: {answer: 1h}}", "unknown key 'P4'|known: P0, P1, P2, P3, on-site"),
        ("{P0: {anser: 1h}}", "unknown key 'anser'|did you mean 'answer'?"),
        ("{P0: {answer: soon}}", "'soon' is no time: write for example 15m, 24h, 1 working day"),
        ("{P0: {answer: 1s}}", "must lie between 1m and 366d"),
        ("{P0: {solution: 999 working days}}", "too far away: at most 366 working days"),
        ("{P0: {near: 0.8}}", "0.8 is not a percentage: write for example 30%"),
        ("{P0: {near: 1%}}", "'1%' is too early: write 10% to 100%"),
        ("{P0: {calendar: ofice}}", "P0: there is no calendar 'ofice'"),
        (
            "{P0: {answer: 3h}}",
            "P0: workaround (2h) is due before answer (3h)|at least as long as answer",
        ),
        (
            "{P2: {answer: 10h, solution: 1 working day}}",
            "P2: solution (1 working day) is due before answer (10h)",
        ),
        (
            "{on-site: {P0: {triage: 3h, solution: 2h}}}",
            "P0: solution (2h) is due before triage (3h)",
        ),
    ],
)
def test_what_is_wrong_with_severities_is_said(site: Site, block: str, said: str) -> None:
    site.write("autofix.yaml", f"severities: {block}\n")
    (problem,) = site.settings().errors
    for part in said.split("|"):
        assert part in str(problem)


def test_a_broken_calendar_is_not_said_to_be_missing(site: Site) -> None:
    site.write(
        "autofix.yaml",
        "calendars: {office: {hours: {}}}\nseverities: {P0: {calendar: office}}\n",
    )
    (problem,) = site.settings().errors
    assert "never opens" in str(problem)
