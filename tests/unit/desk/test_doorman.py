"""The doorman: tokens, sessions, the socket; denials on the record."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from autofix.core import tokens
from autofix.core.alerts import Post
from autofix.core.roles import Permission, Role, refusal
from autofix.desk.denials import AT_MOST, EVERY
from autofix.desk.doorman import TurnedAway
from autofix.errors import Denied
from doorkit import Door

HERE = "192.0.2.7"


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_token_acts_for_its_owner_and_says_so(door: Door) -> None:
    door.user("ann", Role.OPERATOR)
    who = door.entrance.doorman.by_token(door.token("ann", name="deploy"), address=HERE)
    assert who.actor == "ann (token deploy)"
    assert who.roles == {Role.OPERATOR}


def test_a_token_never_has_more_than_its_owner_has_now(door: Door) -> None:
    door.user("ann", Role.OPERATOR, Role.AUDITOR)
    token = door.token("ann", Role.OPERATOR, Role.AUDITOR)
    door.desk().change_user("ann", roles=[Role.VIEWER], runbooks=["restart-nginx"])
    who = door.entrance.doorman.by_token(token, address=HERE)
    assert who.roles == frozenset()
    assert who.runbooks == {"restart-nginx"}
    door.desk().change_user("ann", roles=[Role.ADMIN], all_runbooks=True)
    who = door.entrance.doorman.by_token(token, address=HERE)
    assert who.roles == {Role.OPERATOR, Role.AUDITOR}  # an administrator has what these give
    assert refusal(who, Permission.ADMIN)


def test_the_runbooks_of_token_and_owner_are_both_needed(door: Door) -> None:
    door.user("ann", Role.OPERATOR, runbooks=["restart-nginx"])
    wide, narrow = door.token("ann"), door.token("ann", runbooks=["redis-memory-high"])
    by_token = door.entrance.doorman.by_token
    assert by_token(wide, address=HERE).runbooks == {"restart-nginx"}
    assert by_token(narrow, address=HERE).runbooks == frozenset()


@pytest.mark.parametrize("text", ["", "x", "af_1_", "af_99_" + "a" * 43, "Bearer af_1_x", "é"])
def test_a_token_that_is_none_is_not_known(door: Door, text: str) -> None:
    with pytest.raises(TurnedAway, match="this token is not known") as caught:
        door.entrance.doorman.by_token(text, address=HERE)
    assert not caught.value.known


def test_the_right_number_with_another_secret_is_as_unknown(door: Door) -> None:
    door.user("ann")
    number, secret = tokens.parts(door.token("ann")) or (0, "")
    wrong = tokens.spoken(number, secret[::-1])
    with pytest.raises(TurnedAway, match="this token is not known"):
        door.entrance.doorman.by_token(wrong, address=HERE)


def test_expired_revoked_and_ownerless_tokens_are_no_good(door: Door) -> None:
    door.user("ann")
    short, revoked, owned = door.token("ann", lasts=60), door.token("ann"), door.token("ann")
    by_token = door.entrance.doorman.by_token
    door.clock.advance(60)
    with pytest.raises(TurnedAway, match="has expired") as caught:
        by_token(short, address=HERE)
    assert caught.value.who == "ann (token t0)"
    door.desk().revoke_token((tokens.parts(revoked) or (0, ""))[0])
    with pytest.raises(TurnedAway, match="was revoked"):
        by_token(revoked, address=HERE)
    door.desk().change_user("ann", disabled=True)
    with pytest.raises(TurnedAway, match="owner may not come in"):
        by_token(owned, address=HERE)
    door.desk().change_user("ann", disabled=False)
    assert by_token(owned, address=HERE).name == "ann"
    door.desk().remove_user("ann")
    with pytest.raises(TurnedAway, match="was revoked"):
        by_token(owned, address=HERE)


def test_a_sender_s_token_posts_to_its_source_and_does_nothing_else(door: Door) -> None:
    token = door.token("", source="prom", runbooks=["restart-nginx"], name="am")
    doorman = door.entrance.doorman
    admission = doorman.hook(token, Post("prom", {}, b""))
    assert (admission.why, admission.runbooks) == ("", ("restart-nginx",))
    assert doorman.hook(token, Post("zabbix", {}, b"")).why == "this token is not for this source"
    assert doorman.hook("nonsense", Post("prom", {}, b"")).why == "this token is not known"
    with pytest.raises(TurnedAway, match="posts alerts to prom and does nothing else") as caught:
        doorman.by_token(token, address=HERE)
    assert caught.value.known
    door.user("ann")
    assert doorman.hook(door.token("ann"), Post("prom", {}, b"")).why


def test_that_a_token_was_used_is_noted_once_a_minute(door: Door) -> None:
    door.user("ann")
    token, began = door.token("ann"), door.clock.now()
    for seconds, noted in [(0, 0), (30, 0), (29, 0), (1, 60)]:
        door.clock.advance(seconds)
        door.entrance.doorman.by_token(token, address=HERE)
        assert door.tokens()[0].used_at == began + noted


def test_administrators_come_from_where_the_settings_say(door: Door) -> None:
    door.set(admin_addresses=["10.0.0.0/8"])
    door.user("root1", Role.ADMIN)
    door.user("ann", Role.OPERATOR)
    by_token = door.entrance.doorman.by_token
    admin, mere = door.token("root1", Role.ADMIN), door.token("root1", Role.OPERATOR)
    assert by_token(admin, address="10.1.2.3").name == "root1"
    assert by_token(mere, address=HERE).roles == {Role.OPERATOR}
    assert by_token(door.token("ann"), address=HERE).name == "ann"
    with pytest.raises(TurnedAway, match="may not come in from this address"):
        by_token(admin, address=HERE)


def test_the_socket_knows_root_and_the_service_and_believes_them(door: Door) -> None:
    by_socket = door.entrance.doorman.by_socket
    assert by_socket(os.getuid()).roles == {Role.ADMIN}
    assert by_socket(0, "ann (sudo)").actor == "ann (sudo)"
    with pytest.raises(TurnedAway, match="may use its socket") as caught:
        by_socket(54321, "ann")
    assert caught.value.known
    for said in ("uid 1000", "EXAMPLE\\ann", "ann@example.com (sudo)", "jürgen"):
        assert by_socket(0, said).name == said
    for said in (
        "ann\n",
        "x" * 200,
        "ann\u202ex",
        "uid x",
        " ann",
        "a b",
        "ann (token ci)",
        "{{ 1 }}",
        "ann  (sudo)",
    ):
        with pytest.raises(TurnedAway, match="not the name of a person"):
            by_socket(0, said)


def test_a_session_lasts_while_it_is_used_and_not_for_ever(door: Door) -> None:
    door.set(sessions={"idle": 600, "lasts": 3600})
    door.user("ann", Role.OPERATOR)
    opened = door.login("ann")
    by_session = door.entrance.doorman.by_session
    for _ in range(5):
        door.clock.advance(590)
        visit = by_session(opened.cookie, address=HERE)
        assert visit is not None
        assert visit.principal.roles == {Role.OPERATOR}
    door.clock.advance(590)
    assert by_session(opened.cookie, address=HERE) is not None
    door.clock.advance(60)
    assert by_session(opened.cookie, address=HERE) is None  # used all the time, and too old
    other = door.login("ann")
    door.clock.advance(601)
    assert by_session(other.cookie, address=HERE) is None  # idle
    assert by_session("nonsense", address=HERE) is None


def test_a_session_that_was_ended_does_not_come_back_by_being_seen(door: Door) -> None:
    door.user("ann")
    opened = door.login("ann")
    door.clock.advance(120)
    with door.store.transaction() as tx:
        tx.end_sessions(user="ann")
    door.entrance.doorman._seen(opened.session, door.clock.now())
    assert door.entrance.doorman.by_session(opened.cookie, address=HERE) is None


@pytest.mark.parametrize(
    "change",
    [
        {"roles": [Role.VIEWER]},
        {"disabled": True},
        {"password": "another long password"},
        {"runbooks": []},
    ],
)
def test_sessions_end_when_their_user_is_changed(door: Door, change: dict[str, object]) -> None:
    door.user("ann", Role.OPERATOR)
    opened = door.login("ann")
    door.desk().change_user("ann", **change)  # type: ignore[arg-type]
    assert door.entrance.doorman.by_session(opened.cookie, address=HERE) is None


def test_an_administrator_s_session_does_not_follow_him_out(door: Door) -> None:
    door.set(admin_addresses=["10.0.0.0/8"])
    door.user("root1", Role.ADMIN)
    opened = door.login("root1", address="10.0.0.1")
    assert door.entrance.doorman.by_session(opened.cookie, address="10.0.0.1")
    with pytest.raises(TurnedAway, match="may not come in from this address"):
        door.entrance.doorman.by_session(opened.cookie, address=HERE)


def test_what_is_refused_at_the_desk_is_on_the_record(door: Door) -> None:
    door.user("ann")
    who = door.entrance.doorman.by_token(door.token("ann", name="ci"), address=HERE)
    with pytest.raises(Denied, match="needs the role admin"):
        door.desk(who).users()
    [event] = door.record("access.denied")
    assert event.actor == "ann (token ci)"
    assert event.payload["what"] == "users.list"


def test_a_flood_of_denials_is_a_line_and_a_count(door: Door) -> None:
    denials = door.entrance.denials
    for _ in range(1000):
        denials.denied("ann", "login", "wrong", address=HERE)
    assert [each.payload["times"] for each in door.record("access.denied")] == [1]
    door.clock.advance(EVERY)
    denials.tell()
    assert [each.payload["times"] for each in door.record("access.denied")] == [1, 999]
    denials.tell()
    assert len(door.record("access.denied")) == 2


def test_a_flood_under_ever_new_names_is_bounded_too(door: Door) -> None:
    for number in range(5000):
        door.entrance.denials.denied(f"u{number}", "login", "wrong", address=f"10.0.0.{number}")
    assert len(door.record("access.denied")) == AT_MOST
    found = door.denials()
    assert len(found) == AT_MOST + 1
    assert sum(each["times"] for each in found) == 5000


def test_a_denial_s_words_are_inert(door: Door) -> None:
    door.entrance.denials.denied("a\x1b[31mnn\n", "x\ny", "z" * 9000, address="\x00")
    [event] = door.record("access.denied")
    assert "\x1b" not in event.actor
    assert "\n" not in event.actor + str(event.payload["what"])
    assert len(str(event.payload["reason"])) < 400


def test_without_a_store_a_denial_still_denies_and_is_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def transaction(self) -> None:
            from autofix.errors import StoreError

            raise StoreError("the disk is gone")

    door.entrance.denials._store = Broken()  # type: ignore[assignment]
    door.entrance.denials.denied("ann", "login", "wrong")
    assert "a denial could not be written down: the disk is gone" in caplog.text


def test_a_tokens_times_are_kept_apart_from_its_secret(door: Door) -> None:
    door.user("ann")
    secret = (tokens.parts(door.token("ann")) or (0, ""))[1]
    with door.store.reading() as reads:
        [stored] = reads.tokens()
    assert stored.digest == tokens.digest(secret)
    assert secret not in repr(stored)
    assert stored.digest not in repr(stored)
    assert all(stored.digest not in str(event) for event in door.record())
    assert replace(stored, revoked_at=1.0).dead(0.0) == "this token was revoked"
