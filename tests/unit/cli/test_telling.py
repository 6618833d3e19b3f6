"""What commands print, as pure functions: lines of a run, the story of an incident, tables."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from enum import StrEnum
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.cli.follow import Story, narrate
from autofix.cli.group import without_debug
from autofix.cli.output import ago, plain, print_json, table, when
from autofix.cli.run import WORST_FIRST, worst
from autofix.cli.tasks import task_lines
from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.inert import inert
from autofix.core.runs import RunEvent

HOSTILE = "a\x1b[2Jb\u202ec"


def entry(action: str, **payload: object) -> AuditEntry:
    event = AuditEvent(0.0, "root", action, "book", "r1", incident=4, run=7, payload=payload)
    return AuditEntry(1, event, "", "")


# lines of a run


def test_a_task_that_went_well_is_one_line_per_host() -> None:
    assert task_lines(RunEvent("ok", 0.0, task="look", host="r1")) == ["  ✓ look  [r1]"]
    changed = task_lines(RunEvent("changed", 0.0, task="look", host="r1"))
    assert changed == ["  ✓ look  [r1]  changed"]


@pytest.mark.parametrize("kind", ["failed", "unreachable", "ignored"])
def test_a_failure_brings_its_message(kind: str) -> None:
    lines = task_lines(RunEvent(kind, 0.0, task="do", host="r1", text="no\nroom"))
    assert lines[0].endswith(f"do  [r1]  {kind}")
    assert lines[1:] == ["      no", "      room"]


def test_a_long_message_is_cut_live_and_whole_in_the_log() -> None:
    event = RunEvent("failed", 0.0, task="do", host="r1", text="\n".join(map(str, range(40))))
    assert task_lines(event)[-1] == "      …"
    assert len(task_lines(event)) == 14
    assert len(task_lines(event, full=True)) == 41


def test_what_no_log_hides_and_what_was_skipped_stay_quiet() -> None:
    hidden = RunEvent("failed", 0.0, task="do", host="r1", text="(hidden by no_log)")
    assert len(task_lines(hidden)) == 1
    skipped = RunEvent("skipped", 0.0, task="do", host="r1")
    assert task_lines(skipped) == []
    assert task_lines(skipped, full=True) == ["  - do  [r1]  skipped"]
    assert task_lines(RunEvent("play", 0.0, play="all")) == []


@given(st.text(), st.text(), st.text())
def test_no_text_of_a_host_is_active_or_makes_a_line_of_its_own(
    task: str, host: str, text: str
) -> None:
    for kind in ("ok", "failed", "skipped", "notice", "output"):
        for line in task_lines(RunEvent(kind, 0.0, "", task, host, text), full=True):
            assert inert(line, len(line)) == line
            assert line.startswith("  ")


# the story of an incident


@pytest.mark.parametrize(
    ("action", "begins"),
    [
        ("incident.opened", "seen       r1: because"),
        ("incident.acting", "decided    because"),
        ("incident.held", "held       because"),
        ("incident.awaiting_approval", "waits      because; autofix incidents approve 4"),
        ("incident.not_healed", "not enough because"),
        ("incident.healed", "HEALED     because"),
        ("incident.escalated", "ESCALATED  because"),
        ("run.waiting", "waits      because"),
    ],
)
def test_each_event_that_a_person_follows_is_one_line(action: str, begins: str) -> None:
    assert narrate(entry(action, reason="because")) == begins


def test_runs_and_pages_are_told_with_what_they_are() -> None:
    started = narrate(entry("run.started", playbook="fix.yml", kind="fix"))
    assert started.split() == ["run", "7", "fix.yml", "on", "r1", "(fix)"]
    assert narrate(entry("run.finished", outcome="ok", reason="fine")) == "run 7 ended ok: fine"
    failed = narrate(entry("page.failed", channel="mail", error=HOSTILE))
    assert failed == "page       mail failed: a\\u001b[2Jb\\u202ec"
    assert "nobody could be paged" in narrate(entry("page.unroutable"))


def test_what_is_no_news_for_a_person_is_not_told() -> None:
    assert narrate(entry("run.planned", reason="because")) == ""
    assert narrate(entry("pause.set")) == ""


@given(st.text())
def test_no_reason_is_active(reason: str) -> None:
    for action in ("incident.opened", "incident.held", "run.finished", "page.sent"):
        line = narrate(entry(action, reason=reason, outcome="ok", title=reason, channel="c"))
        assert inert(line, len(line)) == line


class _Gone:
    """A standard output whose reader has left."""

    def __init__(self) -> None:
        self.tried = 0

    def isatty(self) -> bool:
        return False

    def write(self, _text: str) -> int:
        self.tried += 1
        raise BrokenPipeError

    def flush(self) -> None: ...

    def fileno(self) -> int:
        raise OSError


def test_a_story_goes_on_in_silence_when_nobody_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = _Gone()
    monkeypatch.setattr("sys.stdout", gone)
    story = Story()
    story.say("one")
    story.say("two")
    assert gone.tried == 1


# tables and JSON


def test_a_piped_table_is_tabs_and_one_line_per_row(capsys: pytest.CaptureFixture[str]) -> None:
    table(("id", "why"), [(1, "x\ty\nz"), (2, HOSTILE)], "none")
    assert capsys.readouterr().out.splitlines() == [
        "id\twhy",
        "1\tx\\u0009y\\u000az",
        "2\ta\\u001b[2Jb\\u202ec",
    ]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    table(("id",), [], "no runs yet")
    assert capsys.readouterr().out == "no runs yet\n"


class _Colour(StrEnum):
    RED = "red"


def test_our_values_become_json(capsys: pytest.CaptureFixture[str]) -> None:
    event = RunEvent("ok", 1.5, task="do")
    value = {"event": event, "set": frozenset({"b", "a"}), "enum": _Colour.RED, "none": None}
    print_json(value)
    found = json.loads(capsys.readouterr().out)
    assert found == {"event": plain(event), "set": ["a", "b"], "enum": "red", "none": None}
    assert found["event"]["task"] == "do"


@given(st.text() | st.text("\x1b\x9b\u202e\U000e0041\ud800内"))
def test_json_is_inert_and_loses_nothing(text: str) -> None:
    with redirect_stdout(StringIO()) as out:
        print_json({"text": text})
    assert json.loads(out.getvalue()) == {"text": text}
    assert inert(out.getvalue(), 10_000, lines=True) == out.getvalue()


def test_moments_are_shown_for_people() -> None:
    assert when(None) == ago(None, 10.0) == "-"
    assert ago(10.0, 70.0) == "1m ago"
    assert ago(11.0, 10.0) == "0s ago"  # a clock that went back


# exit codes and words


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 2], 2), ([0, 2, 4], 4), ([0, 0], 0)],
)
def test_of_several_hosts_the_worst_counts(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected
    assert worst(reversed(codes)) == expected


def test_the_order_is_the_contract() -> None:
    assert WORST_FIRST == (4, 2, 1, 3, 0)


def test_debug_may_stand_anywhere_but_after_two_dashes() -> None:
    assert without_debug(["--debug", "status"]) == (["status"], True)
    assert without_debug(["status", "--debug"]) == (["status"], True)
    assert without_debug(["status"]) == (["status"], False)
    assert without_debug(["run", "--", "--debug"]) == (["run", "--", "--debug"], False)
