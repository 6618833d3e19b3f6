"""The audit key: made once, read by its owner only, and every way in which it can be no good."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from autofix.core.checkpoints import Archive, Checkpoint
from autofix.errors import AuditError
from autofix.store import keyfiles as room
from autofix.store.keys import Keys, fingerprint, holds, message, pem, read_public

DRAFT = Checkpoint(7, "a" * 64, 1000.125, "", 3)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path / "keys")
    made.make()
    return made


def test_a_pair_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "state" / "keys")
    assert not keys.ever
    public = keys.make()
    assert public == keys.public()
    assert keys.make() is None
    assert keys.public() == public
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (keys.folder, *keys.folder.iterdir())
    }
    assert modes["keys"] == 0o700
    assert modes["audit.key"] == 0o600
    assert set(modes) == {"keys", "audit.key", "audit.pub", f"{fingerprint(public)}.pub"}


def test_of_many_who_make_one_at_once_one_wins(tmp_path: Path) -> None:
    made: list[bytes | None] = []
    threads = [
        threading.Thread(target=lambda: made.append(Keys(tmp_path / "keys").make()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [each for each in made if each]
    assert Keys(tmp_path / "keys").public() == winner
    assert read_public(tmp_path / "keys" / "audit.pub") == winner


def test_what_is_signed_verifies_with_the_public_half_only(keys: Keys) -> None:
    signed, public = keys.sign(DRAFT), keys.public()
    assert signed.key == fingerprint(public)
    assert holds(public, message(signed), signed.signature)
    other = Keys(keys.folder.parent / "other")
    other.make()
    assert not holds(other.public(), message(signed), signed.signature)
    archive = keys.sign_archive(Archive(1, 7, "a" * 64, "x", "b" * 64, 1.0))
    assert holds(public, message(archive), archive.signature)


@pytest.mark.parametrize(
    "change",
    [{"size": 8}, {"head": "b" * 64}, {"at": 1000.126}, {"key": "0" * 32}, {"before": 2}],
)
def test_each_field_of_a_checkpoint_is_signed(keys: Keys, change: dict[str, object]) -> None:
    from dataclasses import replace

    signed = keys.sign(DRAFT)
    changed = replace(signed, **change)  # type: ignore[arg-type]
    assert not holds(keys.public(), message(changed), signed.signature)


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64, "0" * 127])
def test_what_is_no_signature_does_not_hold(keys: Keys, signature: str) -> None:
    assert not holds(keys.public(), b"x", signature)


def _replace(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


@pytest.mark.parametrize(
    ("harm", "said", "cure"),
    [
        (lambda path: path.chmod(0o640), "can be read by others", "chmod 600"),
        (lambda path: path.chmod(0o604), "can be read by others", "audit key --new"),
        (Path.unlink, "is missing", "restore it from a backup"),
        (_replace("-----BEGIN nonsense"), "is not an audit key", "restore it"),
        (_replace(""), "is not an audit key", "audit key --new"),
        (lambda path: path.write_bytes(os.urandom(5000)), "is not an audit key", "restore"),
        (
            lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
            "is not a plain file",
            "restore",
        ),
        (lambda path: (path.unlink(), path.mkdir()), "is not a plain file", "restore"),
        (lambda path: (path.unlink(), os.mkfifo(path, 0o600)), "is not a plain file", "restore"),
    ],
)
def test_a_key_that_is_no_good_is_refused_with_what_to_do(
    keys: Keys, harm: Callable[[Path], object], said: str, cure: str
) -> None:
    harm(keys.file)
    for use in (keys.public, lambda: keys.sign(DRAFT)):
        with pytest.raises(AuditError, match=said) as refused:
            use()
        assert cure in refused.value.hint
        assert "PRIVATE" not in str(refused.value)


def test_a_key_of_another_user_is_refused(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = keys.file.stat().st_uid
    monkeypatch.setattr(room.os, "geteuid", lambda: owner + 1)
    with pytest.raises(AuditError, match="belongs to another user") as refused:
        keys.public()
    assert "chown" in refused.value.hint


def test_an_rsa_key_is_no_audit_key(keys: Keys) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    other = rsa.generate_private_key(65537, 2048)
    content = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    keys.file.write_bytes(content)
    with pytest.raises(AuditError, match="is not an audit key"):
        keys.public()
    keys.file.with_name("audit.pub").write_text("garbage")
    with pytest.raises(AuditError, match="is not the public half"):
        keys.trusted()


def test_a_project_that_never_had_one_is_told_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as refused:
        Keys(tmp_path / "keys").public()
    assert refused.value.hint == "`autofix init` makes one"


def test_another_key_takes_its_place_and_the_old_public_half_stays(keys: Keys) -> None:
    old = keys.public()
    new = keys.prepare()
    assert keys.public() == old
    assert keys.waiting() == fingerprint(new)
    keys.adopt()
    assert keys.public() == new
    assert keys.waiting() == ""
    assert keys.trusted() == {fingerprint(old): old, fingerprint(new): new}
    assert (keys.folder / "audit.pub").read_text() == pem(new)


def test_a_key_that_is_not_wanted_leaves_nothing(keys: Keys) -> None:
    before = sorted(path.name for path in keys.folder.iterdir())
    keys.prepare()
    keys.drop()
    assert sorted(path.name for path in keys.folder.iterdir()) == before


def test_a_folder_that_cant_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(AuditError, match="can't be written"):
        Keys(tmp_path / "keys").make()
    with pytest.raises(AuditError, match="is missing"), Keys(tmp_path / "keys").turn():
        pass


@pytest.mark.parametrize("left", ["nothing", "the half of its name", "audit.pub"])
def test_a_pair_whose_making_was_cut_off_is_completed(keys: Keys, left: str) -> None:
    keys.make()
    public = keys.public()
    named = keys.folder / f"{fingerprint(public)}.pub"
    gone = {"nothing": (named, keys.folder / "audit.pub"), "audit.pub": (named,)}
    for each in gone.get(left, (keys.folder / "audit.pub",)):
        each.unlink()
    passing = keys.folder / "audit.key.new.4711"
    passing.write_bytes(keys.file.read_bytes())
    keys.complete()
    assert keys.trusted() == {fingerprint(public): public}
    assert read_public(keys.folder / "audit.pub") == public
    assert not passing.exists()


def test_beside_the_half_of_another_key_nothing_is_published(tmp_path: Path, keys: Keys) -> None:
    keys.make()
    other = Keys(tmp_path / "other")
    other.make()
    public = keys.public()
    for each in keys.folder.glob("*.pub"):
        each.unlink()
    (keys.folder / f"{fingerprint(other.public())}.pub").write_bytes(pem(other.public()).encode())
    keys.complete()
    assert fingerprint(public) not in keys.trusted()


def test_where_there_is_no_key_nothing_is_completed(tmp_path: Path) -> None:
    Keys(tmp_path / "keys").complete()
    assert not (tmp_path / "keys").exists()
