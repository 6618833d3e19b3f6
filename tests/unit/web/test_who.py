"""Who asks, and whether he may: before any route."""

from __future__ import annotations

import os

import pytest
from starlette.datastructures import Headers

from autofix.core.roles import Role
from autofix.web import origin
from autofix.web.paths import route_path
from autofix.web.policy import ROUTES, V1
from autofix.web.problems import MEDIA_TYPE, Problem
from autofix.web.who import Routes
from doorkit.web import House

SESSION, USERS = f"{V1}/session", f"{V1}/users"


@pytest.fixture
def house() -> House:
    return House()


def test_nobody_is_asked_who_he_is(house: House) -> None:
    said = house.ask("GET", SESSION)
    assert said.status_code == 401
    assert said.headers["www-authenticate"].startswith("Bearer")
    assert said.headers["content-type"] == MEDIA_TYPE
    assert said.json()["detail"] == "say who you are"


@pytest.mark.parametrize(
    "shown", ["Basic YTpi", "Bearer", "Bearer ", "Bearer nonsense", "af_1_x", "Bearer \xe9"]
)
def test_a_token_that_is_none_is_401_in_words(house: House, shown: str) -> None:
    said = house.ask("GET", SESSION, headers={"authorization": shown.encode("latin-1")})  # type: ignore[dict-item]
    assert said.status_code == 401
    assert "www-authenticate" in said.headers


def test_who_is_known_and_may_not_is_403_in_words_and_on_the_record(house: House) -> None:
    house.door.user("ann", Role.OPERATOR)
    token = house.door.token("ann", name="ci")
    said = house.ask("GET", USERS, token=token)
    assert said.status_code == 403
    assert said.json()["detail"] == "ann (token ci) may not do this: it needs the role admin"
    [event] = house.door.record("access.denied")
    assert event.actor == "ann (token ci)"
    assert event.payload["what"] == f"GET {USERS}"
    assert event.payload["address"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        ("expired", 401, "this token has expired"),
        ("revoked", 401, "this token was revoked"),
        ("of a source", 403, "posts alerts to prom and does nothing else"),
        ("made up", 401, "this token is not known"),
    ],
)
def test_a_token_that_is_no_good_is_told_why_and_recorded(
    house: House, how: str, status: int, said: str
) -> None:
    door = house.door
    door.user("ann", Role.VIEWER)
    token = door.token("ann", lasts=60)
    if how == "expired":
        door.clock.advance(61)
    elif how == "revoked":
        door.desk().revoke_token(door.tokens()[0].id)
    elif how == "of a source":
        token = door.token("", source="prom")
    else:
        token = token[:-3] + "xxx"
    answer = house.ask("GET", f"{V1}/incidents", token=token)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    [event] = door.record("access.denied")
    assert said in str(event.payload["reason"])
    assert token not in str(event)


def test_the_socket_s_other_end_is_who_it_is(house: House) -> None:
    said = house.ask("GET", SESSION, uid=os.getuid(), headers={"x-autofix-actor": "ann (sudo)"})
    assert said.json()["actor"] == "ann (sudo)"
    assert said.json()["roles"] == ["admin"]
    said = house.ask("GET", SESSION, uid=0, headers={"x-autofix-actor": "j%C3%BCrgen"})
    assert said.json()["actor"] == "jürgen"
    assert house.ask("GET", SESSION, uid=54321).status_code == 403
    wrong = house.ask("GET", SESSION, uid=0, headers={"x-autofix-actor": "ann (token x)"})
    assert wrong.status_code == 401


def test_nobody_on_the_net_says_who_is_behind_him(house: House) -> None:
    house.door.user("ann", Role.VIEWER)
    token = house.door.token("ann")
    said = house.ask("GET", SESSION, token=token, headers={"x-autofix-actor": "boss"})
    assert said.json()["name"] == "ann"
    assert house.ask("GET", SESSION, headers={"x-autofix-actor": "boss"}).status_code == 401


