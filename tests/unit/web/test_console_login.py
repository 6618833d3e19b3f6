"""Logging in by a browser: what goes wrong in words, and what was typed when a session ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote_plus, urlencode

import pyotp
import pytest

from autofix.core.roles import Role
from autofix.web.console import kept
from autofix.web.forms import LARGEST, Form
from autofix.web.qr import picture
from consolekit import Client, Stage
from consolekit.client import PASSWORD

NOTE = "half an hour of <typing> & more"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


def login(client: Client, name: str = "olga", **more: str) -> str:
    form = {"name": name, "password": PASSWORD, **more}
    said = client.post("/login", form.items(), follow=False)
    client.http.cookies.update(said.cookies)
    return said.headers.get("location") or said.text


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("/account/tokens/3/revoke", True),
        ("/account/password?x=1", True),
        ("/login", False),
        ("/login/kept", False),
        ("/logout", False),
        ("/preferences", False),
        ("/api/v1/keys/rotate", False),
        ("/account", False),  # no form goes there
        ("//evil.example/", False),
        ("https://evil.example/", False),
        ("/nothing", False),
    ],
)
def test_what_was_typed_goes_to_forms_of_the_console_only(address: str, may: bool) -> None:
    assert kept.sendable(address) is may


def test_passwords_are_not_kept() -> None:
    pairs = [("kept.note", "n"), ("kept.password", "p"), ("kept.code", "1"), ("note", "x")]
    assert kept.fields(Form(pairs)) == [("note", "n")]
    typed = Form([("note", "n"), ("new_password", "p"), ("csrf", "c"), ("secret_value", "s")])
    assert typed.typed() == [("note", "n")]
    inputs = Form([("in.api_token", "s"), ("in.days", "7"), ("whose", "olga")])
    assert inputs.typed() == [("in.api_token", ""), ("in.days", "7")]
    assert kept.fields(Form([("kept.in.api_token", "s")])) == [("in.api_token", "")]


def test_what_was_typed_is_shown_after_the_login_and_sent_by_hand(stage: Stage) -> None:
    token, _ = stage.desk().add_token("kept", lasts=3600, owner="olga", roles=[Role.VIEWER])
    where = f"/account/tokens/{token.id}/revoke"
    olga = stage.client()
    at_login = olga.post(
        where, [("csrf", "old"), ("whose", "olga"), ("note", NOTE), ("password", "my secret")]
    )
    assert at_login.status_code == 401
    assert "my secret" not in at_login.text
    hidden = [(name, value) for name, value in Client.hidden(at_login.text, "/login")]
    assert ("kept.note", NOTE) in hidden
    wrong = olga.post("/login", [*hidden, ("name", "olga"), ("password", "no")])
    assert wrong.status_code == 401
    hidden = Client.hidden(wrong.text, "/login")
    said = olga.post("/login", [*hidden, ("name", "olga"), ("password", PASSWORD)])
    assert said.status_code == 200
    olga.http.cookies.update(said.cookies)
    assert "This was being sent" in said.text
    assert 'name="note" value="half an hour of &lt;typing&gt; &amp; more"' in said.text
    assert not [each for each in stage.desk().tokens(everybody=True) if each.revoked_at]
    sent = olga.post(where, [*Client.hidden(said.text, where), ("note", NOTE)])
    assert sent.status_code == 200
    [gone] = [each for each in stage.desk().tokens(everybody=True) if each.revoked_at]
    assert gone.id == token.id


def test_the_largest_form_that_is_taken_comes_through_the_login(stage: Stage) -> None:
    where, beside = "/account/tokens/1/revoke", [("whose", "olga")]
    room = LARGEST - len(urlencode([*beside, ("note", "")]))
    note = "half an hour\r\n" * (room // len(quote_plus("half an hour\r\n")))
    browser = stage.client()
    at_login = browser.post(where, [*beside, ("note", note)])
    hidden = Client.hidden(at_login.text, "/login")
    said = browser.post("/login", [*hidden, ("name", "olga"), ("password", PASSWORD)])
    assert (at_login.status_code, said.status_code) == (401, 200)
    assert note.replace("\r", "") in said.text.replace("\r", "")
    # A form that carries none is not taken when it is larger.
    larger = browser.post("/login", [("next", note), *beside, ("name", "olga" * 40)])
    assert larger.status_code == 413
    assert f"larger than {LARGEST} bytes" in larger.text


def test_what_one_person_typed_is_neither_shown_to_another_nor_sent_by_him(stage: Stage) -> None:
    where = "/account/tokens/1/revoke"
    browser = stage.client()
    at_login = browser.post(where, [("whose", "olga"), ("note", NOTE)])
    assert "shown after the login to olga only" in at_login.text
    hidden = Client.hidden(at_login.text, "/login")
    said = browser.post("/login", [*hidden, ("name", "vera"), ("password", PASSWORD)], follow=False)
    assert (said.status_code, said.headers["location"]) == (303, "/?said=not_yours")
    browser.http.cookies.update(said.cookies)
    assert "What somebody else had typed here is not kept for you." in browser.page(
        "/?said=not_yours"
    )
    other = stage.client("vera").post("/login/kept", hidden, follow=False)
    assert (other.status_code, other.headers["location"]) == (303, "/?said=not_yours")


def test_what_does_not_say_whose_it_is_is_not_kept(stage: Stage) -> None:
    said = stage.client().post("/account/tokens/1/revoke", [("note", NOTE)])
    assert said.status_code == 401
    assert "half an hour" not in said.text


@pytest.mark.parametrize("page", ["/silences", "/settings/secrets", "/incidents/1/approve"])
def test_a_link_to_the_login_sends_nothing_afterwards(stage: Stage, page: str) -> None:
    assert login(stage.client(), next=page) == page


def test_a_form_of_the_session_before_is_kept_for_who_typed_it(stage: Stage) -> None:
    vera = stage.client("vera")
    form = [("csrf", "of the session before"), ("note", NOTE), ("in.api_token", "hush")]
    said = vera.post("/account/tokens/1/revoke", [*form, ("whose", "vera")])
    assert said.status_code == 403
    assert "You have logged in anew" in said.text
    again = vera.post("/login/kept", Client.hidden(said.text, "/login/kept"))
    assert "This was being sent" in again.text
    assert 'name="note" value="half an hour of' in again.text
    assert '<input name="in.api_token" type="password" autocomplete="off">' in again.text
    assert "hush" not in said.text + again.text
    for whose in ("olga", ""):
        said = vera.post("/account/tokens/1/revoke", [*form, ("whose", whose)])
        assert said.status_code == 403
        assert "half an hour" not in said.text


def test_a_form_of_another_address_is_not_offered_to_be_sent(stage: Stage) -> None:
    forged = {"next": "/api/v1/keys/rotate", "kept_for": "olga", "kept.x": "1"}
    assert login(stage.client(), **forged) == "/api/v1/keys/rotate"


def test_who_logged_in_in_another_tab_gets_back_what_he_typed(stage: Stage) -> None:
    form = [("next", "/account/password"), ("kept_for", "vera"), ("kept.note", NOTE)]
    stranger = stage.client().post("/login/kept", form)
    assert stranger.status_code == 401
    assert "You are not logged in yet" in stranger.text
    assert ("kept.note", NOTE) in Client.hidden(stranger.text, "/login")
    said = stage.client("vera").post("/login/kept", form)
    assert "This was being sent" in said.text


def test_from_another_site_nothing_typed_is_taken(stage: Stage) -> None:
    vera = stage.client("vera")
    vera.http.headers["origin"] = "https://evil.example"
    assert vera.post("/login/kept", [("kept.note", NOTE)]).status_code == 403


def test_what_went_wrong_is_told_in_words_and_the_name_stays(stage: Stage) -> None:
    text = login(stage.client(), "olga", password="wrong", next="/account")
    assert "The name, the password or the code is wrong." in text
    assert 'name="name" value="olga"' in text
    assert 'name="next" value="/account"' in text
    assert "wrong" not in re.findall(r'name="password"[^>]*', text)[0]


def test_who_tries_too_often_is_told_how_long_to_wait(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Stage.set(tmp_path_factory.mktemp("many") / "project") as stage:
        client = stage.client()
        for _ in range(11):
            text = login(client, "vera", password="wrong")
        assert "Wait a quarter of an hour" in text


def test_with_no_accounts_the_page_says_where_the_link_is(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Stage.set(tmp_path_factory.mktemp("nobody") / "project") as stage:
        assert "Nobody has an account yet" not in stage.client().page("/login")
        for each in stage.desk().users():
            stage.desk().remove_user(each.name)
        text = stage.client().page("/login")
        assert "Nobody has an account yet" in text
        assert "autofix users add NAME --role admin" in text


def test_an_owed_second_factor_is_set_up_on_the_way_and_nothing_typed_is_lost(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Stage.set(tmp_path_factory.mktemp("owed") / "project") as stage:
        web = stage.site.settings.web
        object.__setattr__(web, "second_factor", "everybody")
        olga = stage.client()
        text = login(olga, next="/account/password", kept_for="olga", **{"kept.note": NOTE})
        begin = Client.hidden(text, "/account/second-factor")
        refused = olga.get("/account")
        assert refused.status_code == 303
        assert refused.headers["location"] == "/account/second-factor?next=%2Faccount"
        assert olga.post("/account/password", begin).status_code == 403
        shown = olga.post("/account/second-factor", begin).text
        [seed] = re.findall(r'<pre class="wrap" id="seed">([A-Z2-7 ]+)</pre>', shown)
        assert "<svg" in shown
        assert {len(each) for each in seed.split()} == {4}
        code = Client.hidden(shown, "/account/second-factor/code")
        wrong = olga.post("/account/second-factor/code", [*code, ("code", "12")])
        assert (wrong.status_code, seed in wrong.text) == (403, False)
        totp = pyotp.TOTP(seed.replace(" ", ""))
        right = totp.at(int(stage.clock.now()))
        said = olga.post(
            "/account/second-factor/code",
            [*Client.hidden(wrong.text, "/account/second-factor/code"), ("code", right)],
        )
        assert "This was being sent" in said.text
        assert 'name="note" value="half an hour of' in said.text
        assert olga.get("/account").status_code == 200


def test_a_picture_is_what_was_to_be_read() -> None:
    """Drawn by hand from the library's own matrix: the three corners that scanners look for."""
    svg = str(picture("otpauth://totp/x?secret=ABC", '<"label">'))
    assert 'aria-label="&lt;&#34;label&#34;&gt;"' in svg
    cells = {tuple(map(int, each)) for each in re.findall(r"M(\d+) (\d+)h1", svg)}
    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    for left, top in ((4, 4), (side - 11, 4), (4, side - 11)):
        assert {(left + x, top) for x in range(7)} <= cells
