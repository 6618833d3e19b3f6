"""SAFETY test 2: fuzzed documents through Ansible's own loader: none trusted, all exact."""

from __future__ import annotations

import json
import random
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autofix.ansible import orders
from autofix.core.runs import RunOrder
from safety.payloads import PAYLOADS

CHILD = Path(__file__).parent / "loader_child.py"
SEED = 20261123
NASTY = "{}%#'\"\\,:[]&*!|>-?@`~\n\r\t\x00\x1b\x7f\x85\u2028\u202e\ufeff\ufffe😀é"
ODD = ["", " ", "null", "true", "~", "1e999", "0x1f", "0o17", "1_000", "2026-11-23", "-.inf", "<<"]
NUMBERS = [0, -1, 1, 2**53, 2**63, -(2**64), 10**40, 0.1, -0.0, 1e-300, 1.7e308]


def text(fuzz: random.Random) -> str:
    kind = fuzz.randrange(5)
    if kind == 0:
        return fuzz.choice(PAYLOADS)
    if kind == 1:
        return fuzz.choice(ODD)
    if kind == 2:
        whole = fuzz.choice(PAYLOADS)
        at = fuzz.randrange(len(whole))
        return whole[:at] + fuzz.choice(NASTY) + whole[at:]
    return "".join(fuzz.choices(NASTY + string.ascii_letters, k=fuzz.randrange(30)))


def value(fuzz: random.Random, depth: int = 0) -> Any:
    kind = fuzz.randrange(8 if depth < 5 else 5)
    if kind < 3:
        return text(fuzz)
    if kind == 3:
        return fuzz.choice(NUMBERS)
    if kind == 4:
        return fuzz.choice([None, True, False])
    if kind == 5:
        return [value(fuzz, depth + 1) for _ in range(fuzz.randrange(4))]
    return document(fuzz, depth + 1)


def document(fuzz: random.Random, depth: int = 0) -> dict[str, Any]:
    return {text(fuzz): value(fuzz, depth) for _ in range(fuzz.randrange(1, 5))}


def vars_file(sent: dict[str, Any]) -> str:
    """The text of the file that a run with these variables gets."""
    return json.dumps(orders.leaf(RunOrder(1, "play.yml", "web1", sent, 60.0)))


def through_ansible(folder: Path, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-I", CHILD, folder],
        input=json.dumps([vars_file(one) for one in documents]),
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("count", [pytest.param(300), pytest.param(10_000, marks=pytest.mark.long)])
def test_fuzzed_documents_are_never_trusted_and_come_out_exactly(
    tmp_path: Path, count: int
) -> None:
    fuzz = random.Random(SEED)
    documents = [document(fuzz) for _ in range(count)]
    answers = through_ansible(tmp_path, documents)
    assert len(answers) == count
    wrong = [
        sent
        for sent, answer in zip(documents, answers, strict=True)
        if answer["trusted"] or not answer["same"] or not exact(answer["af"], sent)
    ]
    assert wrong == []


def exact(got: Any, sent: Any) -> bool:
    """Equal in types, too: 1 is not True, 1.0 is not 1."""
    return json.dumps(got, sort_keys=True) == json.dumps(sent, sort_keys=True)


def test_the_file_holds_one_leaf_and_no_other_key_of_ansibles() -> None:
    sent = {"__ansible_vault": "x", "a": {"__ansible_unsafe": "y"}}
    file = json.loads(vars_file(sent))
    assert set(file) == {"event_json"}
    assert set(file["event_json"]) == {"__ansible_unsafe"}
    assert json.loads(file["event_json"]["__ansible_unsafe"]) == sent


def test_a_trusted_leaf_would_be_seen(tmp_path: Path) -> None:
    """The control: by the ordinary route a template is trusted, and changes."""
    plain = json.dumps({"event_json": '"{{ 1 + 1 }}"'})
    done = subprocess.run(
        [sys.executable, "-I", CHILD, tmp_path],
        input=json.dumps([plain]), capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["trusted"]
    assert answer["af"] == "2"