def test_a_token_that_is_shown_counts_and_not_a_cookie_beside_it(house: House) -> None:
    browser = house.browser("ann", Role.ADMIN)
    said = browser.ask("GET", SESSION, headers={"authorization": "Bearer nonsense"})
    assert said.status_code == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 201),
        ({"origin": None}, 201),  # no browser of today, and the form token is right
        ({"csrf": None}, 403),
        ({"csrf": "x" * 43}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "https://autofix.test"}, 403),
        ({"origin": "http://autofix.test:8080"}, 403),
        ({"origin": "http://autofix.test.evil.test"}, 403),
        ({"origin": None, "headers": {"sec-fetch-site": "cross-site"}}, 403),
        ({"origin": None, "headers": {"sec-fetch-site": "same-site"}}, 403),
        ({"origin": None, "headers": {"sec-fetch-site": "same-origin"}}, 201),
    ],
)
def test_a_change_by_cookie_comes_from_a_page_of_ours(
    house: House, sent: dict[str, object], status: int
) -> None:
    browser = house.browser("ann", Role.ADMIN)
    body = {"name": "eve", "roles": ["viewer"]}
    assert browser.ask("POST", USERS, json=body, **sent).status_code == status  # type: ignore[arg-type]
    assert len(house.door.record("access.denied")) == (status == 403)


def test_the_public_address_is_ours_too(house: House) -> None:
    from dataclasses import replace

    book = replace(house.door.context.book, public_url="https://ops.example.com/autofix")
    house.door.context.book = book
    browser = house.browser("ann", Role.ADMIN)
    said = browser.ask("DELETE", f"{USERS}/nobody1", origin="https://ops.example.com")
    assert said.status_code == 404


def test_login_itself_is_not_done_from_another_site(house: House) -> None:
    house.door.user("ann")
    body = {"name": "ann", "password": "x", "code": ""}
    said = house.ask("POST", SESSION, json=body, headers={"origin": "http://evil.test"})
    assert said.status_code == 403
    assert house.ask("POST", SESSION, json=body, headers={"origin": "null"}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/docs", 404),
        ("GET", "/api/v1/users/", 404),
        ("GET", "/api/v1//users", 404),
        ("GET", "/api/v1/incidents/1/nothing", 404),
        ("PATCH", "/api/v1/incidents", 405),
        ("TRACE", "/api/v1/users", 405),
        ("OPTIONS", "/api/v1/users", 405),
        ("PROPFIND", "/api/v1/users", 405),
    ],
)
def test_what_is_not_in_the_table_goes_no_further(
    house: House, method: str, path: str, status: int
) -> None:
    house.door.user("boss", Role.ADMIN)
    said = house.ask(method, path, token=house.door.token("boss", Role.ADMIN))
    assert said.status_code == status
    assert said.headers["content-type"] == MEDIA_TYPE
    assert ("allow" in said.headers) is (status == 405)


def test_metrics_are_open_when_the_settings_say_so(house: House) -> None:
    assert house.ask("GET", "/metrics").status_code == 401
    house.door.set(metrics="open")
    assert house.ask("GET", "/metrics").status_code == 200


def test_every_line_of_the_table_is_found_by_its_own_path() -> None:
    routes = Routes(path for _, path in ROUTES)
    for method, path in ROUTES:
        assert routes.find(path.replace("{", "").replace("}", ""), method) == path
    with pytest.raises(Problem):
        routes.find("/nothing", "GET")


@pytest.mark.parametrize(
    ("path", "root", "found"),
    [
        ("/autofix/healthz", "/autofix", "/healthz"),
        ("/healthz", "/autofix", "/healthz"),
        ("/autofixhealthz", "/autofix", "/autofixhealthz"),
        ("/healthz", "", "/healthz"),
    ],
)
def test_what_a_proxy_puts_before_it_is_left_out(path: str, root: str, found: str) -> None:
    assert route_path({"path": path, "root_path": root}) == found


@pytest.mark.parametrize(
    ("headers", "scheme", "ours", "fine"),
    [
        ({"host": "a:8420", "origin": "http://a:8420"}, "http", [], True),
        ({"host": "a", "origin": "http://a:80"}, "http", [], True),
        ({"host": "a", "origin": "https://a"}, "https", [], True),
        ({"host": "a", "origin": "https://A"}, "https", [], True),
        ({"host": "a", "origin": "http://a"}, "https", [], False),
        ({"host": "a", "origin": ""}, "http", [], False),
        ({"host": "", "origin": "null"}, "http", [], False),
        ({"origin": "http://"}, "http", [], False),
        ({"host": "a", "origin": "http://[::1"}, "http", [], False),
        ({"host": "a", "origin": "http://a:99999"}, "http", [], False),
        ({"host": "x", "origin": "https://b"}, "http", ["https://b/path"], True),
    ],
)
def test_an_origin_is_scheme_host_and_port(
    headers: dict[str, str], scheme: str, ours: list[str], fine: bool
) -> None:
    assert (origin.fault(Headers(headers), scheme, ours) == "") is fine
