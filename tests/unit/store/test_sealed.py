"""Kept secrets: sealed, bound to their names, and readable whenever a rotation breaks off."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.core.audit import AuditEvent
from autofix.errors import HeldError, StoreError, UsageError
from autofix.store import open_store
from autofix.store.sealed import Vault
from autofix.store.secret_keys import FILE, SecretKeys, made_of, new_key
from autofix.store.sql import SqlStore
from storekit import event, open_sqlite


def rotated(done: Mapping[str, Any]) -> AuditEvent:
    return event("secret.key_rotated", payload=done)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_sqlite(tmp_path / "state")
    yield store
    store.close()


@pytest.fixture
def vault(tmp_path: Path, store: SqlStore) -> Vault:
    return made(tmp_path, store)


def made(tmp_path: Path, store: SqlStore) -> Vault:
    def empty() -> bool:
        with store.reading() as reads:
            return not reads.kept()

    return Vault(SecretKeys(tmp_path / "state" / "keys"), empty)


def keep(store: SqlStore, vault: Vault, **secrets: str) -> None:
    with store.transaction() as tx:
        for name, value in secrets.items():
            tx.put_kept(vault.seal(name, value, at=1.0, by="ann"), event("secret.kept"))


def opened(store: SqlStore, vault: Vault) -> dict[str, str]:
    with store.reading() as reads:
        return {kept.name: vault.open(kept) for kept in reads.kept()}


def test_the_first_secret_makes_the_key_for_its_user_only(store: SqlStore, vault: Vault) -> None:
    keep(store, vault, a="hunter2")
    assert opened(store, vault) == {"a": "hunter2"}
    assert vault.keys.file.stat().st_mode & 0o777 == 0o600
    assert vault.keys.folder.stat().st_mode & 0o777 == 0o700
    with store.reading() as reads:
        kept = reads.kept()[0]
    assert kept.key == vault.keys.read()[0].name
    assert "hunter2" not in repr(kept) + str(base64.b64decode(kept.sealed))
    assert vault.keys.read()[0].raw.hex() not in repr(vault.keys.read())


def test_each_sealing_has_a_nonce_of_its_own(vault: Vault) -> None:
    sealed = [vault.seal("a", "same", at=1.0, by="ann").sealed for _ in range(50)]
    assert len({base64.b64decode(each)[:12] for each in sealed}) == 50


@given(value=st.text(st.characters(), min_size=1), name=st.text(st.characters(), min_size=1))
def test_whatever_is_sealed_is_opened_again(value: str, name: str) -> None:
    class Here(SecretKeys):
        def read(self) -> Any:
            return (KEY,)

    vault = Vault(Here(Path("/x"), "x", {"CREDENTIALS_DIRECTORY": "/x"}), lambda: True)
    assert vault.open(vault.seal(name, value, at=1.0, by="ann")) == value


KEY = new_key()


def test_a_sealed_value_is_good_for_its_own_name_only(vault: Vault) -> None:
    kept = vault.seal("a", "hunter2", at=1.0, by="ann")
    for forged in (
        replace(kept, name="b"),
        replace(kept, sealed=kept.sealed[:-8] + "AAAAAAA="),
        replace(kept, sealed="no base64!"),
        replace(kept, sealed=""),
        replace(kept, sealed=base64.b64encode(b"short").decode()),
    ):
        with pytest.raises(StoreError, match=r"was changed in the store, or belongs") as refused:
            vault.open(forged)
        assert "hunter2" not in f"{refused.value} {refused.value.hint}"
        assert "\n" not in str(refused.value)


def test_what_another_key_sealed_is_told_from_what_was_changed(vault: Vault) -> None:
    kept = vault.seal("a", "hunter2", at=1.0, by="ann")
    vault.keys.replace([new_key()])
    with pytest.raises(StoreError, match="was sealed by another key") as refused:
        vault.open(kept)
    assert "copy it from there" in refused.value.hint


def test_a_lost_key_is_never_replaced_by_itself(store: SqlStore, vault: Vault) -> None:
    keep(store, vault, a="hunter2")
    vault.keys.file.unlink()
    for act in (
        lambda: vault.seal("b", "x", at=1.0, by="ann"),
        lambda: opened(store, vault),
        lambda: vault.rotate(store, rotated),
    ):
        with pytest.raises(StoreError, match="there is no key for secrets"):
            act()
    assert not vault.keys.there


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o606])
def test_a_key_that_others_can_read_is_refused(vault: Vault, mode: int) -> None:
    vault.keys.make()
    vault.keys.file.chmod(mode)
    with pytest.raises(StoreError, match="can be read by others") as refused:
        vault.seal("a", "x", at=1.0, by="ann")
    assert f"chmod 600 {vault.keys.file}" in refused.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"aGVsbG8=\n", b"\xff\xfe", b"x" * 5000, b"0" * 64 + b"\n"]
)
def test_a_file_that_is_no_key_is_refused_and_not_shown(vault: Vault, content: bytes) -> None:
    vault.keys.folder.mkdir(mode=0o700, exist_ok=True)
    vault.keys.file.write_bytes(content)
    vault.keys.file.chmod(0o600)
    with pytest.raises(StoreError, match="is not a key for secrets") as refused:
        vault.keys.read()
    assert "aGVsbG8" not in str(refused.value)


def test_a_link_in_the_keys_place_is_refused(vault: Vault, tmp_path: Path) -> None:
    other = SecretKeys(tmp_path / "other")
    other.make()
    vault.keys.folder.mkdir(mode=0o700, exist_ok=True)
    vault.keys.file.symlink_to(other.file)
    with pytest.raises(StoreError, match="is not a plain file"):
        vault.keys.read()


def test_of_many_who_make_the_first_key_all_get_the_same(tmp_path: Path) -> None:
    keys = [SecretKeys(tmp_path / "keys") for _ in range(8)]
    assert len({each.make()[0].name for each in keys}) == 1
    assert [each.name for each in (tmp_path / "keys").iterdir()] == [FILE]


def test_a_value_that_is_too_large_is_refused(vault: Vault) -> None:
    with pytest.raises(UsageError, match="at most 64 KiB"):
        vault.seal("a", "x" * 65537, at=1.0, by="ann")


# -- rotation ------------------------------------------------------------------------------------


def test_a_rotation_seals_everything_anew(store: SqlStore, vault: Vault) -> None:
    keep(store, vault, a="one", b="two")
    old = vault.keys.read()[0]
    done = vault.rotate(store, rotated)
    new = vault.keys.read()[0]
    assert done == {"old": old.name, "new": new.name, "secrets": 2}
    assert opened(store, vault) == {"a": "one", "b": "two"}
    with store.reading() as reads:
        assert {kept.key for kept in reads.kept()} == {new.name}
        assert {(kept.at, kept.by) for kept in reads.kept()} == {(1.0, "ann")}
        assert reads.audit(action="secret.key_rotated")[0].event.payload == done
    assert set(vault.keys.read()) == {old, new}
    os.utime(vault.keys.file, (1.0, 1.0))
    again = vault.rotate(store, rotated)
    assert again["old"] == new.name
    assert old not in vault.keys.read()  # nothing has needed it for a while
    assert opened(store, vault) == {"a": "one", "b": "two"}


def test_rotations_that_share_a_commit_that_fails_lose_no_key(
    store: SqlStore, vault: Vault
) -> None:
    keep(store, vault, a="one")

    class Gone(Exception):
        pass

    def twice() -> None:
        with store.transaction() as tx:
            inner: Any = _Within(tx)
            vault.rotate(inner, rotated)
            vault.rotate(inner, rotated)
            raise Gone  # the commit of both

    with pytest.raises(Gone):
        twice()
    assert opened(store, vault) == {"a": "one"}
    vault.settle(store)
    assert opened(store, vault) == {"a": "one"}


class _Within:
    """A store whose blocks all stand in one transaction."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        yield self._tx


