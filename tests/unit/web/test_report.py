"""An incident as one file: all of it is in it, and nothing of it asks anybody or acts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from autofix.web.console import report
from consolekit import Stage
from storekit import event

HEALED, TAKEN = 1, 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


class Outside(HTMLParser):
    """Everything that a browser would fetch, send or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "form", "object", "base", "button"):
            self.found.append(tag)
        self.found += [
            f"{tag} {name}"
            for name, _ in attrs
            if name in ("src", "href", "action", "style", "srcset") or name.startswith("on")
        ]


def test_it_is_one_file_with_all_it_needs(stage: Stage) -> None:
    said = stage.client("vera").get(f"/incidents/{HEALED}/report")
    assert said.status_code == 200
    assert Outside(said.text).found == []


def test_its_style_is_allowed_by_its_hash_and_nothing_else_is(stage: Stage) -> None:
    said = stage.client("vera").get(f"/incidents/{HEALED}/report")
    [style] = re.findall(r"<style>(.*?)</style>", said.text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = said.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    [kept] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', said.text)
    assert unescape(kept) == policy.partition("; frame-ancestors")[0]


def test_the_story_is_in_it_with_moments_that_stay_true(stage: Stage) -> None:
    html = stage.client("vera").page(f"/incidents/{TAKEN}/report")
    for words in ("Incident 4: The web server does not answer", "web2", "Decided: call a person",
                  "the unit did not come up", "keeper has it", "the load comes from the backup",
                  "Taken by the channel chat."):  # fmt: skip
        assert words in html
    opened = stage.desk().incident(TAKEN).incident.opened_at
    assert opened > 0
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", html)
    assert not re.search(
        r'id="moment-[^"]*">\s*<h3>[^<]*</h3> <span class="soft"><time[^>]*>[^<]*ago', html
    )


def test_it_is_saved_under_a_name_when_it_is_asked_for_so(stage: Stage) -> None:
    vera = stage.client("vera")
    read = vera.get(f"/incidents/{HEALED}/report")
    saved = vera.get(f"/incidents/{HEALED}/report?download=1")
    assert "content-disposition" not in read.headers
    assert saved.headers["content-disposition"] == 'attachment; filename="incident-1.html"'


def test_nothing_secret_is_in_it(stage: Stage) -> None:
    with stage.store.transaction() as tx:
        old = tx.incident(TAKEN)
        assert old is not None
        facts = {**old.facts, "admin_password": "hunter2-in-a-fact"}
        tx.save_incident(replace(old, facts=facts), None)
    vera = stage.client("vera")
    for page in (f"/incidents/{TAKEN}/report", f"/incidents/{TAKEN}"):
        html = vera.page(page).replace("<wbr>", "")
        assert "admin_password" in html
        assert "hunter2-in-a-fact" not in html
        assert "do-not-show-me" not in html


def test_of_an_incident_that_is_not_there_there_is_no_report(stage: Stage) -> None:
    said = stage.client("vera").get("/incidents/99/report")
    assert said.status_code == 404
    assert "there is no incident 99" in said.text


def test_who_is_not_logged_in_gets_none(stage: Stage) -> None:
    said = stage.client().get(f"/incidents/{HEALED}/report")
    assert said.status_code == 303
    assert said.headers["location"].startswith("/login?next=")


def test_all_of_its_record_is_told_however_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, vera = stage.clock.now(), stage.client("vera")
    with stage.store.transaction() as tx:
        for number in range(1500):
            note = {"note": f"note-{number}."}
            tx.record(event("incident.commented", now, incident=TAKEN, payload=note))
    told = vera.get(f"/incidents/{TAKEN}/report").text
    assert all(f"note-{number}." in told for number in range(1500))
    assert "left out" not in told
    # Where even that is too much, it says how much is not there, and where it is.
    monkeypatch.setattr(report, "MOST", 100)
    short = vera.get(f"/incidents/{TAKEN}/report").text
    assert "note-1400." in short
    assert "note-1399." not in short
    with stage.store.reading() as reads:
        entries = len(reads.audit(incident=TAKEN, limit=10_000))
    assert f"{entries - 100} earlier entries of the record are left out here" in short
