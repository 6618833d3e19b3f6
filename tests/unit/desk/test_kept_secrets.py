"""Kept secrets at the desk: set, listed by name, removed, their key rotated; no value comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autofix.core.roles import Role
from autofix.desk.local import LocalDesk
from autofix.errors import Denied, HeldError, NotFound, UsageError
from autofix.store.sealed import Vault
from autofix.store.secret_keys import SecretKeys
from unit.desk.kit import person, place
from unit.flow.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Vault:
    def empty() -> bool:
        with world.store.reading() as reads:
            return not reads.kept()

    return Vault(SecretKeys(tmp_path / "keys"), empty)


@pytest.fixture
def desk(world: World, vault: Vault) -> LocalDesk:
    return LocalDesk(replace(place(world), vault=lambda: vault), person())


def payloads(world: World, action: str) -> list[object]:
    with world.store.reading() as reads:
        return [each.event.payload for each in reads.audit(action=action)]


def test_a_secret_is_kept_replaced_listed_and_removed(
    world: World, desk: LocalDesk, vault: Vault
) -> None:
    desk.keep_secret("mail", "hunter2")
    desk.keep_secret("mail", "hunter3")
    desk.keep_secret("chat.url", "https://chat.example/hunter4")
    found = desk.kept_secrets()
    assert [each["name"] for each in found] == ["chat.url", "mail"]
    assert {each["by"] for each in found} == {"ann"}
    with world.store.reading() as reads:
        assert [vault.open(each) for each in reads.kept()][1] == "hunter3"
    desk.remove_secret("mail")
    assert [each["name"] for each in desk.kept_secrets()] == ["chat.url"]
    assert payloads(world, "secret.kept") == [
        {"secret": "mail", "replaced": False},
        {"secret": "mail", "replaced": True},
        {"secret": "chat.url", "replaced": False},
    ]
    assert payloads(world, "secret.removed") == [{"secret": "mail"}]
    with world.store.reading() as reads:
        assert "hunter" not in repr(reads.audit()) + repr(reads.kept()) + repr(found)


def test_a_rotation_is_on_the_record(world: World, desk: LocalDesk, vault: Vault) -> None:
    desk.keep_secret("mail", "hunter2")
    done = desk.rotate_keys()
    assert done["secrets"] == 1
    assert payloads(world, "secret.key_rotated") == [done]
    with world.store.reading() as reads:
        assert vault.open(reads.kept()[0]) == "hunter2"


@pytest.mark.parametrize(
    "name", ["", "a b", "-a", ".a", "second-factor/ann", "a/b", "ä", "x" * 81, "a\nb", "a\x00"]
)
def test_a_name_that_is_none_is_refused(desk: LocalDesk, name: str) -> None:
    with pytest.raises(UsageError, match="can't be the name of a secret") as refused:
        desk.keep_secret(name, "hunter2")
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("value", "said"), [("", "is empty"), ("x" * 65537, "is too large")])
def test_a_value_that_can_not_be_kept_is_refused(desk: LocalDesk, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        desk.keep_secret("mail", value)
    assert desk.kept_secrets() == []


def test_what_is_not_there_and_what_is_autofixs_own(
    world: World, desk: LocalDesk, vault: Vault
) -> None:
    with pytest.raises(NotFound, match="no kept secret 'mail'"):
        desk.remove_secret("mail")
    seed = vault.seal("second-factor/ann", "SEED", at=1.0, by="ann")
    with world.store.transaction() as tx:
        tx.put_kept(seed, None)
    with pytest.raises(HeldError, match="autofix's own"):
        desk.remove_secret("second-factor/ann")
    assert len(desk.kept_secrets()) == 1


ACTS: list[Callable[[LocalDesk], object]] = [
    lambda d: d.kept_secrets(),
    lambda d: d.keep_secret("a", "b"),
    lambda d: d.remove_secret("a"),
    lambda d: d.rotate_keys(),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_administrator_may(
    world: World, vault: Vault, role: Role, act: Callable[[LocalDesk], object]
) -> None:
    desk = LocalDesk(replace(place(world), vault=lambda: vault), person("ben", role))
    with pytest.raises(Denied):
        act(desk)