def test_who_rotates_without_end_is_held(store: SqlStore, vault: Vault) -> None:
    keep(store, vault, a="one")

    def often() -> None:
        for _ in range(60):
            vault.rotate(store, rotated)

    with pytest.raises(HeldError, match="too often"):
        often()
    assert opened(store, vault) == {"a": "one"}


def test_a_rotation_with_nothing_kept_makes_a_key(store: SqlStore, vault: Vault) -> None:
    assert vault.rotate(store, rotated)["secrets"] == 0
    keep(store, vault, a="one")
    assert opened(store, vault) == {"a": "one"}


def test_a_rotation_that_cannot_open_something_changes_nothing(
    store: SqlStore, vault: Vault
) -> None:
    keep(store, vault, a="one", b="two")
    with store.transaction() as tx:
        tx.put_kept(replace(tx.kept()[1], name="c"), None)
    before = _rows(store)
    with pytest.raises(StoreError, match="'c' was changed"):
        vault.rotate(store, rotated)
    assert _rows(store) == before
    vault.settle(store)
    with store.transaction() as tx:
        tx.remove_kept("c", event())
    assert opened(store, vault) == {"a": "one", "b": "two"}


def _rows(store: SqlStore) -> list[Any]:
    with store.reading() as reads:
        return reads.kept()


