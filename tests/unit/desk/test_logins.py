"""Logging in, throttled; the second factor; passwords; the first start."""

from __future__ import annotations

import contextlib
import threading
import time

import pyotp
import pytest

from autofix.core.roles import Role
from autofix.desk.denials import AT_MOST
from autofix.desk.logins import TRIES, WINDOW, WRONG, FarAway, TooMany
from autofix.desk.passwords import WAITING, Busy, Passwords, fault
from autofix.errors import AutofixError, Denied, HeldError, UsageError
from doorkit import PASSWORD, Door

HERE = "192.0.2.7"
OTHER = "another long password"


@pytest.fixture
def door() -> Door:
    return Door()


def visit(door: Door, name: str = "ann", code: str = "", **more: str):  # type: ignore[no-untyped-def]
    opened = door.login(name, code=code, **more)
    return door.entrance.doorman.by_session(opened.cookie, address=HERE)


def enrolled(door: Door, name: str = "ann") -> pyotp.TOTP:
    """His authenticator, after a first code."""
    here = visit(door, name)
    seed = pyotp.parse_uri(door.entrance.own.begin_second_factor(here)).secret
    totp = pyotp.TOTP(seed)
    door.entrance.own.confirm_second_factor(here, totp.at(door.clock.now()))
    return totp


def test_name_and_password_open_a_session_and_the_record_says_so(door: Door) -> None:
    door.user("ann", Role.OPERATOR)
    opened = door.login("ann")
    assert opened.principal.actor == "ann"
    with door.store.reading() as reads:
        stored = reads.session(opened.session.digest)
        user = reads.user("ann")
    assert stored is not None
    assert opened.cookie not in repr(stored)
    assert user is not None
    assert user.seen_at == door.clock.now()
    assert [event.actor for event in door.record("session.started")] == ["ann"]


def test_whatever_is_wrong_is_said_in_the_same_words(door: Door) -> None:
    door.user("ann")
    door.user("gone", Role.VIEWER)
    door.desk().change_user("gone", disabled=True)
    door.user("byway", password="")
    door.user("two")
    totp = enrolled(door, "two")
    tries = [("ann", OTHER, ""), ("nobody1", PASSWORD, ""), ("gone", PASSWORD, "")]
    tries += [("byway", "", ""), ("byway", PASSWORD, ""), ("", "", ""), ("ann\x00", "\ud800", "")]
    tries += [("two", PASSWORD, ""), ("two", PASSWORD, "000000"), ("two", OTHER, totp.now())]
    for number, (name, password, code) in enumerate(tries):
        with pytest.raises(Denied) as caught:
            door.login(name, password, code, address=f"10.0.0.{number}")
        assert str(caught.value) == WRONG
        assert type(caught.value) is Denied


def test_only_names_that_exist_are_written_down(door: Door) -> None:
    """People type their password where the name belongs."""
    door.user("ann")
    for name in ("ann", "my secret password"):
        with pytest.raises(Denied):
            door.login(name, "wrong wrong wrong")
    assert {event.actor for event in door.record("access.denied")} == {"ann", "unknown"}
    assert "my secret" not in str(door.record())


@pytest.mark.parametrize("name", ["ann", "nobody1"])
def test_ten_tries_for_an_account_wherever_they_come_from(door: Door, name: str) -> None:
    door.user("ann")
    for number in range(TRIES):
        with pytest.raises(Denied):
            door.login(name, OTHER, address=f"10.0.0.{number}")
    for number in range(TRIES, 100):
        with pytest.raises(TooMany):  # the right one, too
            door.login(name, PASSWORD, address=f"10.0.0.{number}")
    door.clock.advance(WINDOW + 1)
    with pytest.raises(Denied):
        door.login("nobody1", PASSWORD)
    assert door.login("ann").principal.name == "ann"


def test_capital_letters_are_no_further_account(door: Door) -> None:
    for number in range(TRIES):
        with pytest.raises(Denied):
            door.login("aNn" if number % 2 else "Ann", OTHER, address=f"10.0.0.{number}")
    with pytest.raises(TooMany):
        door.login("ann", OTHER, address="10.0.1.1")


def test_ten_tries_from_an_address_whatever_the_account(door: Door) -> None:
    for number in range(TRIES):
        with pytest.raises(Denied):
            door.login(f"u{number}", OTHER)
    with pytest.raises(TooMany):
        door.login("u99", OTHER)
    with pytest.raises(Denied):
        door.login("u98", OTHER, address="10.0.0.1")


def test_an_office_behind_one_address_does_not_lock_itself_out(door: Door) -> None:
    for number in range(3 * TRIES):
        door.user(f"u{number}")
        door.login(f"u{number}")
    assert len(door.record("session.started")) == 3 * TRIES


