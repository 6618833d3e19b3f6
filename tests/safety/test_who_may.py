"""SAFETY 30 and 32: every route, every role, as the table says; nothing changes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from autofix.core.audit import AuditEvent
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Page
from autofix.core.roles import GRANTS, Permission, Role
from autofix.core.runs import Run, RunKind
from autofix.core.tokens import parts
from autofix.web.app import unlisted
from autofix.web.origin import SAFE
from autofix.web.policy import ROUTES, V1
from doorkit import PASSWORD
from doorkit.web import House

OWN_TOKEN = f"{V1}/tokens/{{number}}"
FILLED = {
    "source": "prom", "code": "x", "name": "x", "number": "1", "made": "x", "event": "1",
    "host": "x",
}  # fmt: skip
NOT_HIS = "it needs the role"
ASKING = [route for route, permission in ROUTES.items() if permission not in (Permission.HOOK,)]
NAMED = [route for route in ASKING if ROUTES[route] is not Permission.OPEN]


def filled(path: str) -> str:
    """A stream would go on for minutes: it is asked for what it refuses when it has let one in."""
    if path == "/live":
        return "/live?incident=0"
    return re.sub(r"\{(\w+)\}", lambda found: FILLED[found[1]], path)


def refused(said: httpx.Response) -> bool:
    return said.status_code == 403 and NOT_HIS in said.text


def own(house: House, owner: str, path: str) -> str:
    """The path filled, with a token of his own where it is about one."""
    if path != OWN_TOKEN:
        return filled(path)
    spare = house.door.token(owner)
    return path.replace("{number}", str((parts(spare) or (0, ""))[0]))


def body(method: str) -> dict[str, Any]:
    return {} if method in SAFE else {"json": {}}


@pytest.fixture
def house() -> Iterator[House]:
    return House()


def test_the_app_and_the_table_name_the_same_routes(house: House) -> None:
    assert unlisted(house.app) == []
    assert len(ROUTES) > 70


def test_every_route_lets_in_whom_the_table_names_and_nobody_else(house: House) -> None:
    door = house.door
    tokens = {}
    for role in Role:
        door.user(f"{role}1", role)
        tokens[role] = door.token(f"{role}1", role)
    asked = 0
    for method, path in NAMED:
        for role in Role:
            url = own(house, f"{role}1", path)
            said = house.ask(method, url, token=tokens[role], **body(method))
            may = ROUTES[method, path] in GRANTS[role]
            assert refused(said) is not may, (method, path, role, said.status_code, said.text)
            assert said.status_code != 401, (method, path, role)
            asked += 1
    assert asked == len(NAMED) * len(Role)


def test_no_route_but_the_open_ones_lets_in_nobody(house: House) -> None:
    door = house.door
    door.user("gone", Role.ADMIN)
    dead = door.token("gone", Role.ADMIN)
    door.desk().change_user("gone", disabled=True)
    hook = door.token("", source="prom")
    for method, path in NAMED:
        for token, status in [("", 401), ("nonsense", 401), (dead, 401), (hook, 403)]:
            said = house.ask(method, filled(path), token=token, **body(method))
            assert said.status_code == status, (method, path, token, said.text)


def test_open_routes_ask_nobody(house: House) -> None:
    for method, path in ASKING:
        if ROUTES[method, path] is Permission.OPEN:
            said = house.ask(method, filled(path), **body(method))
            assert said.status_code != 401 or path == f"{V1}/session"
            assert NOT_HIS not in said.text


def test_two_roles_give_what_both_give_and_no_more(house: House) -> None:
    house.door.user("both", Role.AUDITOR, Role.APPROVER)
    token = house.door.token("both")
    having = GRANTS[Role.AUDITOR] | GRANTS[Role.APPROVER]
    for method, path in NAMED:
        said = house.ask(method, own(house, "both", path), token=token, **body(method))
        assert refused(said) is (ROUTES[method, path] not in having), (method, path)


def test_who_owes_his_second_factor_may_only_enrol(house: House) -> None:
    house.door.set(second_factor="everybody")
    browser = house.browser("boss", Role.ADMIN)
    open_to_him = {
        ("GET", f"{V1}/session"),
        ("POST", f"{V1}/session/second-factor"),
        ("PUT", f"{V1}/session/second-factor"),
        ("GET", "/account/second-factor"),
        ("POST", "/account/second-factor"),
        ("POST", "/account/second-factor/code"),
    }
    for method, path in NAMED:
        if (method, path) in {("DELETE", f"{V1}/session"), ("POST", "/logout")}:
            continue
        said = browser.ask(method, filled(path), **body(method))
        if (method, path) in open_to_him:
            assert said.status_code in (201, 200, 415, 422), (method, path, said.text)
        else:
            assert said.status_code == 403, (method, path)
            assert "needs a second factor first" in said.text
    assert browser.ask("DELETE", f"{V1}/session").status_code == 204


@pytest.mark.parametrize(
    "sent",
    [
        {"csrf": None},
        {"csrf": "x"},
        {"csrf": "é" * 20},
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "file://"},
        {"origin": None, "headers": {"sec-fetch-site": "cross-site"}},
    ],
    ids=str,
)
def test_nothing_changes_by_cookie_from_another_site(house: House, sent: dict[str, Any]) -> None:
    """SAFETY 32: every mutating route, no token or foreign Origin: 403."""
    browser = house.browser("boss", Role.ADMIN)
    if sent.get("csrf") == "é" * 20:
        sent = {"csrf": sent["csrf"].encode("latin-1")}
    before = len(house.door.record()), browser.ask("GET", f"{V1}/session").status_code
    mutating = [(method, path) for method, path in NAMED if method not in SAFE]
    assert len(mutating) > 30
    for method, path in mutating:
        said = browser.ask(method, filled(path), **sent, **body(method))
        assert said.status_code == 403, (method, path, said.text)
        assert NOT_HIS not in said.text
    assert browser.ask("GET", f"{V1}/session").status_code == before[1] == 200
    new = house.door.record()[before[0] :]
    assert {event.action for event in new} == {"access.denied"}


def test_open_forms_are_not_posted_from_another_site_either(house: House) -> None:
    posts = [r for r in ASKING if ROUTES[r] is Permission.OPEN and r[0] not in SAFE]
    assert posts
    for method, path in posts:
        for origin in ("http://evil.test", "null"):
            said = house.ask(method, filled(path), headers={"origin": origin}, json={})
            assert said.status_code == 403, (method, path)


def test_reading_needs_no_form_token(house: House) -> None:
    browser = house.browser("ann", Role.VIEWER)
    said = browser.ask("GET", f"{V1}/incidents", csrf=None, origin=None)
    assert said.status_code == 200


def _stand(house: House) -> None:
    """An incident of restart-nginx that a person was called for, with a run and a page."""
    now = house.door.clock.now()
    event = AuditEvent(now, "autofix", "incident.opened", incident=0)
    with house.door.store.transaction() as tx:
        made = tx.add_incident(
            Incident(0, "restart-nginx", "web1", "", State.ESCALATED, Origin.PROBE, "P2", now, now),
            event,
        )
        tx.add_run(Run(0, made.id, "restart-nginx", "web1", RunKind.FIX, 1, 1, "x.yml"), event)
        tx.add_page(Page(0, made.id, "default", ("mail",), "P2", "x", "x", "key", now, None), event)


INCIDENT = f"{V1}/incidents/1"
ABOUT_ONE: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", f"{V1}/runbooks/restart-nginx/runs", {"hosts": ["web1"]}),
    ("POST", f"{V1}/runbooks/restart-nginx/preview", {"hosts": ["web1"]}),
    ("POST", f"{INCIDENT}/acknowledge", {}),
    ("POST", f"{INCIDENT}/triage", {}),
    ("POST", f"{INCIDENT}/workaround", {}),
    ("POST", f"{INCIDENT}/resolve", {}),
    ("POST", f"{INCIDENT}/close", {}),
    ("POST", f"{INCIDENT}/comment", {"text": "x"}),
    ("POST", f"{INCIDENT}/retry", {}),
    ("POST", f"{INCIDENT}/rollback", {"step": 1}),
    ("POST", f"{INCIDENT}/approve", {}),
    ("POST", f"{INCIDENT}/reject", {}),
    ("POST", f"{V1}/runs/1/cancel", {}),
    ("POST", f"{V1}/pages/1/acknowledge", {}),
    ("POST", f"{V1}/breakers/reset", {"runbook": "restart-nginx", "host": "web1"}),
    (
        "POST",
        f"{V1}/silences",
        {"until": 1_700_009_999, "reason": "x", "runbook": "restart-nginx"},
    ),
]


@pytest.mark.parametrize(("method", "path", "sent"), ABOUT_ONE, ids=lambda each: str(each)[-40:])
def test_a_list_of_runbooks_narrows_what_is_run_and_approved(
    house: House, method: str, path: str, sent: dict[str, Any]
) -> None:
    _stand(house)
    door = house.door
    both = (Role.OPERATOR, Role.APPROVER)
    door.user("his", *both, runbooks=["restart-nginx"])
    door.user("other", *both, runbooks=["redis-memory-high"])
    door.user("none", *both, runbooks=[])
    for name in ("other", "none"):
        said = house.ask(method, path, token=door.token(name), json=sent)
        assert said.status_code == 403, (name, said.text)
        assert "may not do this with restart-nginx" in said.json()["detail"]
    said = house.ask(method, path, token=door.token("his"), json=sent)
    assert said.status_code != 403, said.text


def test_a_list_of_runbooks_leaves_everything_to_be_seen(house: House) -> None:
    _stand(house)
    house.door.user("none", Role.OPERATOR, runbooks=[])
    token = house.door.token("none")
    for path in ("incidents/1", "incidents", "runs/1", "pages/1"):
        assert house.ask("GET", f"{V1}/{path}", token=token).status_code == 200, path


def test_a_token_is_its_owner_s_to_see_and_to_revoke(house: House) -> None:
    door = house.door
    for name, role in [("ann", Role.VIEWER), ("ben", Role.VIEWER), ("boss", Role.ADMIN)]:
        door.user(name, role)
    shown = {name: door.token(name, name=name) for name in ("ann", "ben")}
    boss = door.token("boss", Role.ADMIN)
    listed = house.ask("GET", f"{V1}/tokens", token=shown["ann"]).json()["items"]
    assert [each["name"] for each in listed] == ["ann"]
    assert house.ask("GET", f"{V1}/tokens?all=true", token=shown["ann"]).status_code == 403
    assert house.ask("DELETE", f"{V1}/tokens/2", token=shown["ann"]).status_code == 403
    assert house.ask("DELETE", f"{V1}/tokens/99", token=shown["ann"]).status_code == 403
    assert house.ask("DELETE", f"{V1}/tokens/1", token=shown["ann"]).status_code == 200
    assert house.ask("GET", f"{V1}/tokens", token=shown["ann"]).status_code == 401
    assert house.ask("DELETE", f"{V1}/tokens/2", token=boss).status_code == 200
    assert house.ask("DELETE", f"{V1}/tokens/99", token=boss).status_code == 404


def test_people_and_tokens_are_made_by_the_api_as_at_the_desk(house: House) -> None:
    browser = house.browser("boss", Role.ADMIN)
    made = browser.ask(
        "POST",
        f"{V1}/users",
        json={"name": "eve", "roles": ["viewer"], "password": PASSWORD},
    )
    assert made.status_code == 201
    token = browser.ask("POST", f"{V1}/tokens", json={"name": "ci", "lasts": 3600, "owner": "eve"})
    assert token.status_code == 201
    secret = token.json()["secret"]
    assert house.ask("GET", f"{V1}/session", token=secret).json()["actor"] == "eve (token ci)"
    assert browser.ask("DELETE", f"{V1}/users/boss").status_code == 409
    assert browser.ask("DELETE", f"{V1}/users/eve").status_code == 204
    assert house.ask("GET", f"{V1}/session", token=secret).status_code == 401
    assert PASSWORD not in str(house.door.record())
