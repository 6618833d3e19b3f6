"""Wrong words on the command line: one line on standard error, exit code 2, nothing done.

The same entry point as the real command, in this process, where no inventory is needed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from autofix.cli.group import main

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


def autofix(project: Path, words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(project), *words.split()])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("incidnets", ["there is no command 'incidnets'", "did you mean 'incidents'?"]),
        ("run", ["missing argument 'RUNBOOK'", "autofix run --help"]),
        ("run hand --hots r1", ["no such option '--hots'", "autofix run --help"]),
        ("probe redi --host r1", ["there is no probe 'redi'", "did you mean 'redis'?"]),
        ("incidents show 99", ["there is no incident 99", "autofix incidents list"]),
        ("incidents ack 99", ["there is no incident 99", "autofix incidents list"]),
        ("incidents approve 99", ["there is no incident 99", "autofix incidents list"]),
        ("incidents resolve 99", ["there is no incident 99", "autofix incidents list"]),
        ("incidents close 99", ["there is no incident 99", "autofix incidents list"]),
        ("incidents show 99 --json", ["there is no incident 99", "autofix incidents list"]),
        ("incidents show 0", ["0 is not a number from 1"]),
        ("incidents show 99999999999999999999", ["is not a number from 1"]),
        ("incidents ack one", ["'one' is not a number"]),
        ("incidents list --limit 0", ["--limit", "0 is not a number from 1 to 1000"]),
        ("runs show 99", ["there is no run 99", "autofix runs list"]),
        ("runs log 99 --json", ["there is no run 99", "autofix runs list"]),
        ("runs cancel 99", ["there is no run 99", "autofix runs list"]),
        ("audit show 9999", ["the record has no event 9999", "autofix audit list"]),
        ("audit export -o /no/such/x", ["/no/such/x can't be written", "No such file"]),
        ("audit verify --witness /no/such/x", ["/no/such/x"]),
    ],
)
def test_wrong_words_get_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: str, parts: list[str]
) -> None:
    assert autofix(project, words) in (1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    for part in parts:
        assert part in err


def test_control_characters_of_words_are_shown_inertly(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ("probe \x1b[2J --host r1", "\x1b[2J", "incidents show \x1b[2J"):
        assert autofix(project, words) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize("words", ["--debug incidents show 9", "incidents show 9 --debug"])
def test_debug_shows_the_traceback_wherever_it_stands(
    project: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    assert autofix(project, words) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert err.splitlines()[-1].startswith("autofix: there is no incident 9")


def test_a_defect_is_called_one_and_has_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    from autofix.cli.group import ending

    assert ending(ZeroDivisionError("division by zero")) == 1
    err = capsys.readouterr().err
    assert err == (
        "autofix: a defect in autofix: ZeroDivisionError: division by zero "
        "(run again with --debug)\n"
    )


def test_a_broken_pipe_and_an_interruption_end_as_they_should(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from autofix.cli.group import ending

    assert ending(BrokenPipeError()) == 0
    assert capsys.readouterr().err == ""
    assert ending(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "autofix: interrupted\n"


def test_a_number_has_a_plain_name_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["pages", "list"], ["audit", "list"], ["runs", "list"], ["incidents", "ack"]):
        with pytest.raises(SystemExit):
            main([*words, "--help"])
    said = capsys.readouterr().out
    assert "--before NUMBER" in said
    assert "--page NUMBER" in said
    assert "RANGE" not in said
    assert "<=" not in said
