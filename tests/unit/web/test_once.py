"""Idempotency keys: once done, told the same again; and nothing secret is kept for that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autofix.core.accounts import Answered, User
from autofix.core.audit import AuditEvent
from autofix.core.roles import Role
from autofix.errors import StoreError
from autofix.web.api.once import REPLAYED
from unit.flow.world import BOOK
from unit.web.api_kit import Api

RUN = f"/runbooks/{BOOK.name}/runs"
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
def api() -> Api:
    return Api()


def signals(api: Api) -> int:
    with api.world.store.reading() as reads:
        return len(reads.signals())


def test_the_same_request_again_is_told_the_same_and_done_once(api: Api) -> None:
    first = api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    again = api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert signals(api) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"path": RUN, "json": {"hosts": ["r2"]}},
        {"path": RUN, "json": {"hosts": ["r1"], "check": True}},
        {"path": "/pauses", "json": {"host": "r1"}},
    ],
)
def test_another_request_with_the_same_key_is_refused(api: Api, other: dict[str, Any]) -> None:
    api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    refused = api.post(other["path"], json=other["json"], headers=KEY)
    assert (refused.status_code, "another request" in refused.text) == (422, True)
    assert signals(api) == 1


def test_keys_are_each_persons_own(api: Api) -> None:
    api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    other = api.post(RUN, json={"hosts": ["r2"]}, headers=KEY, as_="operator")
    assert other.json()["items"][0]["by"] == "operator1"


def test_a_key_whose_request_is_under_way_waits(api: Api) -> None:
    api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    with api.world.store.transaction() as tx:
        done = tx.answered("k-1", "admin1")
        assert done is not None
        begun = Answered(done.key, done.by, done.at, done.digest)
        tx.end_answer(begun)
        tx.begin_answer(begun)
    waits = api.post(RUN, json={"hosts": ["r1"]}, headers=KEY)
    assert (waits.status_code, "under way, or was cut off" in waits.text) == (409, True)
    assert signals(api) == 1


def test_what_was_refused_may_be_tried_again_with_its_key(api: Api) -> None:
    assert api.post(RUN, json={"hosts": ["r9"]}, headers=KEY).status_code == 404
    assert api.post(RUN, json={"hosts": ["r1"]}, headers=KEY).status_code == 202


def test_what_may_have_been_done_is_not_done_again(api: Api, monkeypatch: Any) -> None:
    desk = type(api.app.state.services.desk(api.doorman.known["admin"]))

    def cut_off(*_: Any, **__: Any) -> None:
        raise StoreError("the connection to the database broke")

    with monkeypatch.context() as patched:
        patched.setattr(desk, "start", cut_off)
        assert api.post(RUN, json={"hosts": ["r1"]}, headers=KEY).status_code == 503
    assert api.post(RUN, json={"hosts": ["r1"]}, headers=KEY).status_code == 409


@pytest.mark.parametrize(("host", "status"), [("r1", 202), ("r9", 404)])
def test_what_was_done_is_told_so_though_the_answer_can_not_be_kept(
    api: Api, monkeypatch: Any, host: str, status: int
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("autofix.testing.memory.MemoryTransaction.end_answer", full)
        said = api.post(RUN, json={"hosts": [host]}, headers=KEY)
    assert (said.status_code, signals(api)) == (status, status == 202)
    assert api.post(RUN, json={"hosts": [host]}, headers=KEY).status_code == 409
    assert signals(api) == (status == 202)


def test_a_token_is_shown_once_and_kept_nowhere(api: Api) -> None:
    now = api.world.clock.now()
    with api.world.store.transaction() as tx:
        user = User(0, "admin1", frozenset({Role.ADMIN}), now, "test")
        tx.add_user(user, AuditEvent(now, "test", "user.added"))
    asked = {"name": "deploy", "lasts": 3600, "roles": ["operator"]}
    first = api.post("/tokens", json=asked, headers=KEY)
    again = api.post("/tokens", json=asked, headers=KEY)
    assert first.status_code == again.status_code == 201
    secret = first.json()["secret"]
    assert secret.startswith("af_")
    assert again.json() == {"token": first.json()["token"], "secret": None}
    with api.world.store.reading() as reads:
        kept = reads.answered("k-1", "admin1")
        assert kept is not None
        assert secret not in json.dumps(kept.body)
        assert len(reads.tokens()) == 1


def test_a_password_is_in_no_fast_hash() -> None:
    """Else who reads the store could guess it at a billion tries a second."""
    digests = set()
    for password in ("correct horse 1", "battery staple 2"):
        api = Api()
        asked = {"name": "ann", "roles": ["viewer"], "password": password}
        assert api.post("/users", json=asked, headers=KEY).status_code == 201
        with api.world.store.reading() as reads:
            kept = reads.answered("k-1", "admin1")
        assert kept is not None
        digests.add(kept.digest)
    assert len(digests) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ä"])
def test_a_key_that_is_none(api: Api, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    assert api.post(RUN, json={"hosts": ["r1"]}, headers=headers).status_code == 422
    assert signals(api) == 0
