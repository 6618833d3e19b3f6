"""Where the token of a command comes from, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autofix.errors import AutofixError, Denied, UsageError
from autofix.remote.credentials import token

TOKEN = "af_7_Xy3kPq"


def kept(file: Path, text: str = TOKEN + "\n", mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_environment_goes_first(tmp_path: Path) -> None:
    kept(tmp_path / ".config/autofix/token")
    assert token({"AUTOFIX_TOKEN": " af_1_abcdef\n"}, tmp_path) == "af_1_abcdef"


def test_then_the_file_that_is_named_then_the_one_at_home(tmp_path: Path) -> None:
    kept(tmp_path / ".config/autofix/token", "af_2_athome")
    named = kept(tmp_path / "named", "af_3_named")
    assert token({"AUTOFIX_TOKEN_FILE": str(named)}, tmp_path) == "af_3_named"
    assert token({}, tmp_path) == "af_2_athome"


def test_where_others_keep_their_settings(tmp_path: Path) -> None:
    kept(tmp_path / "settings/autofix/token")
    assert token({"XDG_CONFIG_HOME": str(tmp_path / "settings")}, Path("/nowhere")) == TOKEN


def test_none_at_all_is_for_the_server_to_judge(tmp_path: Path) -> None:
    assert token({"AUTOFIX_TOKEN": ""}, tmp_path) == ""


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept(tmp_path / ".config/autofix/token", mode=mode)
    with pytest.raises(Denied, match="read by others") as caught:
        token({}, tmp_path)
    assert caught.value.hint.startswith("chmod 600 ")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_the_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = kept(tmp_path / ".config/autofix/token")
    os.chown(file, 12345, 12345)
    with pytest.raises(Denied, match="somebody else"):
        token({}, tmp_path)


@pytest.mark.parametrize("text", ["", "short", "two words here", "a" * 600, "ümläut-token"])
def test_what_is_no_token_is_not_shown(tmp_path: Path, text: str) -> None:
    kept(tmp_path / ".config/autofix/token", text)
    with pytest.raises(UsageError, match="is no token") as caught:
        token({}, tmp_path)
    assert not text or text not in str(caught.value)


def test_a_named_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("gone", "pipe", "."):
        with pytest.raises(AutofixError, match="token file"):
            token({"AUTOFIX_TOKEN_FILE": str(tmp_path / name)}, tmp_path)
