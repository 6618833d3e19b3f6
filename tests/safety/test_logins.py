"""SAFETY 31: thousands of logins. At most ten tries for an account in a quarter of an hour, and
nothing tells who exists."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from autofix.core.roles import Role
from autofix.desk.denials import AT_MOST, EVERY
from autofix.desk.logins import TRIES, WINDOW, TooMany
from autofix.desk.passwords import Passwords
from autofix.errors import Denied
from autofix.store import open_store
from doorkit import PASSWORD, Door, cheap
from doorkit.web import Browser, House

REAL = [f"real{number}" for number in range(6)]
#: Entries of the record that a minute of denials may make: the first of each, and the counts.
FLOOD = 2 * AT_MOST + 1
NOBODY = [f"nobody{number}" for number in range(6)]


class Counting(Passwords):
    """Writes down each check: when, and of whom the test says it is."""

    def __init__(self, door: Door) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._door = door
        self.asked = ""
        self.checks: dict[str, list[float]] = defaultdict(list)
        self.hashed = 0

    def check(self, stored: str, password: str) -> bool:
        self.checks[self.asked].append(self._door.clock.now())
        return super().check(stored, password)


def most_in_a_window(moments: list[float]) -> int:
    return max((sum(at <= other < at + WINDOW for other in moments) for at in moments), default=0)


def _storm(count: int) -> tuple[Door, Counting, dict[str, set[str]]]:
    """So many wrong logins by many addresses, half of them for accounts that are there."""
    door, dice = Door(), random.Random(31)
    passwords = Counting(door)
    door.entrance.logins._passwords = passwords
    for name in REAL:
        door.user(name, Role.ADMIN)
    said: dict[str, set[str]] = defaultdict(set)
    for number in range(count):
        name = dice.choice(REAL + NOBODY)
        passwords.asked = name
        door.clock.advance(dice.choice([0.0, 0.5, 2.0]))
        try:
            door.login(name, f"guess {number}", address=f"10.{number % 251}.{number % 241}.1")
        except (Denied, TooMany) as error:
            said[name].add(f"{type(error).__name__} {error} {error.hint}")
    return door, passwords, said


def _judge(count: int) -> None:
    door, passwords, said = _storm(count)
    assert sum(len(each) for each in said.values()) > 0
    for name in REAL + NOBODY:
        assert 0 < most_in_a_window(passwords.checks[name]) <= TRIES, name
    told = {frozenset(words) for words in said.values()}
    assert len(told) == 1, "what is said differs between accounts that are there and that are not"
    real = sum(len(passwords.checks[name]) for name in REAL)
    none = sum(len(passwords.checks[name]) for name in NOBODY)
    assert abs(real - none) <= len(REAL) * TRIES  # as much work for the one as for the other
    written = [event.at for event in door.record("access.denied")]
    assert max(sum(at <= other < at + EVERY for other in written) for at in written) <= FLOOD
    assert door.record("session.started") == []


def test_a_storm_of_logins_gets_ten_tries_for_each_account() -> None:
    _judge(1200)


@pytest.mark.long
def test_ten_thousand_logins_get_ten_tries_for_each_account() -> None:
    _judge(10_000)


def test_the_count_survives_a_restart(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def door() -> Door:
        return Door(store=open_store("sqlite:///" + str(tmp_path / "a.db"), state=tmp_path / "s"))

    first = door()
    first.user("ann")
    for number in range(TRIES):
        with pytest.raises(Denied):
            first.login("ann", "wrong wrong wrong", address=f"10.0.0.{number}")
    first.store.close()  # type: ignore[attr-defined]
    second = door()
    with pytest.raises(TooMany):
        second.login("ann", address="10.0.1.1")
    second.clock.advance(WINDOW + 1)
    assert second.login("ann", address="10.0.1.1").principal.name == "ann"
    second.store.close()  # type: ignore[attr-defined]


def test_the_whole_answer_is_the_same_for_who_is_there_and_who_is_not() -> None:
    """Status, headers and body, by the API."""
    house = House()
    house.door.user("ann", Role.ADMIN)
    answers = {}
    for name in ("ann", "nobody1"):
        seen = []
        for number in range(TRIES + 2):
            body = {"name": name, "password": f"guess {number} of many"}
            said = Browser(house).ask(
                "POST", "/api/v1/session", json=body, address=f"10.0.{len(name)}.{number}"
            )
            seen.append((said.status_code, said.text, sorted(said.headers.items())))
        answers[name] = seen
    assert answers["ann"] == answers["nobody1"]
    assert [status for status, _, _ in answers["ann"]] == [401] * TRIES + [429] * 2


def test_an_unknown_name_is_checked_as_slowly_as_a_known_one() -> None:
    """By count, not by clock: each of them verifies one hash of the same parameters."""
    passwords = cheap()
    verified: list[str] = []
    hasher = passwords._hasher

    class Watching:
        def verify(self, stored: str, password: bytes) -> bool:
            verified.append(stored.rpartition("$")[0].rpartition("$")[0])
            return bool(hasher.verify(stored, password))

        def hash(self, password: bytes) -> str:
            return hasher.hash(password)

    passwords._hasher = Watching()  # type: ignore[assignment]
    stored = passwords.hash(PASSWORD)
    assert passwords.check(stored, PASSWORD)
    assert not passwords.check(stored, "another long password")
    assert not passwords.check("", PASSWORD)
    assert len(verified) == 3
    assert len(set(verified)) == 1
