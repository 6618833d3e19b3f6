"""The kill switch: files, whatever else is broken."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from autofix.app.killswitch import KillSwitch
from autofix.core.pauses import Pause
from autofix.errors import StoreError

ALL = Pause(100.0, "ann", "the vendor is on the line")
ONE = Pause(101.0, "ben", "", "redis-memory-high", "r1", cancel_running=True)


def test_it_is_off_until_it_is_set_and_says_who_when_and_why(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path)
    assert switch.pauses() == []
    everything, one = switch.set(ALL), switch.set(ONE)
    assert switch.pauses() == [everything, one]
    assert everything == replace(ALL, id=everything.id)
    assert one == replace(ONE, id=one.id)
    assert KillSwitch(tmp_path).pauses() == [everything, one]  # another process sees it
    switch.lift([everything.id])
    assert switch.pauses() == [one]
    switch.lift([one.id, one.id, "nothing"])
    assert switch.pauses() == []


def test_the_files_are_ours_alone_and_no_draft_is_left(tmp_path: Path) -> None:
    KillSwitch(tmp_path).set(ALL)
    (file,) = (tmp_path / "pauses").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_pause_of_a_scope_takes_the_place_of_the_first(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path)
    first, other = switch.set(ALL), switch.set(ONE)
    second = switch.set(replace(ALL, at=102.0, by="cid"))
    assert [each.id for each in switch.pauses()] == [other.id, second.id]
    assert first.id != second.id


@pytest.mark.parametrize("text", ["", "the vendor is on the line\n"])
def test_anybody_with_a_shell_can_set_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "paused").write_text(text)
    (pause,) = KillSwitch(tmp_path).pauses()
    assert pause.scope == "everything"
    assert (text.strip() or "exists") in pause.reason
    assert pause.at == pytest.approx((tmp_path / "paused").stat().st_mtime)
    KillSwitch(tmp_path).lift([pause.id])
    assert not (tmp_path / "paused").exists()


def test_a_file_made_anew_by_hand_is_another_pause(tmp_path: Path) -> None:
    switch, file = KillSwitch(tmp_path), tmp_path / "paused"
    file.touch()
    (old,) = switch.pauses()
    os.utime(file, (5, 5))
    switch.lift([old.id])
    assert len(switch.pauses()) == 1


GOOD = {"at": 1.0, "by": "ann", "reason": "", "runbook": "", "host": "r1", "cancel_running": False}
DAMAGED = {
    "empty": b"",
    "cut off": json.dumps(GOOD).encode()[:-9],
    "no object": b"[1]",
    "a key is missing": json.dumps({**GOOD, "host": None}).encode(),
    "a key too many": json.dumps({**GOOD, "hots": "r2"}).encode(),
    "no time": json.dumps({**GOOD, "at": "yesterday"}).encode(),
    "no finite time": b'{"at": NaN, "by": "a", "reason": "", "runbook": "", "host": ""}',
    "an id of its own": json.dumps({**GOOD, "id": "x"}).encode(),
    "no wish": json.dumps({**GOOD, "cancel_running": "yes"}).encode(),
    "zeros after a crash": b"\0" * 120,
    "not text": b"\xff\xfe\x00",
    "too large": json.dumps({**GOOD, "reason": "x" * 70_000}).encode(),
    "too deep": b"[" * 50_000,
}


@pytest.mark.parametrize("what", sorted(DAMAGED))
def test_a_damaged_file_is_a_pause_of_everything(tmp_path: Path, what: str) -> None:
    switch = KillSwitch(tmp_path)
    switch.set(ONE)
    bad = tmp_path / "pauses" / "bad.json"
    bad.write_bytes(DAMAGED[what])
    everything = [each for each in switch.pauses() if each.scope == "everything"]
    assert [each.reason for each in everything] == [f"{bad} is damaged"]
    assert not everything[0].cancel_running
    switch.lift([everything[0].id])
    assert not bad.exists()


def test_what_cant_be_read_is_no_leave_to_act(tmp_path: Path) -> None:
    (tmp_path / "paused").mkdir()
    (pause,) = KillSwitch(tmp_path).pauses()
    assert pause.covers("any", "where")
    assert "can't be read" in pause.reason
    with pytest.raises(StoreError, match="could not be lifted"):
        KillSwitch(tmp_path).lift([pause.id])


def test_a_folder_that_is_none_holds_everything_too(tmp_path: Path) -> None:
    (tmp_path / "pauses").touch()
    (pause,) = KillSwitch(tmp_path).pauses()
    assert pause.scope == "everything"
    assert KillSwitch(tmp_path).set(ALL).id.startswith("paused@")  # the bare file will do
    with pytest.raises(StoreError, match="could not be set"):
        KillSwitch(tmp_path).set(ONE)
