"""SAFETY 38: a fresh install has no password and no key that another one has, and no open door."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from autofix.app.starter import SETTINGS
from autofix.cli.group import cli
from autofix.config.web_models import WebBlock
from autofix.errors import AutofixError
from autofix.store import open_store
from doorkit import Door
from doorkit.web import House

#: Pairs that other systems shipped with.
KNOWN = ["admin", "password", "autofix", "changeme", "123456", "root", "secret", "default", ""]


def installed(folder: Path) -> dict[str, bytes]:
    """`autofix init` and a first command that opens the store; every file below."""
    for words in (["init", str(folder)], ["-C", str(folder), "audit", "key"]):
        cli.main(args=words, prog_name="autofix", standalone_mode=False)
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_two_installs_share_no_key_and_nobody_else_reads_one(tmp_path: Path) -> None:
    one, other = installed(tmp_path / "one"), installed(tmp_path / "other")
    state = [name for name in one if name.startswith(".autofix/")]
    keys = [name for name in state if "key" in name]
    assert keys, state
    assert {name for name in state if name in other}
    for name in keys:
        if name in other:
            assert one[name] != other[name], name
        private = (tmp_path / "one" / name).stat().st_mode & 0o077
        assert private == 0 or name.endswith(".pub"), name
    outside = {name: body for name, body in one.items() if not name.startswith(".autofix/")}
    for name, body in outside.items():
        assert b"PRIVATE KEY" not in body, name
        assert hashlib.sha256(body).digest() == hashlib.sha256(other[name]).digest(), name


def test_a_fresh_store_has_no_users_no_tokens_and_no_secrets(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}", state=tmp_path / "state")
    try:
        with store.reading() as reads:
            assert reads.users() == []
            assert reads.tokens() == []
            assert reads.kept() == []
    finally:
        store.close()


def test_the_settings_that_init_writes_hold_no_secret() -> None:
    lines = [line for line in SETTINGS.splitlines() if not line.lstrip().startswith("#")]
    said = "\n".join(lines)
    assert not re.search(r"(?i)(passw|secret|token|credential)\w*(?<!_env)(?<!_file):\s*\S", said)


def test_what_is_usual_elsewhere_opens_nothing_here() -> None:
    door = Door()
    for number, name in enumerate(KNOWN):
        for password in KNOWN:
            with pytest.raises(AutofixError):
                door.login(name, password, address=f"10.0.{number}.{len(password)}")
    house = House(door)
    for path in ("/api/v1/status", "/api/v1/users", "/metrics", "/api/v1/audit"):
        assert house.ask("GET", path).status_code == 401


def test_it_listens_on_this_machine_only_unless_what_is_said_is_hidden() -> None:
    assert WebBlock().listen == "127.0.0.1:8420"
    with pytest.raises(ValueError, match="in the clear"):
        WebBlock(listen="0.0.0.0:8420")


def test_each_first_start_has_a_link_of_its_own() -> None:
    codes = {Door().entrance.setup.begin() for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 43 for code in codes)


def test_no_source_file_holds_a_password_or_a_key() -> None:
    root = Path(__file__).parents[2] / "src"
    given = re.compile(r"""(?i)(password|secret|token)\s*=\s*["'][^"'{}<>]{6,}["']""")
    found = []
    for file in root.rglob("*.py"):
        text = file.read_text()
        found += [f"{file}: {hit.group()}" for hit in given.finditer(text)]
        assert "BEGIN PRIVATE KEY" not in text, file
    assert found == []
