"""The link in a page to a person: looking does nothing, the button takes it, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import Request

from autofix.core.acks import LASTS
from autofix.core.audit import AuditEvent
from autofix.core.incidents import State
from autofix.web import ack
from unit.flow.world import World, with_guards
from unit.web.api_kit import Api

PUBLIC = "https://autofix.example.org"


@pytest.fixture
def api() -> Api:
    world = World()
    world.ctx.book = replace(world.ctx.book, public_url=PUBLIC)
    world.ill("r1")
    world.pass_time(130)
    return Api(world)


def link(api: Api) -> str:
    text = api.world.bell.rung[-1].text
    found = next(line for line in text.splitlines() if line.startswith("acknowledge: "))
    return found.removeprefix(f"acknowledge: {PUBLIC}")


def state(api: Api) -> State:
    return api.world.incident().state


def test_opening_the_link_does_nothing_and_says_what_it_is_about(api: Api) -> None:
    for _ in range(3):
        shown = api.raw("GET", link(api))
        assert shown.status_code == 200
        for said in ("Redis memory above 90 %", "redis-memory-high", "rewrite.yml", ">P1<"):
            assert said in shown.text
        assert "<strong>r1</strong>" in shown.text
        assert '<form method="post">' in shown.text
        assert "<script" not in shown.text
    assert state(api) is State.ESCALATED
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_the_button_takes_it_once(api: Api) -> None:
    taken = api.raw("POST", link(api), data={"name": "Ann"})
    assert "the calls stop" in taken.text
    assert "rewrite.yml" in taken.text
    assert "Ann (link)" in taken.text
    assert "It still waits for a yes or no" not in taken.text
    assert state(api) is State.ACKNOWLEDGED
    again = api.raw("POST", link(api))
    assert (again.status_code, "was used already" in again.text) == (409, True)
    shown = api.raw("GET", link(api))
    assert (shown.status_code, "This link was used" in shown.text) == (409, True)
    with api.world.store.reading() as reads:
        told = reads.audit(action="incident.acknowledged")
    assert [(each.event.actor, each.event.payload["via"]) for each in told] == [
        ("Ann (link)", "link")
    ]


def test_who_takes_what_waits_for_an_approval_hears_that_it_still_does() -> None:
    world = World(with_guards(approval="always"))
    world.ctx.book = replace(world.ctx.book, public_url=PUBLIC)
    world.ill("r1")
    world.pass_time(130)
    api = Api(world)
    said = "It still waits for a yes or no"
    assert said not in api.raw("GET", link(api)).text
    assert said in api.raw("POST", link(api)).text
    assert state(api) is State.AWAITING_APPROVAL


def test_a_browser_sends_the_form_with_its_true_origin(api: Api) -> None:
    """As browsers do: by the page's policy for referrers. Another site's form is refused."""
    assert api.raw("GET", link(api)).headers["referrer-policy"] == "same-origin"
    for origin in ("null", "https://evil.example.org"):
        refused = api.raw("POST", link(api), headers={"Origin": origin})
        assert refused.status_code == 403
    assert state(api) is State.ESCALATED
    taken = api.raw("POST", link(api), headers={"Origin": PUBLIC})
    assert (taken.status_code, state(api)) == (200, State.ACKNOWLEDGED)


def test_it_is_good_for_a_day(api: Api) -> None:
    api.world.clock.advance(LASTS + 1)
    shown = api.raw("GET", link(api))
    assert (shown.status_code, "older than a day" in shown.text) == (409, True)
    assert api.raw("POST", link(api)).status_code == 409
    assert state(api) is State.ESCALATED


def test_a_link_that_is_over_says_how_it_stands_and_where_to_go_on(api: Api) -> None:
    api.raw("POST", link(api), data={"name": "Ann"})
    shown = api.raw("GET", link(api)).text
    assert "Ann (link) has it" in shown
    assert 'href="/incidents/1"' in shown
    assert "autofix incidents ack 1" in shown


def test_a_link_whose_incident_is_over_says_so(api: Api) -> None:
    with api.world.store.transaction() as tx:
        incident = tx.incident(1)
        assert incident is not None
        event = AuditEvent(api.world.clock.now(), "ann", "incident.resolved", incident=1)
        tx.save_incident(incident.with_(state=State.RESOLVED), event)
    answer = api.raw("POST", link(api))
    assert (answer.status_code, "It is over, or somebody has it" in answer.text) == (409, True)


def test_the_page_speaks_the_readers_language_and_takes_his_colours(api: Api) -> None:
    headers = {"Accept-Language": "zh-CN,zh;q=0.9", "Cookie": "autofix-theme=dark"}
    shown = api.raw("GET", link(api), headers=headers).text
    assert '<html lang="zh-Hans"' in shown
    assert 'data-theme="dark"' in shown
    assert 'data-theme="auto"' in api.raw("GET", link(api)).text


def test_a_link_that_was_made_up(api: Api) -> None:
    for code in ("x" * 22, "..%2f..", "%00", "<script>"):
        answer = api.raw("GET", f"/ack/{code}")
        assert answer.status_code == 404, code
        assert "<script>" not in answer.text
    assert api.raw("POST", "/ack/" + "x" * 22).status_code == 409


def test_guessing_is_slow(api: Api) -> None:
    answers = [api.raw("GET", "/ack/guess").status_code for _ in range(31)]
    assert answers == [404] * 30 + [429]
    assert api.raw("GET", link(api)).headers["retry-after"] == "60"
    api.world.clock.advance(61)
    assert api.raw("GET", link(api)).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=" + b"x" * 61, "application/x-www-form-urlencoded", 422),
        (b"name=%1b[31m", "application/x-www-form-urlencoded", 422),
        (b"{}", "application/json", 415),
        (b"name=" + b"x" * 9000, "application/x-www-form-urlencoded", 413),
        (b"name=\xff", "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_form_that_is_none(api: Api, body: bytes, kind: str, status: int) -> None:
    answer = api.raw("POST", link(api), content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert state(api) is State.ESCALATED


def test_names_from_outside_are_shown_as_text(api: Api) -> None:
    with api.world.store.transaction() as tx:
        incident = tx.incident(1)
        assert incident is not None
        marked = incident.with_(subject="<img src=x onerror=alert(1)>\x1b[2J")
        tx.save_incident(marked, None)
    shown = api.raw("GET", link(api)).text
    assert "&lt;img" in shown
    assert "<img" not in shown
    assert "\x1b" not in shown


def test_a_customers_ipv6_network_has_one_count_of_tries(api: Api) -> None:
    """Each count is rows in the store, and such a network has addresses without end."""

    def tried(number: int) -> bool:
        scope = {"type": "http", "client": (f"2001:db8::{number:x}", 1), "headers": []}
        return ack._too_often(api.world.ctx, Request(scope))

    assert [tried(number) for number in range(1, ack.TRIES + 2)] == [False] * ack.TRIES + [True]
