"""What a vault must do with every store: seal, open, rotate, refuse what was changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autofix.core.accounts import Kept
from autofix.errors import StoreError
from autofix.ports import Store, Vault
from autofix.store.sealed import Vault as AesVault
from autofix.store.secret_keys import SecretKeys
from storekit import at_once, event


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    def empty() -> bool:
        with store.reading() as reads:
            return not reads.kept()

    return AesVault(SecretKeys(tmp_path / "keys"), empty)


def keep(store: Store, vault: Vault, name: str, value: str) -> Kept:
    kept = vault.seal(name, value, at=1.0, by="ann")
    with store.transaction() as tx:
        tx.put_kept(kept, event("secret.kept"))
    return kept


def test_what_is_kept_is_opened_and_rotated(store: Store, vault: Vault) -> None:
    first = keep(store, vault, "a", "hunter2 é\U0001f525")
    keep(store, vault, "b", "other")
    assert vault.open(first) == "hunter2 é\U0001f525"
    done = vault.rotate(store, lambda found: event("secret.key_rotated", payload=found))
    assert done["old"] == first.key != done["new"]
    with store.reading() as reads:
        assert [vault.open(kept) for kept in reads.kept()] == ["hunter2 é\U0001f525", "other"]
        assert {kept.key for kept in reads.kept()} == {done["new"]}
        assert len(reads.audit(action="secret.key_rotated")) == 1


def test_who_writes_to_the_store_can_not_swap_two_secrets(store: Store, vault: Vault) -> None:
    keep(store, vault, "a", "one")
    other = keep(store, vault, "b", "two")
    with store.transaction() as tx:
        tx.put_kept(replace(other, name="a"), None)
    with store.reading() as reads, pytest.raises(StoreError, match="belongs to another name"):
        vault.open(reads.kept()[0])


def test_two_rotations_at_once_are_one_after_the_other(store: Store, vault: Vault) -> None:
    keep(store, vault, "a", "one")

    def rotate() -> object:
        return vault.rotate(store, lambda found: event("secret.key_rotated", payload=found))

    one, two = at_once(rotate, rotate)
    assert isinstance(one, dict), one
    assert isinstance(two, dict), two
    assert {one["new"], two["new"]} & {one["old"], two["old"]}
    with store.reading() as reads:
        assert [vault.open(kept) for kept in reads.kept()] == ["one"]
