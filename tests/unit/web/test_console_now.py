"""Now: what is broken, what was done, what one must do; and how autofix itself is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from autofix.core.marks import FILES, Mark
from autofix.core.runs import Outcome, RunState
from autofix.core.triggers import Watch
from autofix.web.console.now import by_host
from consolekit import Stage
from storekit import event, incident, page, run


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@pytest.fixture
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage on which nothing happened."""
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


def section(html: str, name: str) -> str:
    """What is on the page in this section; empty when there is none."""
    found = re.search(rf'<section id="{name}".*?</section>', html, re.S)
    return found[0] if found else ""


def numbers(html: str) -> list[int]:
    return [int(each) for each in re.findall(r'id="incident-(\d+)"', html)]


def test_all_is_well_is_said_in_one_line(quiet: Stage) -> None:
    said = quiet.client("vera").page("/")
    assert "All is well" in said
    assert "Nothing is broken" in section(said, "open")
    assert section(said, "waiting") == section(said, "held") == section(said, "faults") == ""


def test_what_cannot_be_looked_at_is_not_called_well(quiet: Stage) -> None:
    quiet.facts.of["cache3"] = "connection refused"
    for _ in range(3):
        quiet.look("cache3")
        quiet.clock.advance(30)
    said = quiet.client("vera").page("/")
    assert "All is well" not in said
    assert "Nothing is broken" not in said
    unseen = section(said, "unseen")
    assert 'href="/fleet/cache3"' in unseen
    assert "could not look (3 in a row): connection refused" in unseen
    quiet.facts.of.clear()
    quiet.look("cache3")
    said = quiet.client("vera").page("/")
    assert section(said, "unseen") == ""
    assert "All is well" in said


def test_what_waits_for_an_approval_waits_for_who_may_give_it(stage: Stage) -> None:
    waiting = section(stage.client("peter").page("/"), "waiting")
    states = {each.id: each.state for each in stage.desk().incidents()}
    assert {states[each] for each in numbers(waiting)} == {"awaiting_approval"}
    assert "Your yes or no" in waiting
    assert "Your yes or no" not in stage.client("olga").page("/")


def test_every_open_incident_is_shown_once_the_worst_first(stage: Stage) -> None:
    desk = stage.desk()
    for who in ("peter", "vera"):
        html = stage.client(who).page("/")
        shown = numbers(html)
        assert sorted(shown) == sorted(each.id for each in desk.overview().worst)
        below = [desk.incident(each).incident.severity for each in numbers(section(html, "open"))]
        assert below == sorted(below)


def test_a_line_has_its_clock_its_state_and_its_reason(stage: Stage) -> None:
    html = stage.client("vera").page("/")
    for host, state, reason in (
        ("web2", "acknowledged", "keeper has it"),  # and not once more, by whom it was acknowledged
        ("web3", "held", "web3 paused by keeper: the disk is being changed"),
    ):
        [each] = stage.desk().incidents(host=host, limit=1)
        [line] = re.findall(rf'<li id="incident-{each.id}".*?</li>', html, re.S)
        assert "data-until" in line
        assert f"state-{state}" in line
        assert reason in line
        assert "acknowledged by" not in line


def test_who_has_an_incident_and_how_long_a_run_takes_are_told(quiet: Stage) -> None:
    quiet.ill("web1", load_1=90.0)
    quiet.desk().acknowledge(1)
    well = {"runbook": "web-stuck", "outcome": Outcome.OK, "started_at": 10.0, "finished_at": 70.0}
    began = quiet.clock.now() - 300
    with quiet.store.transaction() as tx:
        tx.add_run(run(1, step=3, state=RunState.FINISHED, **well), event("run.planned"))
        goes = run(1, step=4, runbook="web-stuck", state=RunState.STARTED, started_at=began)
        tx.add_run(goes, event("run.planned"))
    html = quiet.client("vera").page("/")
    assert "keeper has it" in section(html, "waiting") + section(html, "open")
    assert "longer than usual: it takes 1m as a rule" in section(html, "running")


def test_counts_lead_to_the_list_that_they_count(stage: Stage) -> None:
    html = section(stage.client("vera").page("/"), "open")
    assert 'href="/incidents?open=true&amp;severity=P2"' in html
    assert 'href="/incidents?state=held"' in html


def test_what_is_held_says_why_and_what_is_paused_by_whom(stage: Stage) -> None:
    html = stage.client("vera").page("/")
    assert "the disk is being changed" in section(html, "held")
    assert "paused by keeper" in section(html, "brakes")
    assert "1 silence in force" in section(html, "brakes")


def test_everything_is_paused_and_resumed_by_who_may(quiet: Stage) -> None:
    olga = quiet.client("olga")
    done = olga.send("/", "/pause", {"reason": "the vendor is <here>"})
    assert "nothing new is started" in done.text
    assert "the vendor is &lt;here&gt;" in done.text
    assert "All is well" not in done.text
    [pause] = quiet.desk().pauses()
    assert (pause.by, pause.reason, pause.scope) == ("olga", "the vendor is <here>", "everything")
    assert 'action="/resume"' not in quiet.client("vera").page("/")
    assert "It is resumed" in olga.send("/", "/resume").text
    assert quiet.desk().pauses() == []


def test_who_may_not_pause_has_no_switch_and_is_refused(quiet: Stage) -> None:
    vera = quiet.client("vera")
    html = vera.page("/")
    assert 'action="/pause"' not in html
    fields = [each for each in vera.hidden(html, "/logout") if each[0] == "csrf"]
    assert vera.post("/pause", fields).status_code == 403
    assert quiet.desk().pauses() == []


def test_a_reason_that_can_not_be_is_given_back(quiet: Stage) -> None:
    said = quiet.client("olga").send("/", "/pause", {"reason": "x" * 1001})
    assert said.status_code == 422
    assert "x" * 1001 in said.text
    assert quiet.desk().pauses() == []


def test_what_is_wrong_with_autofix_itself_says_what_to_do(quiet: Stage) -> None:
    with quiet.store.transaction() as tx:
        tx.set_mark(Mark(FILES, quiet.clock.now(), {"problems": ["x.yaml:3: <no>"]}))
        later = quiet.clock.now() + 300
        tx.add_page(page(tried=2, last_error="503", due_at=later), event("page.queued"))
    quiet.place = replace(
        quiet.place, machine=lambda: {"tick": None, "watched": {"sentinel": True}}
    )
    faults = section(quiet.client("vera").page("/"), "faults")
    assert re.findall(r'id="fault-([a-z]+)"', faults) == ["files", "channels", "sentinel"]
    for words in ("x.yaml:3: &lt;no&gt;", "autofix check", "503", "--send-test-pages"):
        assert words in faults


def test_of_a_thousand_open_incidents_the_worst_are_shown(quiet: Stage) -> None:
    with quiet.store.transaction() as tx:
        for number in range(1000):
            new = incident(f"host-{number}.example.com", severity=f"P{number % 4}")
            tx.add_incident(new, event("incident.opened", incident=0))
    html = quiet.client("ada").page("/")
    assert len(numbers(html)) == 25
    assert "All 1000 of them" in html
    assert len(html.encode()) < 60_000


def test_of_each_host_the_worst_is_shown_and_the_worst_host_first() -> None:
    worst, other, again = (Watch("redis", 0, "a"), Watch("redis", 0, "b"), Watch("disk", 0, "a"))
    assert by_host([worst, other, again]) == [worst, other]