def test_who_knows_one_password_gets_no_endless_guesses_at_others(door: Door) -> None:
    door.user("mallory")
    guesses = 0
    for number in range(300):
        try:
            door.login("mallory")
            door.login(f"victim{number}", OTHER)
        except TooMany:
            break
        except Denied:
            guesses += 1
    assert guesses <= 2 * TRIES


def test_a_new_login_ends_the_session_that_came_along(door: Door) -> None:
    door.user("ann")
    first = door.login("ann")
    second = door.login("ann", old=first.cookie)
    assert first.cookie != second.cookie
    assert first.session.csrf != second.session.csrf
    by_session = door.entrance.doorman.by_session
    assert by_session(first.cookie, address=HERE) is None
    assert by_session(second.cookie, address=HERE) is not None
    door.entrance.logins.logout(second.session)
    assert by_session(second.cookie, address=HERE) is None


def test_an_administrator_logs_in_from_where_the_settings_say(door: Door) -> None:
    door.set(admin_addresses=["10.0.0.0/8"])
    door.user("root1", Role.ADMIN)
    with pytest.raises(FarAway, match="may not come in from this address"):
        door.login("root1")
    with pytest.raises(Denied, match=WRONG):  # nothing is told without the password
        door.login("root1", OTHER)
    assert door.login("root1", address="10.0.0.1").principal.roles == {Role.ADMIN}


