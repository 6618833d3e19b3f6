"""`silences` and `breaker` on the command line: wrong words get one line, nothing is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from autofix.cli import session
from autofix.cli.group import main
from autofix.core.identities import login

HAND = "name: hand\ntitle: By hand\nfix: [{playbook: touch.yml}]\nverify: none\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "autofix.yaml").write_text("")
    (tmp_path / "inventory" / "hosts.yml").write_text("redis: {hosts: {r1: {}}}\n")
    (tmp_path / "runbooks" / "hand.yaml").write_text(HAND)
    (tmp_path / "playbooks" / "touch.yml").write_text("- hosts: redis\n  tasks: []\n")
    return tmp_path


def autofix(project: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(project), *words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("silences add --host r1 --for 1h", "a silence needs a reason"),
        ("silences add --for 1h --reason x", "a silence of everything"),
        ("silences add --host r1 --reason x", "a silence needs one end"),
        ("silences add --host r1 --reason x --for 1h --until 2099-01-01", "needs one end"),
        ("silences add --host r1 --reason x --for soon", "'soon' is not a duration"),
        ("silences add --host r1 --reason x --until soon", "'soon' is no date and time"),
        ("silences add --host r1 --reason x --until 2020-01-01", "over before it begins"),
        ("silences add --host r1 --reason x --until 2999-01-01", "ends within 366d"),
        ("silences add --host r9 --for 1h --reason x", "'r9' is not a host of the inventory"),
        ("silences add --group r1 --for 1h --reason x", "'r1' is a host, not a group"),
        ("silences add --runbook hnd --for 1h --reason x", "did you mean 'hand'?"),
        ("silences add --label team --for 1h --reason x", "--label 'team' is not KEY=VALUE"),
        ("silences add --label a=1 --label a=2 --for 1h --reason x", "'a=2' is given twice"),
        ("silences end 7", "there is no silence 7"),
        ("breaker reset hand --host r9", "'r9' is not a host of the inventory"),
        ("breaker reset hand", "missing option '--host'"),
    ],
)
def test_wrong_words_get_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    assert autofix(project, *words.split()) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1


def test_a_breaker_that_is_closed_is_not_reset(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert autofix(project, "breaker", "reset", "hand", "--host", "r1") == 3
    assert "the breaker of hand on r1 is closed: no attempts lately" in capsys.readouterr().err
    assert autofix(project, "breaker") == 0
    assert capsys.readouterr().out == "every breaker is closed\n"


def test_a_silence_is_made_shown_and_ended(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("silences", "add", "--runbook", "hand", "--label", "team=db", "--for", "2h")
    assert autofix(project, *words, "--reason", "the vendor's turn") == 0
    assert capsys.readouterr().out.startswith("silence 1: hand team=db, ")
    assert autofix(project, "silences") == 0
    shown = capsys.readouterr().out
    assert "another 1h 59m" in shown or "another 2h" in shown
    assert "the vendor's turn" in shown
    assert autofix(project, "status") == 0
    assert "silence 1: hand team=db for another" in capsys.readouterr().out
    assert autofix(project, "silences", "end", "1") == 0
    assert autofix(project, "silences", "end", "1") == 3
    assert autofix(project, "silences", "list", "--all") == 0
    assert "ended by" in capsys.readouterr().out


def test_who_a_person_is_behind_root_and_in_which_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    assert login("ann (sudo)") == login("ann") == "ann"
    monkeypatch.setattr(session, "actor", lambda: "daemon (sudo)")
    assert session.groups_of_actor() == ["daemon"]
    monkeypatch.setattr(session, "actor", lambda: "uid 4711")
    assert session.groups_of_actor() == []
