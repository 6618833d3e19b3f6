"""The settings' witnesses: every one that would be none is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autofix.app.wiring import load_settings
from autofix.app.witnessing import witness_files

BASE = """\
channels:
  ops: {type: email, host: localhost, from: a@example.com, to: b@example.com}
audit:
  witnesses:
    - WITNESS
"""


@pytest.fixture
def load(tmp_path: Path) -> Any:
    for name in ("playbooks", "runbooks", "inventory"):
        (tmp_path / name).mkdir()

    def made(witness: str) -> Any:
        (tmp_path / "autofix.yaml").write_text(BASE.replace("WITNESS", witness))
        return load_settings(tmp_path)

    return made


@pytest.mark.parametrize(
    ("witness", "said"),
    [
        ("{type: fiel, path: x}", "there is no type of witness 'fiel' (did you mean 'file'?)"),
        ("{path: x}", "a witness has no type (known: channel, file, syslog, webhook)"),
        ("{type: file}", "'path' is missing"),
        ("{type: file, path: none/x}", "none is not there (make it, or mount it)"),
        ("{type: channel, channel: opps}", "no channel 'opps' (did you mean 'ops'?)"),
        ("{type: syslog, address: logs}", "neither a path such as /dev/log nor host:port"),
        ("{type: webhook}", "'url' is missing (write url, url_env, url_file or url_kept)"),
        ("{type: webhook, url: 'http://example.com/x'}", "https"),
        ("{type: webhook, url_env: NOT_SET_AT_ALL}", "the environment has no NOT_SET_AT_ALL"),
        ("{type: webhook, url: 'https://x.example', sekret: y}", "unknown key 'sekret'"),
        ("file", "this must hold keys with values"),
    ],
)
def test_a_wrong_witness_is_named_with_its_line(load: Any, witness: str, said: str) -> None:
    settings = load(witness)
    found = [str(each) for each in settings.errors]
    assert any(":5: " in each and said in each for each in found), found


def test_a_file_on_the_stores_own_disk_is_warned_of(load: Any, tmp_path: Path) -> None:
    settings = load("{type: file, path: witness}")
    assert settings.errors == ()
    [warned] = [each for each in settings.problems if "same filesystem" in each.message]
    assert warned.level == "warning"
    assert witness_files(settings) == [tmp_path / "witness"]


def test_a_file_elsewhere_is_not(load: Any) -> None:
    settings = load("{type: file, path: /dev/shm/autofix-witness}")
    assert not any("same filesystem" in each.message for each in settings.problems)


def test_an_empty_block_is_none(load: Any, tmp_path: Path) -> None:
    (tmp_path / "autofix.yaml").write_text("audit:\n")
    assert load_settings(tmp_path).witnesses == ()
    assert load_settings(tmp_path).errors == ()
