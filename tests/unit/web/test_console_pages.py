"""Pages to people in the console: who was called, whether anything took it, and taking it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autofix.core.incidents import State
from autofix.core.pages import PageState
from consolekit import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


def test_pages_say_how_they_stand(stage: Stage) -> None:
    shown = stage.person("vera").page("/pages")
    found = stage.desk().pages()
    assert found
    for each in found:
        line = shown.partition(f'id="page-{each.id}"')[2].partition("</li>")[0]
        assert ("Taken by" in line) is (each.state is PageState.SENT)


def test_of_one_incident_and_those_that_wait(stage: Stage) -> None:
    vera = stage.person("vera")
    one = next(each for each in stage.desk().pages() if each.incident)
    shown = vera.page(f"/pages?incident={one.incident}")
    ours = {each.id for each in stage.desk().pages(incident=one.incident)}
    others = {each.id for each in stage.desk().pages()} - ours
    assert all(f'id="page-{each}"' in shown for each in ours)
    assert not any(f'id="page-{each}"' in shown for each in others)
    waiting = vera.page("/pages?waiting=true")
    queued = {each.id for each in stage.desk().pages(waiting=True)}
    assert {each.id for each in stage.desk().pages() if f'id="page-{each.id}"' in waiting} == queued


def test_one_page_shows_its_tries_and_its_words(stage: Stage) -> None:
    sent = next(each for each in stage.desk().pages() if each.state is PageState.SENT)
    shown = stage.person("vera").page(f"/pages/{sent.id}")
    assert f"{sent.sent_by} took it." in shown
    assert sent.text.splitlines()[0].split(":")[0] in shown


def test_the_button_takes_it(stage: Stage) -> None:
    desk = stage.desk()
    stage.ill("web1", load_1=80.0)
    stage.pass_time(30)
    asks = next(
        each
        for each in desk.pages()
        if each.incident and desk.incident(each.incident).incident.state is State.ESCALATED
    )
    olga = stage.person("olga")
    page = f"/pages/{asks.id}"
    assert "nobody yet" in olga.page(page)
    said = olga.send(page, f"{page}/acknowledge").text
    assert "It is yours: the calls stop." in said
    assert "nobody yet" not in said
    assert asks.incident is not None
    assert desk.incident(asks.incident).incident.state is State.ACKNOWLEDGED
    assert "stop the calls</button>" not in said


def test_a_page_that_is_not_there(stage: Stage) -> None:
    assert "there is no page 9999" in stage.person("vera").page("/pages/9999", 404)
