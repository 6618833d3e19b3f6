"""The kill switch: a file, whatever else is broken."""

from __future__ import annotations

from pathlib import Path

from autofix.app.killswitch import KillSwitch


def test_it_is_off_until_it_is_set_and_says_who_and_why(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path)
    assert switch.reason() == ""
    switch.set("ann", "the vendor is on the line")
    assert switch.reason() == "by ann: the vendor is on the line"
    assert switch.lift()
    assert switch.reason() == ""
    assert not switch.lift()


def test_anybody_with_a_shell_can_set_it(tmp_path: Path) -> None:
    (tmp_path / "paused").touch()
    assert "exists" in KillSwitch(tmp_path).reason()


def test_what_cant_be_read_is_no_leave_to_act(tmp_path: Path) -> None:
    (tmp_path / "paused").mkdir()
    assert "can't be read" in KillSwitch(tmp_path).reason()
