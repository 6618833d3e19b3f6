"""Silences and pauses in the console: what is held, by whom and why, and letting it go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from autofix.core.silences import Silence
from autofix.errors import UsageError
from autofix.web.console import brakes
from autofix.web.forms import Form
from consolekit import Stage
from storekit import event

NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


def form(**fields: str) -> Form:
    return Form(list(fields.items()))


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ({"lasts": "2h"}, None, NOON + 7200),
        ({"until": "18:00"}, None, NOON + 6 * 3600),
        ({"until": "2023-11-15"}, None, NOON + 12 * 3600),
        ({"lasts": "1h", "starts_at": "2023-11-15 20:00"}, NOON + 8 * 3600, NOON + 9 * 3600),
    ],
)
def test_times_as_people_write_them(typed: dict[str, str], start: float | None, end: float) -> None:
    given = brakes.silencing(form(host="web1", reason="work", **typed), "UTC", NOON)
    assert (given["starts_at"], given["until"]) == (start, end)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"host": "web1"}, "one end"),
        ({"host": "web1", "lasts": "2h", "until": "18:00"}, "one end"),
        ({"lasts": "2h"}, "nothing is named"),
        ({"host": "web1", "lasts": "soon"}, "no|not a duration"),
        ({"host": "web1", "until": "tomorrow"}, "no date and time"),
        ({"labels": "team", "lasts": "2h"}, "is no label"),
    ],
)
def test_what_is_no_silence(typed: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        brakes.silencing(form(reason="work", **typed), "UTC", NOON)


@pytest.mark.parametrize(
    ("typed", "scope"),
    [
        ({"host": "web1"}, {"runbook": "", "host": "web1"}),
        ({"scope": "named", "runbook": "r"}, {"runbook": "r", "host": ""}),
        ({"scope": "everything"}, {"runbook": "", "host": ""}),
        ({}, None),
        ({"scope": "named"}, None),
        ({"scope": "everything", "host": "web1"}, None),
        ({"host": "  "}, None),
    ],
)
def test_nothing_named_is_never_everything(
    typed: dict[str, str], scope: dict[str, str] | None
) -> None:
    if scope is not None:
        assert brakes.scope(form(**typed)) == scope
        return
    with pytest.raises(UsageError):
        brakes.scope(form(**typed))


def test_what_is_held_stands_beside_what_holds_it(stage: Stage) -> None:
    shown = stage.person("vera").page("/silences")
    silent = shown.partition('id="silence-1"')[2].partition("</li>")[0]
    paused = shown.partition('id="pause-any-web3"')[2].partition("</li>")[0]
    for part, host, why in ((silent, "web4", "rebuilt"), (paused, "web3", "disk")):
        assert f"every runbook on {host}" in part
        assert "keeper: " in part
        assert why in part
        assert "It holds 1 incident:" in part
        assert f"web-stuck {host}" in part
        assert "<button" not in part


def test_a_silence_is_added_and_ended(stage: Stage) -> None:
    olga = stage.person("olga")
    typed = {"host": "cache1", "lasts": "2h", "reason": "moving", "labels": "team=a\nrole=b"}
    assert "It is left alone" in olga.send("/silences", "/silences", typed).text
    [made, *_] = stage.desk().silences()
    assert (made.host, made.by, made.reason) == ("cache1", "olga", "moving")
    assert made.labels == {"team": "a", "role": "b"}
    end = f"/silences/{made.id}/end"
    assert "The silence is over" in olga.send("/silences", end).text
    past = olga.page("/silences?all=true").partition(f'id="silence-{made.id}"')[2]
    assert "ended by olga" in past.partition("</li>")[0]


def test_what_is_over_is_paged_by_the_database(stage: Stage) -> None:
    now = stage.clock.now()
    ended = Silence(0, now, "olga", "work", now - 20, now - 10, host="web1")
    with stage.store.transaction() as tx:
        made = [tx.add_silence(ended, event("silence.added", now)).id for _ in range(120)]
    vera, seen, page = stage.person("vera"), [], "/silences?all=true"
    while page:
        shown = vera.page(page).partition('id="past"')[2]
        found = [int(each) for each in re.findall(r'<li id="silence-(\d+)"', shown)]
        assert len(found) <= brakes.OVER
        seen += found
        [page, *_] = [*map(unescape, re.findall(r'rel="next" href="([^"]*)"', shown)), ""]
    assert seen == sorted(seen, reverse=True)
    assert set(seen) >= set(made)
    assert 'id="silence-1"' in vera.page("/silences").partition('id="past"')[0]  # it still stands


def test_what_was_typed_is_kept_when_it_is_no_silence(stage: Stage) -> None:
    typed = {"host": "web1", "lasts": "for ever", "reason": "half an hour of typing"}
    said = stage.person("olga").send("/silences", "/silences", typed)
    assert said.status_code == 422
    assert 'value="half an hour of typing"' in said.text


def test_a_pause_is_set_and_resumed(stage: Stage) -> None:
    olga = stage.person("olga")
    typed = {"scope": "named", "runbook": "disk-full", "reason": "vendor", "cancel_running": "yes"}
    assert "It is paused" in olga.send("/silences", "/pauses", typed).text
    [made] = [each for each in stage.desk().pauses() if each.runbook == "disk-full"]
    assert (made.host, made.by, made.reason, made.cancel_running) == ("", "olga", "vendor", True)
    left = [("scope", ""), ("runbook", "disk-full"), ("host", "")]
    assert "It is resumed" in olga.send("/silences", "/pauses/resume", left).text
    assert all(each.runbook != "disk-full" for each in stage.desk().pauses())


def test_an_empty_form_pauses_and_resumes_nothing(stage: Stage) -> None:
    olga, before = stage.person("olga"), stage.desk().pauses()
    for to in ("/pauses", "/pauses/resume"):
        said = olga.send("/silences", to, {"runbook": "", "host": "", "scope": ""})
        assert (said.status_code, "nothing is named" in said.text) == (422, True)
    assert stage.desk().pauses() == before


def test_who_may_only_look_has_no_buttons_and_no_way(stage: Stage) -> None:
    vera = stage.person("vera")
    shown = vera.page("/silences")
    assert 'action="/pauses' not in shown
    assert 'action="/silences' not in shown
    pairs = [("csrf", dict(vera.hidden(vera.page("/"), "/logout"))["csrf"]), ("host", "web1")]
    assert vera.post("/pauses", pairs).status_code == 403


def test_what_a_person_wrote_is_never_translated(stage: Stage) -> None:
    """Not even where it is, word for word, a sentence that autofix says as well."""
    desk = stage.desk()
    desk.pause(host="web3", reason="not gone")
    desk.add_silence(until=stage.clock.now() + 3600, reason="try again in a moment", host="web4")
    try:
        zh = stage.client("olga", **{"accept-language": "zh-CN"})
        for place in ("/", "/silences", "/fleet/web4"):
            page = unescape(zh.page(place))
            assert ("not gone" in page) or place == "/fleet/web4"
            assert ("try again in a moment" in page) or place == "/"
            assert "未消失" not in page
            assert "请稍后再试" not in page
    finally:
        desk.resume(host="web3")
