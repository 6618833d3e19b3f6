"""What every page of the console has around it, and how forms are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from consolekit import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


def test_who_is_not_logged_in_is_sent_to_the_login_and_back(stage: Stage) -> None:
    said = stage.client().get("/?x=1")
    assert (said.status_code, said.headers["location"]) == (303, "/login?next=%2F%3Fx%3D1")


def test_a_program_gets_a_problem_document(stage: Stage) -> None:
    said = stage.client().get("/", headers={"accept": "*/*"})
    assert said.status_code == 401
    assert said.headers["content-type"] == "application/problem+json"


def test_a_page_that_came_of_a_form_says_so_when_it_is_opened_anew(stage: Stage) -> None:
    said = stage.client("olga").get("/runbooks/disk-full/preview")
    assert said.status_code == 405
    assert "A form leads here" in said.text
    assert 'href="/runbooks"' in said.text


def test_a_form_without_its_token_changes_nothing(stage: Stage) -> None:
    olga = stage.client("olga")
    assert olga.post("/logout", [("csrf", "guessed")]).status_code == 403
    assert olga.get("/").status_code == 200


def test_a_form_with_its_token_is_taken(stage: Stage) -> None:
    olga = stage.client("olga")
    said = olga.send("/", "/logout", follow=False)
    assert (said.status_code, said.headers["location"]) == (303, "/login")
    assert olga.get("/").status_code == 303


def test_what_was_typed_when_the_session_had_ended_is_on_the_page_of_the_login(
    stage: Stage,
) -> None:
    said = stage.client().post(
        "/logout", [("csrf", "x"), ("whose", "olga"), ("note", "half an hour of <typing>")]
    )
    assert said.status_code == 401
    assert 'name="kept.note" value="half an hour of &lt;typing&gt;"' in said.text


def test_what_another_site_filled_in_is_not_kept(stage: Stage) -> None:
    stranger = stage.client("", origin="https://evil.example")
    said = stranger.post("/logout", [("whose", "olga"), ("note", "sent by a trap")])
    assert said.status_code == 401
    assert "sent by a trap" not in said.text


@pytest.mark.parametrize("away", ["//evil.example", "/\\evil.example", "https://evil.example", "x"])
def test_after_the_login_nobody_is_sent_elsewhere(stage: Stage, away: str) -> None:
    form = [("name", "olga"), ("password", "correct horse battery"), ("next", away)]
    said = stage.client().post("/login", form, follow=False)
    assert (said.status_code, said.headers["location"]) == (303, "/")


def test_the_language_is_what_was_chosen_else_what_the_browser_asks_for(stage: Stage) -> None:
    olga = stage.client("olga", **{"accept-language": "zh-CN,zh;q=0.9"})
    assert "<title>现在" in olga.page("/")
    olga.send("/", "/preferences", {"language": "en"})
    assert "<title>Now" in olga.page("/")


def test_our_own_files_may_be_kept_for_ever(stage: Stage) -> None:
    vera = stage.client("vera")
    [sheet] = [part for part in vera.page("/").split('"') if part.endswith("console.css")]
    assert "immutable" in vera.get(sheet).headers["cache-control"]
    assert vera.get("/static/old/console.css").headers["cache-control"] == "no-store"
    assert vera.get("/static/old/..%2fpages.py").status_code == 404


def test_our_own_files_are_packed_for_who_takes_that_and_pages_never(stage: Stage) -> None:
    vera = stage.client("vera")
    [sheet] = [part for part in vera.page("/").split('"') if part.endswith("console.css")]
    plain = vera.get(sheet, headers={"accept-encoding": "identity"})
    packed = vera.get(sheet, headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert "content-encoding" not in vera.get("/", headers={"accept-encoding": "gzip"}).headers


def test_what_stops_at_the_gate_is_told_in_words_too(stage: Stage) -> None:
    with closing(HTTPConnection(stage.url.removeprefix("http://"), timeout=10)) as there:
        there.putrequest("GET", "/", skip_host=True)
        for name, value in [("Host", "a"), ("Host", "b"), ("Accept", "text/html")]:
            there.putheader(name, value)
        there.endheaders()
        said = there.getresponse()
        assert said.status == 400
        assert "a request has one Host header" in said.read().decode().partition("<h1")[2]
