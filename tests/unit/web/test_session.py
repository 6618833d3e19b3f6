"""Logging in by a browser, the cookie, the second factor; the page of the first start."""

from __future__ import annotations

from dataclasses import replace

import pyotp
import pytest

from autofix.core.roles import Role
from autofix.desk.logins import TRIES
from autofix.web.policy import V1
from doorkit import PASSWORD
from doorkit.web import Browser, House

SESSION = f"{V1}/session"
SECOND = f"{SESSION}/second-factor"
OTHER = "another long password"


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("scheme", "name", "more"),
    [("http", "autofix", ""), ("https", "__Host-autofix", "; Secure")],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(scheme: str, name: str, more: str) -> None:
    house = House(scheme=scheme)
    said = house.browser("ann", Role.OPERATOR).said
    cookie = said.headers["set-cookie"]
    value, _, rest = cookie.partition("; ")
    assert value.startswith(f"{name}=")
    assert rest == f"HttpOnly; Path=/; SameSite=strict{more}"
    body = said.json()
    assert (body["name"], body["roles"], body["passed"]) == ("ann", ["operator"], True)
    assert value.partition("=")[2] not in said.text


def test_under_tls_no_other_cookie_counts() -> None:
    house = House()
    browser = house.browser("ann")
    assert browser.ask("GET", SESSION).status_code == 200
    house.scheme = "https"
    assert browser.ask("GET", SESSION).status_code == 401


def test_what_is_wrong_is_the_same_401(house: House) -> None:
    house.door.user("ann")
    said = [
        Browser(house).login(name, password)
        for name, password in [("ann", OTHER), ("nobody1", PASSWORD), ("ann", "")]
    ]
    assert {each.status_code for each in said} == {401}
    assert len({each.text for each in said}) == 1
    assert "set-cookie" not in said[0].headers


def test_who_tries_too_often_is_told_to_wait(house: House) -> None:
    house.door.user("ann")
    for _ in range(TRIES):
        Browser(house).login("ann", OTHER)
    said = Browser(house).login("ann")
    assert said.status_code == 429
    assert said.headers["retry-after"] == "900"
    assert said.json()["detail"] == "too many tries"


def test_logging_out_ends_it_for_good(house: House) -> None:
    browser = house.browser("ann")
    said = browser.ask("DELETE", SESSION)
    assert said.status_code == 204
    assert 'autofix=""' in said.headers["set-cookie"]
    assert browser.ask("GET", SESSION).json()["detail"] == "this session is over"


def test_a_far_administrator_is_told_so_once_he_is_known(house: House) -> None:
    house.door.set(admin_addresses=["10.0.0.0/8"])
    house.door.user("boss", Role.ADMIN)
    said = Browser(house).login("boss")
    assert said.status_code == 403
    assert said.json()["detail"] == "administrators may not come in from this address"


def test_setting_up_a_second_factor_by_the_api(house: House) -> None:
    house.door.set(second_factor="everybody")
    browser = house.browser("ann", Role.VIEWER)
    assert browser.said.json()["passed"] is False
    refused = browser.ask("GET", f"{V1}/incidents")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "this account needs a second factor first"
    assert browser.ask("PUT", f"{SESSION}/password", json={}).status_code == 403
    uri = browser.ask("POST", SECOND).json()["uri"]
    totp = pyotp.parse_uri(uri)
    assert browser.ask("PUT", SECOND, json={"code": "000000"}).status_code == 403
    code = totp.at(house.door.clock.now())  # type: ignore[attr-defined]
    said = browser.ask("PUT", SECOND, json={"code": code})
    assert said.json()["passed"] is True
    assert browser.ask("GET", f"{V1}/incidents").status_code == 200
    assert browser.ask("POST", SECOND).status_code == 409
    assert Browser(house).login("ann").status_code == 401
    house.door.clock.advance(30)
    code = totp.at(house.door.clock.now())  # type: ignore[attr-defined]
    assert Browser(house).login("ann", code=code).status_code == 200


def test_dropping_one_s_second_factor_by_the_api(house: House) -> None:
    browser = house.browser("ann", Role.VIEWER)
    totp = pyotp.parse_uri(browser.ask("POST", SECOND).json()["uri"])
    at = totp.at  # type: ignore[attr-defined]
    now = house.door.clock.now
    assert browser.ask("PUT", SECOND, json={"code": at(now())}).status_code == 200
    house.door.clock.advance(30)
    body = {"password": PASSWORD, "code": ""}
    assert browser.ask("DELETE", SECOND, json=body).status_code == 403
    body["code"] = at(now())
    assert browser.ask("DELETE", SECOND, json=body).status_code == 204
    assert browser.ask("DELETE", SECOND, json=body).status_code == 409
    assert Browser(house).login("ann").status_code == 200


