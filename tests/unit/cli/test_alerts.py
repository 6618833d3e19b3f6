"""`autofix alerts`: what was posted and what it meant, in words; the real commands."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autofix.cli.alerts import meanings, meant, summary
from autofix.cli.group import main
from autofix.core.alerts import Delivery, DeliveryState, Judged, Verdict
from autofix.core.incidents import Origin
from autofix.core.signals import Signal
from autofix.store import open_store

FIRES = Judged("RedisMemoryHigh", "f1", Verdict.FIRES, "", "redis-memory-high", "r1", "", 1)
REPEATS = Judged(
    "RedisMemoryHigh", "f1", Verdict.REPEATS, "incident 7 is open for this",
    "redis-memory-high", "r1", "6380", None, 7,
)  # fmt: skip
IGNORED = Judged("Disk\x1b[2JFull", "f2", Verdict.IGNORED, "no runbook has a trigger for it")
CLEARS = Judged("RedisMemoryHigh", "f1", Verdict.CLEARS, "its sender says that it is over",
                "redis-memory-high", "r1", "", 2, 7)  # fmt: skip


def delivery(**more: Any) -> Delivery:
    given = {
        "id": 0, "at": time.time(), "source": "prom", "sender": "bearer", "address": "10.0.0.9",
        "state": DeliveryState.ACCEPTED, "status": 202, "why": "",
    }  # fmt: skip
    return Delivery(**{**given, **more})


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        ((), "no alerts in it"),
        ((FIRES,), "fires redis-memory-high on r1"),
        ((FIRES,) * 5, "fires redis-memory-high on r1; fires redis-memory-high on r1; "
         "fires redis-memory-high on r1; and 2 more"),
        ((REPEATS, REPEATS), "2 repeat"),
        ((CLEARS,), "1 over"),
        ((IGNORED, FIRES), "fires redis-memory-high on r1; 1 ignored: no runbook has a trigger "
         "for it"),
    ],
)  # fmt: skip
def test_a_post_in_one_line(judged: tuple[Judged, ...], words: str) -> None:
    assert summary(delivery(judged=judged)) == words


def test_a_refused_post_says_why() -> None:
    refused = delivery(state=DeliveryState.REFUSED, status=401, why="no bearer token")
    assert summary(refused) == "no bearer token"
    assert list(meant(refused)) == []  # its body was not judged
    assert list(meant(delivery())) == ["  no alerts in it"]


@pytest.mark.parametrize(
    ("judged", "would", "words"),
    [
        (FIRES, False, "fires redis-memory-high on r1 (signal 1)"),
        (FIRES, True, "would fire redis-memory-high on r1 (signal 1)"),
        (REPEATS, False, "nothing new for redis-memory-high on r1 (6380): incident 7 is open"),
        (CLEARS, False, "over for redis-memory-high on r1: its sender says that it is over"),
        (IGNORED, True, "Disk\\u001b[2JFull: would fire nothing: no runbook has a trigger for it"),
    ],
)
def test_what_one_alert_meant(judged: Judged, would: bool, words: str) -> None:
    (line,) = meanings([judged], would=would)
    assert words in line
    assert "\x1b" not in line


def test_of_very_many_alerts_the_first_are_told() -> None:
    lines = list(meanings([REPEATS] * 1000))
    assert len(lines) == 201
    assert lines[-1] == "  … and 800 more (--json shows all)"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "autofix.yaml").write_text("timezone: UTC\n")
    monkeypatch.setenv("AUTOFIX_PROJECT", str(tmp_path))
    store = open_store(f"sqlite:///{tmp_path}/.autofix/autofix.db", state=tmp_path / ".autofix")
    with store.transaction() as tx:
        tx.add_signal(Signal(0, Origin.ALERT, 1.0, "r1", "redis-memory-high"), None)
        tx.add_delivery(
            delivery(judged=(FIRES, IGNORED), body='{"a":\n "\x1b[2J"}', size=14,
                     headers={"user-agent": "Alertmanager/0.27"}), None)  # fmt: skip
        tx.add_delivery(delivery(state=DeliveryState.REFUSED, status=401, why="no token"), None)
        tx.add_delivery(delivery(judged=(FIRES,), replay_of=1, by="ann"), None)
    store.close()

    def invoke(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def test_they_are_listed_newest_first(run: Any) -> None:
    code, out, _ = run("alerts")
    lines = [line.split("\t") for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["id", "source", "came", "state", "what"]
    assert [line[0] for line in lines[1:]] == ["3", "2", "1"]
    assert lines[1][3] == "accepted 202, replays 1"
    assert lines[2][3:] == ["refused 401", "no token"]
    code, out, _ = run("alerts", "list", "--before", "2", "--json")
    assert [row["id"] for row in json.loads(out)] == [1]


def test_one_is_shown_with_what_it_meant_what_became_of_it_and_its_body(run: Any) -> None:
    code, out, _ = run("alerts", "show", "1")
    assert code == 0
    for words in (
        "alert 1  prom (bearer) from 10.0.0.9",
        "accepted, its sender was told 202; 14 bytes",
        "RedisMemoryHigh: fires redis-memory-high on r1 (signal 1)",
        "Disk\\u001b[2JFull: fires nothing: no runbook has a trigger for it",
        "signal 1: not handled yet",
        "user-agent: Alertmanager/0.27",
        '"\\u001b[2J"}',
    ):
        assert words in out
    assert "\x1b" not in out
    code, out, _ = run("alerts", "show", "3")
    assert "a replay of alert 1 by ann" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("alerts", "show", "99"), 2, "there is no alert 99 (see `autofix alerts list`)"),
        (("alerts", "show", "x"), 2, "'x' is not a number"),
        (("alerts", "replay", "0"), 2, "0 is not a number from 1"),
        (("alerts", "test", "/nowhere/x.json"), 2, "/nowhere/x.json can't be read"),
        (("alerts", "test", "."), 2, "can't be read"),
        (("alerts", "test", "-", "--header", "x"), 2, "'x' is no header (write NAME:VALUE)"),
    ],
)
def test_bad_words_are_one_line(
    run: Any, words: tuple[str, ...], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    found, _, err = run(*words)
    assert (found, err.count("\n")) == (code, 1), err
    assert said in err


def test_a_file_that_is_no_text_is_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    code, _, err = run("alerts", "test", str(tmp_path / "x"))
    assert (code, "is no UTF-8 text (byte 1)" in err) == (2, True)
