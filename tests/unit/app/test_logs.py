"""The server's log lines: text, or one JSON object a line; no secret of the settings in them."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autofix.app import logs
from autofix.app.hidden import settings_secrets
from autofix.app.wiring import load_settings
from autofix.config import Settings

SETTINGS = """
channels:
  ops: {type: slack, url: "https://hooks.slack.com/services/T0/B0/hunter2-hunter2"}
connections: {redis: {password: battery-staple}}
sources:
  prom: {type: alertmanager, auth: bearer, secret: correct-horse-token}
policies: {default: {channels: [ops]}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "autofix.yaml").write_text(SETTINGS)
    found = load_settings(tmp_path)
    assert found.errors == ()
    return found


def record(message: str, *args: Any, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("autofix", level, "f", 1, message, args, more.get("exc_info"))
    made.created = 1_700_000_000.125
    return made


def as_json(settings: Settings, **more: Any) -> Settings:
    block = settings.logging.model_copy(update={"format": "json", **more})
    return replace(settings, logging=block)


def test_json_is_one_object_a_line(settings: Settings) -> None:
    lines = logs.Lines(lambda: as_json(settings))
    line = lines.format(record("run %d on %s\nforged\x1b[2J\u2028", 7, "redis1"))
    assert "\n" not in line
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {
        "ts": "2023-11-14T22:13:20.125Z",
        "level": "info",
        "message": "run 7 on redis1\nforged\x1b[2J\u2028",
    }
    assert json.loads(lines.format(record("x", level=logging.ERROR)))["level"] == "error"


def test_text_is_as_it_was(settings: Settings) -> None:
    line = logs.Lines(lambda: settings).format(record("run %d", 7))
    assert line.endswith(" INFO run 7")


@pytest.mark.parametrize("wanted", ["text", "json"])
def test_no_secret_of_the_settings_stands_in_a_line(settings: Settings, wanted: str) -> None:
    secrets = settings_secrets(settings)
    assert {"battery-staple", "correct-horse-token"} <= set(secrets)
    assert any("hunter2-hunter2" in each for each in secrets)
    given = replace(settings, logging=settings.logging.model_copy(update={"format": wanted}))
    lines = logs.Lines(lambda: given)
    try:
        raise ValueError(f"wrong: {secrets}")
    except ValueError:
        told = lines.format(record("said %s", secrets, exc_info=sys.exc_info()))
    for each in (*secrets, "hunter2-hunter2"):
        assert each not in told
    assert "ValueError" in told


def test_the_level_and_the_format_follow_the_settings(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [as_json(settings, level="warning")]
    logs.begin(lambda: now[0])
    log = logging.getLogger("autofix")
    log.info("not told")
    log.warning("told")
    now[0] = as_json(settings, format="text", level="debug")
    logs.adopt(now[0])
    log.debug("all of it")
    first, second = capsys.readouterr().err.splitlines()
    assert json.loads(first)["message"] == "told"
    assert second.endswith(" DEBUG all of it")


def test_verbose_tells_everything_whatever_the_settings_say(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.begin(lambda: as_json(settings, level="error"), verbose=True)
    logs.adopt(as_json(settings, level="error"))
    logging.getLogger("autofix").debug("all of it")
    assert json.loads(capsys.readouterr().err)["level"] == "debug"


def test_where_it_was_not_begun_nothing_is_changed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    before = logging.getLogger().level
    logs.adopt(as_json(settings, level="debug"))
    assert logging.getLogger().level == before


def test_what_a_test_began_is_over_after_it() -> None:
    formatters = [each.formatter for each in logging.getLogger().handlers]
    assert not any(isinstance(each, logs.Lines) for each in formatters)
