"""How runbooks did, and what became of their files."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from autofix.core.histories import SPAN, Counted, histories, history
from autofix.core.incidents import State
from autofix.core.runbooks import Step
from autofix.core.runs import Outcome, RunOrder, RunResult
from autofix.core.sources import LARGEST, Stands, masked
from autofix.desk.cards import card
from autofix.desk.in_words import called
from autofix.errors import NotFound
from autofix.flow import people
from unit.desk.kit import desk
from unit.flow.world import BOOK, World, with_steps


@pytest.mark.parametrize(
    ("took", "usual"),
    [("", None), ("7", 7.0), ("500,10,30", 30.0), ("10,20", 15.0)],
)
def test_what_is_usual_is_the_median(took: str, usual: float | None) -> None:
    assert history("r", 0.0, [Counted("r", 9, 3, 1, took)]).usual == usual


def test_parts_of_one_runbook_are_put_together_and_each_name_has_its_own() -> None:
    parts = [Counted("a", 3, 1, 0, "10"), Counted("b", 1, 0, 1), Counted("a", 1, 1, 1, "30")]
    first, second, third = histories(["a", "b", "c"], 5.0, parts)
    assert (first.fired, first.healed, first.paged, first.usual) == (4, 2, 1, 20.0)
    assert (second.fired, second.paged, third.fired, third.since) == (1, 1, 0, 5.0)


def test_the_desk_counts_what_happened_in_the_last_thirty_days() -> None:
    world = World()
    world.hands.does["rewrite.yml"] = world.well("r1")
    world.ill()
    world.pass_time(30)
    found = desk(world).history(BOOK.name)
    assert (found.fired, found.healed, found.paged) == (1, 1, 0)
    assert found.usual is not None
    assert desk(world).histories() == [found]
    world.clock.advance(SPAN)
    assert desk(world).history(BOOK.name).fired == 0
    with pytest.raises(NotFound):
        desk(world).history("nothing")


def test_what_a_person_ended_has_not_healed_when_it_is_filed_either() -> None:
    """The run broke, and the symptom was gone all the same: a person looked at what it did."""
    world = World(with_steps(Step("soft.yml")))

    def broke_and_cured(order: RunOrder) -> RunResult:
        world.well("r1")(order)
        return RunResult(Outcome.FAILED, "it broke", 2)

    world.hands.does["soft.yml"] = broke_and_cured
    world.ill()
    world.pass_time(30)
    assert world.incident().state is State.ESCALATED
    people.resolve(world.ctx, 1, "ann")
    resolved = desk(world).history(BOOK.name)
    people.close(world.ctx, 1, "ann")
    assert (resolved.fired, resolved.healed, resolved.paged) == (1, 0, 1)
    assert desk(world).history(BOOK.name) == resolved


def test_a_file_beside_what_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "runbooks" / "r.yaml"
    file.parent.mkdir()
    file.write_text("name: r\n")
    world = World(replace(BOOK, file=str(file), source="name: r\n"))
    found = desk(world).runbook_source(BOOK.name)
    assert (found.file, found.text, found.stands) == ("runbooks/r.yaml", "name: r\n", Stands.SAME)
    file.write_text("name: other\n")
    found = desk(world).runbook_source(BOOK.name)
    assert (found.text, found.stands) == ("name: r\n", Stands.CHANGED)
    file.write_bytes(b"\xff\xfe")
    assert desk(world).runbook_source(BOOK.name).stands is Stands.CHANGED
    file.unlink()
    assert desk(world).runbook_source(BOOK.name).stands is Stands.VANISHED
    file.mkdir()
    assert desk(world).runbook_source(BOOK.name).stands is Stands.UNREADABLE


def test_a_very_large_file_is_cut() -> None:
    world = World(replace(BOOK, source="x" * (LARGEST + 1)))
    found = desk(world).runbook_source(BOOK.name)
    assert (len(found.text), found.cut) == (LARGEST, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: hunter2\n", "password: ********\n"),
        ("  api_key: 'a b' # mine\n", "  api_key: ******** # mine\n"),
        ("vars: {db_password: hunter2, port: 1}", "vars: {db_password: ********, port: 1}"),
        ('"token": "a, b"', '"token": ********'),
        ("password_env: DB_PASSWORD", "password_env: DB_PASSWORD"),
        ("token: {type: string}", "token: {type: string}"),
        ("pwd:\n  type: string\n", "pwd:\n  type: string\n"),
        ("token: a, b]c # old\nx: 1", "token: ******** # old\nx: 1"),
        ("token: !vault &a it\nx: 1", "token: ********\nx: 1"),
        ('{token: "a\\"b", x: 1}', "{token: ********, x: 1}"),
        ("{token: 'it''s', x: 1}", "{token: ********, x: 1}"),
        ("token: [a, b]\nx: 1", "token: [********]\nx: 1"),
        ("- token:\n    - a\n    - b\n  x: 1", "- token:\n    - ********\n    - ********\n  x: 1"),
        ("tokens:\n- a\nx: 1", "tokens:\n- ********\nx: 1"),
        ("token: |\n  a: b\n\n  c\nx: 1", "token: |\n  ********\n\n  ********\nx: 1"),
        ("token:\n  a\nx: 1", "token:\n  ********\nx: 1"),
        ("token: a\n  b", "token: ********\n  ********"),
        ("headers: {Authorization: Bearer a}", "headers: {********}"),
        (
            " headers:\n   Authorization: Bearer a\n match: x",
            " headers:\n   Authorization: ********\n match: x",
        ),
        ("url: https://ann:a@h/p?token=b&x=1", "url: https://********@h/p?token=********&x=1"),
        ("title: the token is old", "title: the token is old"),
        ("key: value", "key: value"),
    ],
)
def test_values_of_keys_that_name_a_secret_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text", ["token: " * 30_000, "token:\n" * 30_000, "a" * 200_000, "[token: [" * 22_000,
             "headers: {" * 20_000, 'token: "' + "\\" * 200_000, "://" * 66_000]
)  # fmt: skip
def test_a_file_that_was_made_to_be_slow_is_masked_within_a_moment(text: str) -> None:
    began = time.process_time()
    masked(text[:LARGEST])
    assert time.process_time() - began < 5


def test_a_card_says_the_guards_and_who_is_called() -> None:
    world = World()
    found = card(BOOK, world.ctx.book)
    assert "after it has run on a target it leaves that one alone for 5m" in found.guards
    assert found.called[0] == "at once: bell, else second"
    assert (found.asks, found.has_subject) == (False, False)
    assert called(None) == ()
