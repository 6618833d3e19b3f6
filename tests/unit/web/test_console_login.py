"""Logging in by a browser: what goes wrong in words, and what was typed when a session ended."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyotp
import pytest

from autofix.core.roles import Role
from autofix.web.console import kept
from autofix.web.forms import Form
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


def test_what_was_typed_is_shown_after_the_login_and_sent_by_hand(stage: Stage) -> None:
    token, _ = stage.desk().add_token("kept", lasts=3600, owner="olga", roles=[Role.VIEWER])
    where = f"/account/tokens/{token.id}/revoke"
    olga = stage.client()
    at_login = olga.post(where, [("csrf", "old"), ("note", NOTE), ("password", "my secret")])
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


def test_a_form_of_another_address_is_not_offered_to_be_sent(stage: Stage) -> None:
    forged = {"next": "/api/v1/keys/rotate", "kept.x": "1"}
    assert login(stage.client(), **forged) == "/api/v1/keys/rotate"


def test_who_logged_in_in_another_tab_gets_back_what_he_typed(stage: Stage) -> None:
    form = [("next", "/account/password"), ("kept.note", NOTE)]
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
        text = login(olga, next="/account/password", **{"kept.note": NOTE})
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
