"""YAML with positions: plain data, one clear line for everything that is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.config import scalar
from autofix.config.document import Vaulted, parse, read


def said(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "f.yaml").problems]


def test_values_keep_the_line_of_their_key() -> None:
    document = parse("# note\na: 1\nb:\n  - x\n  - c: [1,\n      2]\n", "f.yaml")
    assert document.value == {"a": 1, "b": ["x", {"c": [1, 2]}]}
    lines = {keys: place.line for keys, place in document.places.items()}
    assert lines[("b",)] == 3
    assert lines[("b", 1, "c")] == 5
    assert lines[("b", 1, "c", 1)] == 6


def test_a_place_that_is_not_there_is_its_parents() -> None:
    document = parse("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert document.place(("b", "zzz", 4)).line == 2
    assert document.place(("nowhere",)).line == 1
    assert document.place(("b", "probe", "c")).line == 3  # a union's own words are skipped


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("5", 5),
        ("-7", -7),
        ("0644", "0644"),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e5", "1e5"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("yes", True),
        ("Off", False),
        ("yEs", "yEs"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("10.0.0.5:9121", "10.0.0.5:9121"),
        ("日本語", "日本語"),
    ],
)
def test_a_word_means_what_operators_expect(word: str, value: object) -> None:
    found = parse(f"a: {word}", "f").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_scalar_reads_a_word_of_the_command_line() -> None:
    assert [scalar(word) for word in ("6380", "0.5", "true", "x y", "6379,6380")] == [
        6380,
        0.5,
        True,
        "x y",
        "6379,6380",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "f.yaml:1: the file holds a list (write keys with values, such as name: x)"),
        (
            "x\n",
            "f.yaml:1: the file holds a single value (write keys with values, such as name: x)",
        ),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' stands twice (first in line 1) (remove one)"),
        ("a:\n\tb: 1\n", "f.yaml:2: a tab can't indent YAML (use spaces)"),
        (
            "title: a: b\n",
            "f.yaml:1: not YAML: mapping values are not allowed in this context "
            "(put a text that holds `: ` in quotes)",
        ),
        (
            "a: 1\nb: @x\n",
            "f.yaml:2: not YAML: found character that cannot start any token "
            "(look at the indentation, and put texts with special characters in quotes)",
        ),
        ("a: 'x\n", "f.yaml:2: not YAML: found unexpected end of stream"),
        ("a: *x\n", "f.yaml:1: the alias *x is not defined above"),
        ("a: &x [*x]\n", "f.yaml:1: the alias *x refers to itself"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins (one file, one document)"),
        ("a: .nan\n", "f.yaml:1: .nan is no number to work with (write a finite number)"),
        ("a: -.inf\n", "f.yaml:1: -.inf is no number to work with (write a finite number)"),
        (
            f"a: {'9' * 30}\n",
            "f.yaml:1: a number has more than 18 digits (put it in quotes if it is text)",
        ),
        ("1: a\n", "f.yaml:1: the key 1 is not text (put it in quotes)"),
        ("on: a\n", "f.yaml:1: the key on is not text (put it in quotes)"),
        ("[a]: 1\n", "f.yaml:1: the key a list is not text (put it in quotes)"),
        ("<<: {a: 1}\n", "f.yaml:1: merge keys (<<) are not known here (write the keys out)"),
        (
            "a: !!python/object/apply:os.system [id]\n",
            "f.yaml:1: the tag !!python/object/apply:os.system is not known "
            "(remove it; only !vault has a meaning)",
        ),
        ("[" * 100, "f.yaml:1: the file is too large: deeper than 32 (split it)"),
        ("a: " + "[x]," * 3, "f.yaml:1: not YAML: did not find expected key"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(text: str, problem: str) -> None:
    if "expected key" in problem:
        assert len(said(text)) == 1
    else:
        assert said(text) == [problem]


def test_everything_wrong_is_said_at_once() -> None:
    assert len(said("a: 1\na: 2\nb: .nan\n3: x\nc: !x y\n")) == 4


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "~"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    document = parse(text, "f")
    assert (document.value, document.problems) == ({}, ())


def test_a_vault_text_stays_closed_and_unseen() -> None:
    document = parse("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n", "f")
    assert document.value["a"] == Vaulted("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert "ANSIBLE" not in repr(document)


def test_aliases_are_read_and_bounded() -> None:
    assert parse("a: &x {b: [1]}\nc: *x\n", "f").value == {"a": {"b": [1]}, "c": {"b": [1]}}
    laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    laughs += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert said(laughs) == ["f.yaml:5: aliases make over 20000 parts of it (write less of them)"]
    tower = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert "aliases nest the file deeper than 32" in said(tower)[0]
    anchors = "".join(f"a{n}: &a{n} x\n" for n in range(200))
    assert said(anchors) == ["f.yaml:101: the file has over 100 anchors (write less of them)"]


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@` \n\t,?~.0", max_size=40))
def test_no_text_raises(text: str) -> None:
    document = parse(text, "f")
    assert isinstance(document.value, dict)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: \xff\n", ":1: the file is not UTF-8 text (save it as UTF-8)"),
        (b"a: 1\nb: \x1b[0m\n", ":2: a control character U+001B stands in the file (remove it)"),
        (b"x" * 10 * 1024 * 1024, ": the file is too large: 10.0 MiB (at most 1 MiB is read)"),
    ],
)
def test_a_file_that_is_no_text_is_one_problem(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    assert [str(one) for one in read(path).problems] == [f"{path}{problem}"]


def test_what_is_no_file_is_one_problem(tmp_path: Path) -> None:
    def message(path: Path) -> str:
        (problem,) = read(path).problems
        return problem.message

    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert message(tmp_path) == "this is a folder"
    assert message(tmp_path / "none") == "can't be read: No such file or directory"
    assert message(loop) == "can't be read: Too many levels of symbolic links"
    assert message(pipe) == "this is no file"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("\ufeffa: ü\r\n".encode())
    found: Any = read(path)
    assert (found.value, found.problems) == ({"a": "ü"}, ())
