"""People and tokens at the desk: who may, what is refused, what stands on the record."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.accounts import name_fault
from autofix.core.inert import MASK
from autofix.core.roles import GRANTS, Permission, Principal, Role, lent, narrowed
from autofix.errors import AutofixError, Denied, HeldError, NotFound, UsageError
from doorkit import PASSWORD, Door

ANN = Principal("ann", frozenset({Role.OPERATOR}), via="console")
ADMIN = Principal("boss", frozenset({Role.ADMIN}), via="console")


@pytest.fixture
def door() -> Door:
    door = Door()
    door.user("boss", Role.ADMIN)
    door.user("ann", Role.OPERATOR)
    return door


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_an_administrator_changes_others(door: Door, role: Role) -> None:
    desk = door.desk(Principal("ann", frozenset({role}), via="console"))
    acts: list[Any] = [
        desk.users,
        lambda: desk.add_user("eve", [Role.ADMIN]),
        lambda: desk.change_user("ann", roles=[Role.ADMIN]),
        lambda: desk.remove_user("boss"),
        lambda: desk.tokens(everybody=True),
        lambda: desk.add_token("x", lasts=3600, owner="boss"),
        lambda: desk.add_token("x", lasts=3600, source="prom"),
        lambda: desk.revoke_token(999),
    ]
    for act in acts:
        with pytest.raises(Denied, match="needs the role admin"):
            act()
    assert {user.name for user in door.desk().users()} == {"ann", "boss"}


def test_hashes_and_secrets_leave_the_desk_by_no_way(door: Door) -> None:
    token, secret = door.desk(ANN).add_token("ci", lasts=3600)
    assert token.digest == MASK
    assert secret.startswith(f"af_{token.id}_")
    assert {user.password for user in door.desk().users()} == {MASK}
    assert [each.digest for each in door.desk(ANN).tokens()] == [MASK]
    told = str([event.payload for event in door.record()])
    assert "argon2" not in told
    assert secret.rpartition("_")[2] not in told
    assert PASSWORD not in told


def test_every_change_is_on_the_record_under_who_made_it(door: Door) -> None:
    desk = door.desk(ADMIN)
    desk.add_user("eve", [Role.VIEWER], password=PASSWORD, runbooks=["restart-nginx"])
    desk.change_user("eve", roles=[Role.APPROVER], disabled=True)
    number = desk.add_token("am", lasts=3600, source="prom")[0].id
    desk.revoke_token(number)
    desk.remove_user("eve")
    said = [(event.actor, event.action) for event in door.record() if event.actor == "boss"]
    actions = ["user.added", "user.changed", "token.added", "token.revoked", "user.removed"]
    assert said == [("boss", action) for action in actions]
    changed = door.record("user.changed")[-1].payload
    assert changed["user"] == "eve"
    assert changed["roles"] == ["approver"]
    assert changed["changed"] == ["disabled_at", "roles"]


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.remove_user("boss"),
        lambda desk: desk.change_user("boss", disabled=True),
        lambda desk: desk.change_user("boss", roles=[Role.VIEWER]),
    ],
)
def test_the_last_administrator_can_t_shut_everybody_out(door: Door, act: Any) -> None:
    with pytest.raises(HeldError, match="boss is the last administrator"):
        act(door.desk(ADMIN))
    door.user("boss2", Role.ADMIN)
    act(door.desk(ADMIN))
    with pytest.raises(HeldError, match="boss2 is the last administrator"):
        door.desk(ADMIN).remove_user("boss2")
    door.desk().remove_user("boss2")  # at this machine one can make another


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda d: d.add_user("ann", [Role.VIEWER]), HeldError, "there is a user ann already"),
        (lambda d: d.add_user("ANN", [Role.VIEWER]), HeldError, "there is a user ann already"),
        (lambda d: d.add_user("x y", [Role.VIEWER]), UsageError, "a name has 1 to 80"),
        (lambda d: d.add_user("x\x1b", [Role.VIEWER]), UsageError, "a name has 1 to 80"),
        (lambda d: d.add_user("root", [Role.VIEWER]), UsageError, "not the name of a person"),
        (lambda d: d.add_user("eve", []), UsageError, "needs a role"),
        (lambda d: d.add_user("eve", [Role.VIEWER], password="short"), UsageError, "at least 12"),
        (
            lambda d: d.add_user("eve", [Role.VIEWER], runbooks=["restart-nginxx"]),
            NotFound,
            "there is no runbook 'restart-nginxx'",
        ),
        (lambda d: d.change_user("eve", disabled=True), NotFound, "there is no user 'eve'"),
        (lambda d: d.change_user("ann"), UsageError, "nothing is to be changed"),
        (
            lambda d: d.change_user("ann", runbooks=[], all_runbooks=True),
            UsageError,
            "all runbooks, and a list",
        ),
        (lambda d: d.remove_user("eve"), NotFound, "there is no user 'eve'"),
        (lambda d: d.add_token("x", lasts=1, owner="ann"), UsageError, "is good for"),
        (lambda d: d.add_token("x", lasts=367 * 86400, owner="ann"), UsageError, "is good for"),
        (lambda d: d.add_token("x", lasts=float("nan"), owner="ann"), UsageError, "is good for"),
        (lambda d: d.add_token("a b", lasts=3600, owner="ann"), UsageError, "a token's name"),
        (lambda d: d.add_token("x", lasts=3600), NotFound, "there is no user 'keeper'"),
        (
            lambda d: d.add_token("x", lasts=3600, owner="ann", roles=[Role.ADMIN]),
            UsageError,
            "ann has not what the role admin gives",
        ),
        (lambda d: d.add_token("x", lasts=3600, source="pron"), NotFound, "no source 'pron'"),
        (
            lambda d: d.add_token("x", lasts=3600, source="prom", roles=[Role.VIEWER]),
            UsageError,
            "has no roles",
        ),
        (
            lambda d: d.add_token("x", lasts=3600, source="prom", runbooks=[]),
            UsageError,
            "may trigger no runbook",
        ),
        (lambda d: d.revoke_token(99), NotFound, "there is no token 99"),
    ],
)
def test_bad_wishes_are_refused_in_a_line(
    door: Door, act: Any, error: type[AutofixError], said: str
) -> None:
    before = len(door.record())
    with pytest.raises(error, match=said) as caught:
        act(door.desk())
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(door.record()) == before


def test_a_name_serves_one_living_token_of_its_owner(door: Door) -> None:
    desk = door.desk(ANN)
    first = desk.add_token("ci", lasts=3600)[0]
    with pytest.raises(HeldError, match="has a token ci already"):
        desk.add_token("ci", lasts=3600)
    desk.revoke_token(first.id)
    assert desk.add_token("ci", lasts=3600)[0].id != first.id
    with pytest.raises(HeldError, match="revoked already"):
        desk.revoke_token(first.id)


def test_people_see_and_revoke_their_own_tokens_and_no_others(door: Door) -> None:
    theirs = door.desk(ADMIN).add_token("b", lasts=3600)[0]
    mine = door.desk(ANN).add_token("a", lasts=3600)[0]
    assert [each.id for each in door.desk(ANN).tokens()] == [mine.id]
    assert {each.id for each in door.desk(ADMIN).tokens(everybody=True)} == {mine.id, theirs.id}
    with pytest.raises(Denied):
        door.desk(ANN).revoke_token(theirs.id)
    door.desk(ADMIN).revoke_token(mine.id)


def test_a_token_makes_no_tokens_so_its_end_is_an_end(door: Door) -> None:
    token = door.token("ann", Role.OPERATOR)
    who = door.entrance.doorman.by_token(token, address="")
    with pytest.raises(Denied, match="needs the role admin"):
        door.desk(who).add_token("longer", lasts=3600)


def test_without_roles_a_token_has_its_owner_s_but_never_an_administrator_s(door: Door) -> None:
    assert door.desk(ANN).add_token("a", lasts=3600)[0].roles == {Role.OPERATOR}
    assert door.desk(ADMIN).add_token("b", lasts=3600)[0].roles == {Role.VIEWER}
    asked = door.desk(ADMIN).add_token("c", lasts=3600, roles=[Role.ADMIN, Role.OPERATOR])[0]
    assert asked.roles == {Role.ADMIN, Role.OPERATOR}


def test_a_role_is_lent_only_with_everything_it_gives() -> None:
    for owner in Role:
        for role in Role:
            assert (role in lent([role], [owner])) is (GRANTS[role] <= GRANTS[owner])
    assert lent([Role.OPERATOR, Role.ADMIN], [Role.ADMIN]) == {Role.OPERATOR, Role.ADMIN}
    assert lent([Role.ADMIN], [r for r in Role if r is not Role.ADMIN]) == frozenset()


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (None, None, None),
        (None, ["a"], {"a"}),
        (["a"], None, {"a"}),
        (["a", "b"], ["b", "c"], {"b"}),
        ([], None, set()),
        (["a"], ["b"], set()),
    ],
)
def test_lists_of_runbooks_narrow_one_another(one: Any, other: Any, both: Any) -> None:
    assert narrowed(one, other) == both


def test_no_role_may_post_alerts_and_every_role_may_look() -> None:
    for granted in GRANTS.values():
        assert Permission.HOOK not in granted
        assert {Permission.SELF, Permission.READ} <= granted


@pytest.mark.parametrize(
    "name", ["", "a b", "-a", "é", "a/b", "a" * 81, "Autofix", "a(b)", "unknown"]
)
def test_names_that_people_can_t_have(name: str) -> None:
    assert name_fault(name)


@pytest.mark.parametrize("name", ["ann", "ann.smith@example.com", "a+b", "4711", "ci_bot-2"])
def test_names_that_people_can_have(name: str) -> None:
    assert not name_fault(name)