CHILD = """
import sys
from pathlib import Path
from autofix import crashpoints
from autofix.core.audit import AuditEvent
from autofix.store import open_store
from autofix.store.sealed import Vault
from autofix.store.secret_keys import SecretKeys

state = Path(sys.argv[1])
store = open_store(f"sqlite:///{state}/autofix.db", state=state)
vault = Vault(SecretKeys(state / "keys"), lambda: False)
if sys.argv[2] == "last":
    vault.keys.replace = lambda keys, real=vault.keys.replace, seen=[]: (
        real(keys) if not seen and not seen.append(1) else crashpoints.reach("commit.after")
    )
    crashpoints.arm("commit.after:2")
else:
    crashpoints.arm(sys.argv[2])
vault.rotate(store, lambda done: AuditEvent(1.0, "ann", "secret.key_rotated", payload=done))
"""


@pytest.mark.parametrize(
    ("point", "moved"), [("commit.before:1", False), ("commit.after:1", True), ("last", True)]
)
def test_a_rotation_that_is_killed_goes_on_or_is_undone(
    store: SqlStore, vault: Vault, tmp_path: Path, point: str, moved: bool
) -> None:
    keep(store, vault, a="one", b="two")
    old = vault.keys.read()[0]
    run = [sys.executable, "-c", CHILD, str(tmp_path / "state"), point]
    assert subprocess.run(run, check=False, timeout=60).returncode == -9
    assert len(vault.keys.read()) == 2
    assert opened(store, vault) == {"a": "one", "b": "two"}
    assert {kept.key == old.name for kept in _rows(store)} == {not moved}
    vault.settle(store)
    assert vault.keys.read()[0].name == _rows(store)[0].key
    long_ago = 1_000_000.0
    os.utime(vault.keys.file, (long_ago, long_ago))
    vault.settle(store)
    assert [key.name for key in vault.keys.read()] == [_rows(store)[0].key]
    keep(store, vault, c="three")
    assert opened(store, vault) == {"a": "one", "b": "two", "c": "three"}
    assert vault.rotate(store, rotated)["secrets"] == 3


def test_what_was_sealed_just_before_a_rotation_is_readable_after_it(
    store: SqlStore, vault: Vault
) -> None:
    keep(store, vault, a="one")
    late = vault.seal("b", "two", at=1.0, by="ben")
    vault.rotate(store, rotated)
    vault.settle(store)  # at once: a start of another server
    with store.transaction() as tx:
        tx.put_kept(late, event())
    os.utime(vault.keys.file, (1.0, 1.0))
    vault.settle(store)
    assert opened(store, vault) == {"a": "one", "b": "two"}


# -- the system's credential store -----------------------------------------------------------------


def credential(tmp_path: Path, *keys: bytes, mode: int = 0o440) -> SecretKeys:
    folder = tmp_path / "credentials"
    folder.mkdir(exist_ok=True)
    file = folder / "autofix-secrets"
    file.unlink(missing_ok=True)
    file.write_bytes(b"\n".join(map(base64.b64encode, keys)))
    file.chmod(mode)
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    return SecretKeys(tmp_path / "state" / "keys", "autofix-secrets", environ)


def test_the_key_may_be_handed_in_by_the_system(store: SqlStore, tmp_path: Path) -> None:
    vault = Vault(credential(tmp_path, b"k" * 32), lambda: True)
    keep(store, vault, a="one")
    assert opened(store, vault) == {"a": "one"}
    assert not (tmp_path / "state" / "keys" / FILE).exists()
    with pytest.raises(HeldError, match="all is sealed by it") as refused:
        vault.rotate(store, rotated)
    assert "put a new key above it" in refused.value.hint
    two = Vault(credential(tmp_path, b"n" * 32, b"k" * 32), lambda: True)
    assert two.rotate(store, rotated) == {
        "old": made_of(b"k" * 32).name, "new": made_of(b"n" * 32).name, "secrets": 1,
    }  # fmt: skip
    alone = Vault(credential(tmp_path, b"n" * 32), lambda: True)
    assert opened(store, alone) == {"a": "one"}


def test_a_credential_that_is_not_there_or_open_to_all_is_refused(tmp_path: Path) -> None:
    nothing = SecretKeys(tmp_path, "autofix-secrets", {})
    with pytest.raises(StoreError, match="hands in no credentials"):
        nothing.read()
    with pytest.raises(StoreError, match="can be read by others"):
        credential(tmp_path, b"k" * 32, mode=0o444).read()
    gone = SecretKeys(tmp_path, "other", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    with pytest.raises(StoreError, match="there is no key for secrets"):
        Vault(gone, lambda: True).seal("a", "x", at=1.0, by="ann")


def test_reopening_the_store_loses_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = open_store(f"sqlite:///{state}/autofix.db", state=state)
    keep(first, made(tmp_path, first), a="one")
    first.close()
    second = open_store(f"sqlite:///{state}/autofix.db", state=state)
    assert opened(second, made(tmp_path, second)) == {"a": "one"}
    second.close()
