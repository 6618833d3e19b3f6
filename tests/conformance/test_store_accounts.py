"""What every store must do with users, tokens, sessions, kept secrets and answers given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autofix.core.accounts import Answered, Kept, Session, Token, User
from autofix.core.roles import Role
from autofix.errors import Conflict, Duplicate
from autofix.ports import Store
from storekit import at_once, event


def user(name: str = "ann", **more: object) -> User:
    values = {"id": 0, "name": name, "roles": frozenset({Role.OPERATOR, Role.VIEWER})}
    return User(**{**values, "created_at": 1.0, "by": "root", **more})  # type: ignore[arg-type]


def token(**more: object) -> Token:
    values = {"id": 0, "name": "deploy", "owner": "ann", "digest": "d" * 64, "created_at": 1.0}
    return Token(**{**values, "by": "ann", "expires_at": 100.0, **more})  # type: ignore[arg-type]


def session(digest: str, name: str = "ann", until: float = 100.0) -> Session:
    return Session(digest, name, 1.0, 2.0, until, "csrf", "10.0.0.9", False, ("ops", "dba"))


def test_a_user_comes_back_as_he_went_in(store: Store) -> None:
    full = user(
        password="$argon2id$hash", runbooks=("b", "a"), second_factor="totp.ann", last_code=7,
        disabled_at=3.5, seen_at=2.5,
    )  # fmt: skip
    with store.transaction() as tx:
        made = tx.add_user(full, event("user.added"))
        narrow = tx.add_user(user("ben", runbooks=()), event("user.added"))
        wide = tx.add_user(user("Eve\x1b[31m"), event("user.added"))
    assert made == replace(full, id=made.id, version=1)
    with store.reading() as reads:
        assert reads.users() == sorted([made, narrow, wide], key=lambda each: each.name)
        assert (reads.user("ann"), reads.user("Ann")) == (made, None)
        assert (narrow.runbooks, wide.runbooks) == ((), None)
        assert len(reads.audit(action="user.added")) == 3


def test_a_name_is_one_users_only(store: Store) -> None:
    with store.transaction() as tx:
        tx.add_user(user(), event())
        with pytest.raises(Duplicate, match="user ann"):
            tx.add_user(user(), event())
        ben = tx.add_user(user("ben"), event())
        with pytest.raises(Duplicate, match="user ann"):
            tx.save_user(ben.with_(name="ann"), event())
    with store.reading() as reads:
        assert [each.name for each in reads.users()] == ["ann", "ben"]


def test_a_user_is_saved_by_version_and_silently_only_when_he_was_seen(store: Store) -> None:
    with store.transaction() as tx:
        old = tx.add_user(user(runbooks=("a",)), event())
        seen = tx.save_user(old.with_(seen_at=5.0, last_code=9), None)
        assert (seen.version, seen.seen_at, seen.last_code) == (2, 5.0, 9)
        with pytest.raises(Conflict):
            tx.save_user(old.with_(seen_at=6.0), None)
    for change in (
        {"roles": frozenset({Role.ADMIN})},
        {"password": "x"},
        {"runbooks": None},
        {"runbooks": ()},
        {"disabled_at": 1.0},
        {"second_factor": "totp.ann"},
    ):
        with store.transaction() as tx, pytest.raises(ValueError, match="needs its audit event"):
            tx.save_user(seen.with_(**change), None)
    with store.transaction() as tx:
        changed = tx.save_user(seen.with_(roles=frozenset(), runbooks=None), event("user.changed"))
        assert tx.user("ann") == changed
        assert tx.save_user(changed.with_(last_code=10), None).last_code == 10  # NULL stays NULL


def test_of_two_who_change_a_user_at_once_one_does(store: Store) -> None:
    with store.transaction() as tx:
        old = tx.add_user(user(), event())

    def change() -> object:
        with store.transaction() as tx:
            return tx.save_user(old.with_(last_code=1), None)

    found = at_once(change, change, change)
    assert sorted(type(each).__name__ for each in found) == ["Conflict", "Conflict", "User"]


def test_with_a_user_go_his_sessions_and_his_tokens(store: Store) -> None:
    with store.transaction() as tx:
        ann, ben = tx.add_user(user(), event()), tx.add_user(user("ben"), event())
        tokens = [
            tx.add_token(token(), event()),
            tx.add_token(token(revoked_at=3.0), event()),
            tx.add_token(token(owner="ben"), event()),
        ]
        tx.put_session(session("a" * 64))
        tx.put_session(session("b" * 64, "ben"))
        with pytest.raises(Conflict):
            tx.remove_user(ann.with_(version=7), event("user.removed", at=50.0))
        tx.remove_user(ann, event("user.removed", at=50.0))
    with store.reading() as reads:
        assert reads.users() == [ben]
        gone = tokens[0].with_(revoked_at=50.0, version=2)
        assert reads.tokens() == [tokens[2], tokens[1], gone]
        assert reads.session("a" * 64) is None
        assert reads.session("b" * 64) is not None
        assert len(reads.audit(action="user.removed")) == 1


def test_a_token_comes_back_and_is_saved_silently_only_when_used(store: Store) -> None:
    full = token(roles=frozenset({Role.VIEWER}), runbooks=("a",), source="prom")
    with store.transaction() as tx:
        made = tx.add_token(full, event("token.added"))
        other = tx.add_token(token(owner="ben"), event("token.added"))
    assert made == replace(full, id=made.id, version=1)
    with store.transaction() as tx:
        assert tx.tokens() == [other, made]
        assert tx.tokens(owner="ann") == [made]
        assert (tx.token(made.id), tx.token(99)) == (made, None)
        used = tx.save_token(made.with_(used_at=7.0), None)
        assert tx.save_token(other.with_(used_at=7.0), None).runbooks is None
        with pytest.raises(ValueError, match="token 1: a change of state needs its audit event"):
            tx.save_token(used.with_(revoked_at=8.0), None)
        with pytest.raises(Conflict):
            tx.save_token(made.with_(revoked_at=8.0), event())
        revoked = tx.save_token(used.with_(revoked_at=8.0), event("token.revoked"))
        assert tx.token(made.id) == revoked


def test_sessions_end_one_by_one_by_user_or_by_time(store: Store) -> None:
    kept = [session("a"), session("b"), session("c", "ben"), session("d", "eve", 10.0)]
    with store.transaction() as tx:
        for each in kept:
            tx.put_session(each)
        later = replace(kept[0], seen_at=9.0, passed=True, csrf="new")
        tx.put_session(later)
        assert tx.session("a") == later
        newest = replace(kept[1], created_at=kept[1].created_at + 1)
        tx.put_session(newest)
        assert tx.sessions("ann") == [newest, later]
        assert tx.sessions("nobody") == []
        assert tx.end_sessions() == 0
        assert tx.end_sessions(before=10.0) == 0
        assert tx.end_sessions(before=10.1) == 1
        assert tx.end_sessions(digest="c") == 1
        assert tx.end_sessions(user="ann") == 2
        assert [tx.session(digest) for digest in "abcd"] == [None] * 4


def test_a_kept_secret_is_replaced_and_removed(store: Store) -> None:
    first, second = Kept("b", "key-1", "c2VhbGVk", 1.0, "ann"), Kept("a", "key-1", "eA==", 2.0, "b")
    with store.transaction() as tx:
        tx.put_kept(first, event("secret.kept"))
        tx.put_kept(second, event("secret.kept"))
        assert tx.kept() == [second, first]
        tx.put_kept(replace(first, key="key-2", sealed="bmV3"), None)
        assert tx.kept()[1] == replace(first, key="key-2", sealed="bmV3")
        assert tx.remove_kept("a", event("secret.removed"))
        assert not tx.remove_kept("a", event("secret.removed"))
        assert [each.name for each in tx.kept()] == ["b"]
        assert len(tx.audit()) == 3


def test_the_first_with_a_key_gets_it_and_the_others_its_answer(store: Store) -> None:
    ours = Answered("k1", "ann", 5.0, "digest")
    with store.transaction() as tx:
        assert tx.begin_answer(ours) is None
        assert tx.begin_answer(replace(ours, digest="another")) == ours
        assert tx.begin_answer(replace(ours, by="ben")) is None
        done = replace(ours, status=201, body={"id": 7, "list": [1.5, None]})
        tx.end_answer(done)
        assert tx.begin_answer(ours) == tx.answered("k1", "ann") == done
        tx.end_answer(replace(ours, by="ben"))
        assert tx.answered("k1", "ben") is None
        assert tx.begin_answer(replace(ours, by="ben")) is None
        tx.end_answer(replace(done, key="unknown"))
        assert tx.answered("unknown", "ann") is None


def test_of_many_with_the_same_key_one_begins(store: Store) -> None:
    def begin() -> object:
        with store.transaction() as tx:
            return tx.begin_answer(Answered("k", "ann", 5.0, "digest"))

    found = at_once(*[begin] * 6)
    assert found.count(None) == 1
    assert all(isinstance(each, Answered) for each in found if each is not None)


def test_what_logins_and_requests_left_is_forgotten_when_old(store: Store) -> None:
    with store.transaction() as tx:
        tx.put_session(session("old", until=99.0))
        tx.put_session(session("new", until=100.0))
        for at in (99.0, 100.0):
            tx.begin_answer(Answered(f"k{at}", "ann", at, "digest"))
            tx.count_try("ann", at, 1000.0)
            tx.first_time("hook", f"nonce {at}", at, 1.0)
        kept = tx.add_user(user(), event())
    with store.transaction() as tx:
        assert tx.forget(100.0) == 4
        assert tx.forget(100.0) == 0
        assert (tx.session("old"), tx.users()) == (None, [kept])
        assert tx.session("new") is not None
        assert tx.answered("k99.0", "ann") is None
        assert tx.answered("k100.0", "ann") is not None
        assert tx.count_try("ann", 101.0, 1000.0) == 2
        assert not tx.first_time("hook", "nonce 100.0", 300.0, 1.0)
        assert tx.first_time("hook", "nonce 99.0", 300.0, 1.0)
