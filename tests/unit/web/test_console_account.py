"""One's own account: what one may, password, second factor, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyotp
import pytest

from autofix.core.roles import Role
from consolekit import Client, Stage
from consolekit.client import PASSWORD

NEW = "another long password"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


@pytest.fixture
def ben(stage: Stage, request: pytest.FixtureRequest) -> Client:
    """Somebody of his own for each test."""
    name = re.sub(r"\W", "", request.node.name)[-40:]
    stage.desk().add_user(name, [Role.OPERATOR], password=PASSWORD, runbooks=["disk-full"])
    return stage.client(name)


def test_roles_and_runbooks_are_told_in_words(ben: Client) -> None:
    text = ben.page("/account")
    assert "see; run, cancel, acknowledge" in text
    assert "disk-full" in text
    assert "users, tokens of others" not in text


def test_the_other_browsers_are_listed_and_logged_out(stage: Stage, ben: Client) -> None:
    other, further = stage.client(ben.name), stage.client(ben.name)
    shown = ben.page("/account").partition('id="sessions"')[2].partition("</section>")[0]
    assert shown.count("127.0.0.1") == 3
    assert shown.count("this browser") == 1
    assert "2 other browsers are logged out at once" in shown
    assert "olga" not in shown
    said = ben.send("/account", "/account/sessions/end").text
    assert "Your other sessions have ended" in said
    assert "Nowhere else." in said
    for each in (other, further):
        assert each.get("/account").headers["location"].startswith("/login")
    with stage.store.reading() as reads:
        [entry, *_] = reads.audit(actor=ben.name, action="session.ended", newest_first=True)
    assert entry.event.payload == {"others": 2}


def change(ben: Client, old: str, new: str, again: str) -> str:
    form = {"old_password": old, "new_password": new, "password_again": again}
    return ben.send("/account", "/account/password", form).text


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", NEW, NEW, "the password or the code is wrong"),
        (PASSWORD, NEW, "else", "The two new passwords are not the same."),
        (PASSWORD, "short", "short", "12 characters"),
    ],
)
def test_a_password_that_can_t_be_changed(
    stage: Stage, ben: Client, old: str, new: str, again: str, said: str
) -> None:
    text = change(ben, old, new, again)
    assert said in text
    assert NEW not in text
    assert stage.client(ben.name).get("/").status_code == 200


def test_a_changed_password_ends_the_other_sessions(stage: Stage, ben: Client) -> None:
    other = stage.client(ben.name)
    assert "The password is changed" in change(ben, PASSWORD, NEW, NEW)
    assert ben.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_a_token_is_shown_once_and_can_be_revoked(stage: Stage, ben: Client) -> None:
    form = {"token_name": "deploy", "days": "30", "role": "operator"}
    first = dict(Client.hidden(ben.page("/account"), "/account/tokens"))
    made = ben.post("/account/tokens", {**first, **form}.items())
    [secret] = re.findall(r'readonly value="(af_[^"]+)"', made.text)
    again = ben.post("/account/tokens", {**first, **form}.items())
    assert secret not in again.text
    assert "nothing was done twice" in again.text
    assert secret not in ben.page("/account")
    program = stage.client(authorization=f"Bearer {secret}", accept="application/json")
    who = program.get("/api/v1/session").json()
    assert (who["actor"], who["roles"]) == (f"{ben.name} (token deploy)", ["operator"])
    [token] = [each for each in stage.desk().tokens(everybody=True) if each.owner == ben.name]
    assert token.expires_at == stage.clock.now() + 30 * 86400
    said = ben.send("/account", f"/account/tokens/{token.id}/revoke")
    assert "The token is good no more." in said.text
    assert program.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"token_name": "x", "days": "30", "role": "admin"}, "has not what the role admin gives"),
        ({"token_name": "x", "days": "never"}, "for how many days"),
        ({"token_name": "", "days": "30"}, "The token can&#39;t be made so"),
    ],
)
def test_a_token_that_can_t_be_made(ben: Client, given: dict[str, str], said: str) -> None:
    answer = ben.send("/account", "/account/tokens", given)
    assert answer.status_code == 422
    assert said.casefold() in answer.text.casefold()


def test_the_second_factor_on_and_off(stage: Stage, ben: Client) -> None:
    begun = ben.send("/account/second-factor", "/account/second-factor").text
    [seed] = re.findall(r'<pre class="wrap" id="seed">([A-Z2-7 ]+)</pre>', begun)
    totp = pyotp.TOTP(seed.replace(" ", ""))
    hidden = Client.hidden(begun, "/account/second-factor/code")
    code = totp.at(int(stage.clock.now()))
    said = ben.post("/account/second-factor/code", [*hidden, ("code", code)])
    assert "The second factor is on" in said.text
    assert "It is on" in ben.page("/account/second-factor")
    stage.clock.advance(60)
    now = totp.at(int(stage.clock.now()))
    drop = "/account/second-factor/drop"
    wrong = ben.send("/account", drop, {"password": "wrong", "code": now})
    assert "the password or the code is wrong" in wrong.text
    said = ben.send("/account", drop, {"password": PASSWORD, "code": now})
    assert "The second factor is off." in said.text


def test_language_colours_and_shortcuts(ben: Client) -> None:
    assert "data-keys" not in ben.page("/account")
    chosen = {"language": "zh", "theme": "dark", "keys": "off"}
    said = ben.send("/account", "/preferences", chosen)
    assert 'lang="zh-Hans" data-theme="dark" data-keys="off"' in said.text
    said = ben.send("/account", "/preferences", {**chosen, "keys": "of no kind"})
    assert 'data-keys="off"' in said.text
    said = ben.send("/account", "/preferences", {"language": "en", "theme": "auto", "keys": "on"})
    assert 'data-theme="auto">' in said.text