def test_changing_one_s_password_by_the_api(house: House) -> None:
    browser, other = house.browser("ann"), house.browser("ann")
    url = f"{SESSION}/password"
    assert browser.ask("PUT", url, json={"old": OTHER, "new": OTHER}).status_code == 403
    assert browser.ask("PUT", url, json={"old": PASSWORD, "new": "short"}).status_code == 422
    assert browser.ask("PUT", url, json={"old": PASSWORD, "new": OTHER}).status_code == 204
    assert browser.ask("GET", SESSION).status_code == 200
    assert other.ask("GET", SESSION).status_code == 401
    assert Browser(house).login("ann", OTHER).status_code == 200


def test_a_token_has_no_session_to_change(house: House) -> None:
    house.door.user("ann")
    token = house.door.token("ann")
    assert house.ask("GET", SESSION, token=token).json()["csrf"] == ""
    body = {"old": PASSWORD, "new": OTHER}
    said = house.ask("PUT", f"{SESSION}/password", token=token, json=body)
    assert said.status_code == 403
    assert house.ask("POST", SECOND, token=token).status_code == 403
    assert house.ask("DELETE", SESSION, token=token).status_code == 403


SHAPES: list[object] = [
    {},
    [],
    {"name": "ann"},
    {"name": "ann", "password": 7},
    {"name": "a" * 300, "password": "x"},
    {"name": "ann", "password": "x" * 2000},
    {"name": "ann", "password": "x", "more": 1},
]


@pytest.mark.parametrize("body", SHAPES)
def test_a_login_of_another_shape_is_422_and_shows_nothing(house: House, body: object) -> None:
    said = house.ask("POST", SESSION, json=body)
    assert said.status_code == 422
    assert "xxx" not in said.text


def test_no_login_where_there_is_no_entrance(house: House) -> None:
    services = house.app.state.services
    house.app.state.services = replace(services, entrance=None)
    try:
        said = house.ask("POST", SESSION, json={"name": "ann", "password": "x"})
    finally:
        house.app.state.services = services
    assert said.status_code == 503


def form(house: House, path: str, **fields: str):  # type: ignore[no-untyped-def]
    given = {"name": "ann", "password": PASSWORD, "again": PASSWORD, **fields}
    return house.ask("POST", path, data=given, headers={"origin": house.origin})


def test_the_page_of_the_first_start_makes_the_administrator_once(house: House) -> None:
    path = f"/setup/{house.door.entrance.setup.begin()}"
    page = house.ask("GET", path)
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.text.count("<label for=") == 3
    for wrong, said in [
        ({"again": OTHER}, "the two passwords are not the same"),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"name": "<b>x</b>"}, "a name has 1 to 80"),
        ({"name": ""}, "a name has 1 to 80"),
    ]:
        answer = form(house, path, **wrong)
        assert answer.status_code == 422
        assert said in answer.text
        assert "<b>" not in answer.text
        assert PASSWORD not in answer.text
    assert form(house, path).status_code == 200
    assert Browser(house).login("ann").json()["roles"] == ["admin"]
    again = house.ask("GET", path)
    assert again.status_code == 403
    assert "there are accounts already" in again.text
    assert form(house, path, name="eve").status_code == 403


def test_a_made_up_link_of_the_first_start_is_refused_in_words(house: House) -> None:
    house.door.entrance.setup.begin()
    for code in ("x", "../x", "x" * 200, "%00"):
        assert house.ask("GET", f"/setup/{code}").status_code in (403, 404)
    assert (
        "this link is cut off, was used, or a newer one was made"
        in house.ask("GET", "/setup/x").text
    )
    assert form(house, "/setup/x").status_code == 403
    assert house.door.desk().users() == []


def test_the_form_is_not_posted_from_another_site(house: House) -> None:
    path = f"/setup/{house.door.entrance.setup.begin()}"
    given = {"name": "eve", "password": PASSWORD, "again": PASSWORD}
    for origin in ("null", "http://evil.test"):
        assert house.ask("POST", path, data=given, headers={"origin": origin}).status_code == 403
    assert house.door.desk().users() == []