def test_a_password_is_hashed_anew_when_the_parameters_change(door: Door) -> None:
    door.user("ann")
    old = Passwords(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with door.store.transaction() as tx:
        user = tx.user("ann")
        assert user is not None
        tx.save_user(user.with_(password=old), door.record()[0])
    opened = door.login("ann")
    with door.store.reading() as reads:
        user = reads.user("ann")
    assert user is not None
    assert user.password not in ("", old)
    assert door.entrance.passwords.check(user.password, PASSWORD)
    assert door.entrance.doorman.by_session(opened.cookie, address=HERE)


def test_a_code_is_good_once(door: Door) -> None:
    door.user("ann")
    totp = enrolled(door)
    door.clock.advance(30)
    code = totp.at(door.clock.now())
    door.login("ann", code=code)
    with pytest.raises(Denied, match=WRONG):
        door.login("ann", code=code)
    with pytest.raises(Denied, match=WRONG):
        door.login("ann", code=totp.at(door.clock.now() - 30))  # older than the last one


def test_one_code_at_once_from_many_opens_one_session(door: Door) -> None:
    door.user("ann")
    totp = enrolled(door)
    door.clock.advance(30)
    code, opened = totp.at(door.clock.now()), []

    def come(number: int) -> None:
        with contextlib.suppress(AutofixError):
            opened.append(door.login("ann", code=code, address=f"10.0.0.{number}"))

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(opened) == 1


@pytest.mark.parametrize(("drift", "good"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_wrong_by_one_code(door: Door, drift: int, good: bool) -> None:
    door.user("ann")
    totp = enrolled(door)
    door.clock.advance(3000)
    code = totp.at(door.clock.now() + drift)
    if good:
        assert door.login("ann", code=f"{code[:3]} {code[3:]}")
    else:
        with pytest.raises(Denied):
            door.login("ann", code=code)


@pytest.mark.parametrize("said", ["admins", "everybody"])
def test_who_owes_a_second_factor_may_only_enrol(door: Door, said: str) -> None:
    door.set(second_factor=said)
    door.user("ann", Role.ADMIN)
    here = visit(door)
    assert not here.session.passed
    assert here.principal.roles == frozenset()
    totp = enrolled(door)
    door.clock.advance(30)
    opened = door.login("ann", code=totp.at(door.clock.now()))
    assert opened.session.passed
    assert opened.principal.roles == {Role.ADMIN}


def test_stricter_settings_hold_for_sessions_that_are_open(door: Door) -> None:
    door.user("ann", Role.ADMIN)
    door.user("ben", Role.VIEWER)
    cookies = [door.login(name).cookie for name in ("ann", "ben")]
    door.set(second_factor="admins")
    found = [door.entrance.doorman.by_session(each, address=HERE) for each in cookies]
    assert [each.session.passed for each in found if each] == [False, True]


def test_enrolling_ends_the_other_sessions_and_passes_this_one(door: Door) -> None:
    door.set(second_factor="everybody")
    door.user("ann")
    other, opened = door.login("ann"), door.login("ann")
    by_session = door.entrance.doorman.by_session
    here = by_session(opened.cookie, address=HERE)
    assert here is not None
    own = door.entrance.own
    seed = pyotp.parse_uri(own.begin_second_factor(here)).secret
    with pytest.raises(Denied, match="the code is wrong"):
        own.confirm_second_factor(here, "000000")
    own.confirm_second_factor(here, pyotp.TOTP(seed).at(door.clock.now()))
    assert by_session(other.cookie, address=HERE) is None
    after = by_session(opened.cookie, address=HERE)
    assert after is not None
    assert after.session.passed
    with pytest.raises(HeldError, match="already"):
        own.begin_second_factor(after)
    assert seed not in str(door.record())


def test_codes_are_not_guessed_while_enrolling(door: Door) -> None:
    door.user("ann")
    here = visit(door)
    door.entrance.own.begin_second_factor(here)
    for _ in range(TRIES):
        with pytest.raises(Denied):
            door.entrance.own.confirm_second_factor(here, "000000")
    with pytest.raises(TooMany):
        door.entrance.own.confirm_second_factor(here, "000000")


def test_dropping_the_second_factor_asks_for_password_and_code(door: Door) -> None:
    door.user("ann")
    totp = enrolled(door)
    door.clock.advance(30)
    here = visit(door, code=totp.at(door.clock.now()))
    own = door.entrance.own
    door.clock.advance(30)
    for password, code in [(PASSWORD, ""), (OTHER, totp.at(door.clock.now())), (PASSWORD, "1")]:
        with pytest.raises(Denied):
            own.drop_second_factor(here, password, code)
    own.drop_second_factor(here, PASSWORD, totp.at(door.clock.now()))
    assert door.login("ann").session.passed
    with door.store.reading() as reads:
        assert reads.kept() == []


def test_who_must_have_one_can_t_drop_it(door: Door) -> None:
    door.user("ann", Role.ADMIN)
    totp = enrolled(door)
    door.set(second_factor="admins")
    door.clock.advance(30)
    here = visit(door, code=totp.at(door.clock.now()))
    with pytest.raises(HeldError, match="ask for a second factor"):
        door.entrance.own.drop_second_factor(here, PASSWORD, totp.at(door.clock.now() + 30))


def test_an_administrator_drops_the_second_factor_of_who_lost_it(door: Door) -> None:
    door.user("ann")
    enrolled(door)
    assert door.desk().change_user("ann", drop_second_factor=True).second_factor == ""
    assert door.login("ann")
    with door.store.reading() as reads:
        assert reads.kept() == []


def test_a_seed_that_is_gone_shuts_the_account_and_does_not_open_it(door: Door) -> None:
    door.user("ann")
    totp = enrolled(door)
    with door.store.transaction() as tx:
        tx.remove_kept("second-factor/ann", door.record()[0])
    door.clock.advance(30)
    for code in ("", totp.at(door.clock.now())):
        with pytest.raises(Denied, match=WRONG):
            door.login("ann", code=code)


def test_a_new_password_ends_the_other_sessions(door: Door) -> None:
    door.user("ann")
    other, opened = door.login("ann"), door.login("ann")
    by_session = door.entrance.doorman.by_session
    here = by_session(opened.cookie, address=HERE)
    assert here is not None
    with pytest.raises(Denied, match="the password or the code is wrong"):
        door.entrance.own.change_password(here, OTHER, "yet another long one")
    with pytest.raises(UsageError, match="at least 12"):
        door.entrance.own.change_password(here, PASSWORD, "short")
    door.entrance.own.change_password(here, PASSWORD, OTHER)
    assert by_session(other.cookie, address=HERE) is None
    assert by_session(opened.cookie, address=HERE) is not None
    assert door.login("ann", OTHER)
    assert PASSWORD not in str(door.record())
    assert OTHER not in str(door.record())
    assert "argon2" not in str(door.record())


def test_a_session_that_was_ended_meanwhile_does_not_come_back(door: Door) -> None:
    door.user("ann")
    opened = door.login("ann")
    by_session = door.entrance.doorman.by_session
    here = by_session(opened.cookie, address=HERE)
    assert here is not None
    door.entrance.logins.logout(here.session)  # in another window, while the request is on its way
    door.entrance.own.change_password(here, PASSWORD, OTHER)
    assert by_session(opened.cookie, address=HERE) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 12"),
        ("x" * 2000, "at most"),
        ("aaaaaaaaaaaaaaa", "same few characters"),
        ("Annabella.Smith", "that is the name"),
        ("annabella.smith2026", "that is the name"),
        ("annabella.smithannabella.smith", "that is the name"),
        (PASSWORD, ""),
        ("пароль из слов", ""),
    ],
)
def test_the_rules_are_one_clear_line(password: str, said: str) -> None:
    wrong = fault(password, "annabella.smith")
    assert said in wrong
    assert bool(said) == bool(wrong)
    assert "\n" not in wrong


def test_checks_wait_for_their_turn_and_not_for_ever() -> None:
    passwords = Passwords(at_once=1, time_cost=1, memory_cost=8, parallelism=1, patience=0.01)
    passwords.check("", "x")
    with passwords._turn(), pytest.raises(HeldError, match="too many logins at once"):
        passwords.check("", "x")
    assert not passwords.check("", "x")


def test_few_wait_for_a_check_and_the_next_one_is_told_at_once() -> None:
    """A flood of logins must not take all threads from those who are in."""
    passwords = Passwords(at_once=1, time_cost=1, memory_cost=8, parallelism=1, patience=30)
    passwords.check("", "x")
    told: list[str] = []

    def come() -> None:
        try:
            passwords.check("", "x")
        except Busy as error:
            told.append(str(error))

    with passwords._turn():
        threads = [threading.Thread(target=come) for _ in range(WAITING + 5)]
        for each in threads:
            each.start()
        deadline = time.monotonic() + 20
        while len(told) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(told) == 5
    for each in threads:
        each.join()
    assert len(told) == 5  # those who waited had their turn


def test_a_flood_from_one_place_is_not_written_down_try_by_try(door: Door) -> None:
    counted: list[str] = []
    store, transaction = door.store, door.store.transaction

    def counting():  # type: ignore[no-untyped-def]
        counted.append("")
        return transaction()

    store.transaction = counting  # type: ignore[method-assign]
    for number in range(500):
        with pytest.raises((Denied, TooMany)):
            door.login(f"u{number}", OTHER, address=f"2001:db8::{number:x}")
    assert len(counted) <= TRIES + 1 + AT_MOST  # the tries, and the first of each denial


def test_a_network_of_ipv6_is_one_place(door: Door) -> None:
    for number in range(TRIES):
        with pytest.raises(Denied):
            door.login(f"u{number}", OTHER, address=f"2001:db8::{number:x}")
    with pytest.raises(TooMany):
        door.login("u99", OTHER, address="2001:db8::ffff")
    with pytest.raises(Denied):
        door.login("u98", OTHER, address="2001:db8:0:1::1")


def test_the_parameters_are_those_of_the_rfc() -> None:
    hashed = Passwords().hash("x")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not Passwords().stale(hashed)
    assert Passwords(time_cost=4).stale(hashed)


def test_the_first_start_makes_one_administrator_by_one_link(door: Door) -> None:
    setup = door.entrance.setup
    old, code = setup.begin(), setup.begin()
    with pytest.raises(Denied, match="a newer one was made"):
        setup.good(old, address=HERE)
    with pytest.raises(Denied):
        setup.good("", address=HERE)
    with pytest.raises(UsageError, match="at least 12"):
        setup.finish(code, "ann", "short", address=HERE)
    with pytest.raises(UsageError, match="name"):
        setup.finish(code, "root", PASSWORD, address=HERE)
    assert setup.finish(code, "ann", PASSWORD, address=HERE).roles == {Role.ADMIN}
    with pytest.raises(Denied, match="there are accounts already"):
        setup.finish(code, "eve", PASSWORD, address=HERE)
    assert setup.begin() == ""
    assert door.login("ann").principal.roles == {Role.ADMIN}
    assert code not in str(door.record())


def test_the_link_is_good_for_a_day_and_is_no_session(door: Door) -> None:
    code = door.entrance.setup.begin()
    assert door.entrance.doorman.by_session(code, address=HERE) is None
    assert door.entrance.doorman.by_session(f"setup {code}", address=HERE) is None
    door.clock.advance(86400)
    with pytest.raises(Denied, match="has expired"):
        door.entrance.setup.finish(code, "ann", PASSWORD, address=HERE)


def test_of_two_who_use_the_link_at_once_one_becomes_administrator(door: Door) -> None:
    code, made, turned_away = door.entrance.setup.begin(), [], []

    def come(name: str) -> None:
        try:
            made.append(door.entrance.setup.finish(code, name, PASSWORD, address=HERE))
        except Denied as error:
            turned_away.append(str(error))

    threads = [threading.Thread(target=come, args=(f"user{number}",)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(made), len(turned_away)) == (1, 5)
    assert len(door.desk().users()) == 1


def test_a_fresh_store_lets_nobody_in(door: Door) -> None:
    for name in ("admin", "root", "autofix", ""):
        for password in ("admin", "password", "autofix", ""):
            with pytest.raises(AutofixError):
                door.login(name, password, address=f"{name}{password}")
    assert door.desk().users() == []
    assert door.tokens() == []
