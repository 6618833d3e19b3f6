"""Alerts in the console: what came in and what it meant, judged anew, tried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from consolekit import Stage
from consolekit.story import alerts


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


def test_what_came_in_is_told_in_words(stage: Stage) -> None:
    stage.facts.of["web1"] = {"load_1": 90.0}
    fired = stage.post(alerts({"alertname": "WebStuck", "instance": "web1"}, {"alertname": "No"}))
    line = _line(stage.person("vera").page("/alerts"), fired.id)
    assert "2 alerts" in line
    assert "It asked for web-stuck on web1." in line
    assert "No runbook is for it." in line
    shown = stage.person("vera").page(f"/alerts/{fired.id}")
    [incident] = stage.desk().incidents(host="web1", limit=1)
    assert f'href="/incidents/{incident.id}"' in shown


def test_one_that_was_refused_says_why(stage: Stage) -> None:
    refused = stage.post(alerts(), why="no credential was shown", status=401)
    client = stage.person("vera")
    for text in (_line(client.page("/alerts"), refused.id), client.page(f"/alerts/{refused.id}")):
        assert "no credential was shown" in text
        assert "401" in text


def test_only_of_one_source(stage: Stage) -> None:
    stage.post(alerts())
    client = stage.person("vera")
    assert "Nothing came from this source" in client.page("/alerts?source=other")
    assert 'id="alert-1"' in client.page("/alerts?source=prom")


def test_what_was_posted_is_text_and_bounded(stage: Stage) -> None:
    body = "<script>alert(1)</script>\x1b[2J" + "x" * 30_000
    posted = stage.post(body, why="this is no JSON", status=400)
    assert "\x1b" in stage.desk().alert(posted.id).body
    shown = stage.person("vera").page(f"/alerts/{posted.id}")
    assert "<script>alert" not in shown
    assert "\x1b" not in shown
    assert "&lt;script&gt;" in shown
    assert "x" * 21_000 not in shown


def test_judged_anew_under_ones_own_name(stage: Stage) -> None:
    posted = stage.post(alerts({"alertname": "Nobody"}))
    page, form = f"/alerts/{posted.id}", f"/alerts/{posted.id}/replay"
    said = stage.person("olga").send(page, form)
    assert "It was judged anew" in said.text
    assert f"olga had number {posted.id} judged anew." in said.text
    assert "Judge it anew" not in stage.person("vera").page(page)


def test_what_was_not_kept_whole_is_not_judged_anew(stage: Stage) -> None:
    cut = stage.post("{" + " " * 100_000, why="too large", status=413)
    assert len(stage.desk().alert(cut.id).body) < 100_000
    assert "can’t be judged anew" in stage.person("olga").page(f"/alerts/{cut.id}")


def test_tried_out_without_a_trace(stage: Stage) -> None:
    olga, before = stage.person("olga"), stage.desk().alerts(limit=1)
    body = alerts({"alertname": "WebStuck", "instance": "web4"})
    said = olga.send("/alerts/try", "/alerts/try", {"source": "prom", "body": body})
    assert "It would start web-stuck on web4." in said.text
    assert "&#34;WebStuck&#34;" in said.text.partition("<textarea")[2]
    assert stage.desk().alerts(limit=1) == before


@pytest.mark.parametrize(
    ("source", "body", "says"),
    [("prom", "{", "refused with status 400"), ("gone", "{}", "there is no source")],
)
def test_what_can_not_be_tried_out_is_still_there(
    stage: Stage, source: str, body: str, says: str
) -> None:
    olga = stage.person("olga")
    said = olga.send("/alerts/try", "/alerts/try", {"source": source, "body": body})
    assert says in said.text
    assert f"\n{body}</textarea>" in said.text


def test_who_may_only_look_tries_nothing_out(stage: Stage) -> None:
    assert stage.person("vera").get("/alerts/try").status_code == 403


def test_with_no_sender_it_is_said_how_one_is_connected(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.ctx, "book", replace(stage.ctx.book, sources={}))
    monkeypatch.setattr("autofix.desk.alerts.Alerts.alerts", lambda *_, **__: [])
    shown = stage.person("vera").page("/alerts")
    assert "No sender is connected" in shown
    assert f"{stage.url}/hooks/alertmanager" in shown
    assert "docs/alerts.md" in shown


def _line(page: str, number: int) -> str:
    return page.partition(f'id="alert-{number}"')[2].partition("</li>")[0]
