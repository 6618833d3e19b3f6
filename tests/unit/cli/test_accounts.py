"""`autofix users` and `autofix tokens`, in a project without a server."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autofix.cli.group import main

PASSWORD = "correct horse battery"
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> Run:
    """`run("users", "list", given="")`: exit code, what was printed, what was said beside it."""
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "inventory" / "hosts.yml").write_text("all: {hosts: {web1: {}}}")
    (tmp_path / "autofix.yaml").write_text("timezone: UTC\n")

    def command(*words: str, given: str = "") -> Any:
        stdin = SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(given.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as ended:
            main(["-C", str(tmp_path), *words])
        told = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=told.out, err=told.err)

    return command


def test_people_are_let_in_changed_and_removed(run: Run) -> None:
    assert "no users yet" in run("users").out
    added = run("users", "add", "ann", "--role", "admin", given=f"{PASSWORD}\n")
    assert (added.code, added.out) == (0, "ann added: admin; runbooks: all; password\n")
    run("users", "add", "ben", "--role", "viewer", "--no-password")
    changed = run("users", "change", "ben", "--role", "operator", "--disable")
    assert changed.out == "ben changed: operator; runbooks: all; disabled\n"
    found = json.loads(run("users", "list", "--json").out)
    assert [(each["name"], each["roles"]) for each in found] == [
        ("ann", ["admin"]),
        ("ben", ["operator"]),
    ]
    assert [each["password"] for each in found] == ["********", ""]
    assert run("users", "password", "ben", given="another long password").code == 0
    assert run("users", "remove", "ben").out == "ben removed\n"
    assert run("users").out.count("\n") == 2


def test_a_token_is_shown_once_and_alone_on_standard_output(run: Run) -> None:
    run("users", "add", "ann", "--role", "operator", given=PASSWORD)
    made = run("tokens", "add", "ci", "--lasts", "90d", "--owner", "ann")
    assert made.code == 0
    assert made.out.startswith("af_1_")
    assert made.out.count("\n") == 1
    secret = made.out.strip()
    assert secret not in made.err
    for words in (["list", "--all"], ["list", "--all", "--json"], ["revoke", "1"]):
        said = run("tokens", *words)
        assert said.code == 0
        assert secret.rpartition("_")[2] not in said.out + said.err
    assert "revoked" in run("tokens", "list", "--all").out
    as_json = json.loads(run("tokens", "add", "x", "--lasts", "1d", "--owner", "ann", "--json").out)
    assert as_json["secret"].startswith("af_2_")
    assert as_json["token"]["digest"] == "********"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["users", "add", "ann"], PASSWORD, "a user needs a role"),
        (["users", "add", "ann", "--role", "king"], PASSWORD, "king"),
        (["users", "add", "ann", "--role", "admin"], "", "no password was given"),
        (["users", "add", "ann", "--role", "admin"], "short", "at least 12 characters"),
        (["users", "add", "a\x1b[1m", "--role", "admin"], PASSWORD, "a name has 1 to 80"),
        (["users", "change", "ann"], "", "nothing is to be changed"),
        (["users", "change", "ann", "--disable"], "", "there is no user 'ann'"),
        (["users", "remove", "ann"], "", "there is no user 'ann'"),
        (["tokens", "add", "x", "--lasts", "soon"], "", "--lasts"),
        (["tokens", "add", "x", "--lasts", "2000d", "--owner", "x"], "", "is good for"),
        (["tokens", "add", "x", "--lasts", "1d", "--owner", "ann"], "", "there is no user 'ann'"),
        (["tokens", "add", "x"], "", "--lasts"),
        (["tokens", "revoke", "7"], "", "there is no token 7"),
        (["tokens", "revoke", "x"], "", "is not a number"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, words: list[str], given: str, said: str) -> None:
    found = run(*words, given=given)
    assert found.code == 2
    assert said in found.err
    assert found.err.count("\n") == 1
    assert "\x1b" not in found.err


def test_no_command_takes_a_password_as_an_argument(run: Run) -> None:
    for words in (["users", "add"], ["users", "password"], ["users", "change"]):
        said = run(*words, "--help").out
        assert "--password" not in said.replace("--no-password", "")
