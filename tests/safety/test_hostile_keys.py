"""SAFETY test 3: hostile keys are refused wherever they would become names of variables."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import pytest

from autofix.core import door
from safety.payloads import PAYLOADS

RESERVED = (
    "__ansible_vault", "__ansible_unsafe", "__ansible_type", "__ansible_argument_spec", "__class__",
    "__init__", "__", "__x", "ansible_host", "ansible_connection", "ansible_shell_executable",
    "ansible_python_interpreter", "ansible_ssh_common_args", "ansible_ssh_args", "ansible_",
    "ansible_become_exe", "ansible_host_key_checking",
)  # fmt: skip
SHAPED = (
    "", " ", "a b", "a-b", "a.b", "a/b", "a:b", "a=b", "a\n", "\na", "a\x00", "a\u202e", "\ufeffa",
    "1", "1a", "é", "ａ", "а", "K" * 64, "{{ x }}", "@a", "-e", "--extra-vars", "[a]", "{a}", "'a'",
)  # fmt: skip


def places(key: str) -> list[dict[str, Any]]:
    return [{key: 1}, {"a": {key: 1}}, {"a": [{"b": [{key: "x"}]}]}, {"a": 1, key: {key: {}}}]


@pytest.mark.parametrize("key", [*RESERVED, *SHAPED, *PAYLOADS])
def test_a_hostile_key_is_refused_at_every_depth(key: str) -> None:
    for value in places(key):
        assert door.value_faults(value, names=True), value


def test_every_key_that_is_let_in_is_a_plain_name() -> None:
    fuzz = random.Random(20261123)
    alphabet = string.ascii_letters + string.digits + "_" * 20 + " -.{}%'\"\n\x00é\u202eａ"
    let_in = 0
    for _ in range(20_000):
        key = "".join(fuzz.choices(alphabet, k=fuzz.randrange(1, 70)))
        if door.value_faults({key: 1}, names=True):
            continue
        let_in += 1
        assert key.isascii()
        assert key.isidentifier()
        assert len(key) <= 63
        assert not key.startswith(("__", "ansible_"))
    assert let_in > 100


@pytest.mark.parametrize("key", ["a", "__ansible_unsafe", "é"])
def test_a_key_that_stands_twice_is_refused(key: str) -> None:
    name = json.dumps(key)
    for body in (f"{{{name}: 1, {name}: 2}}", f'[{{"x": {{{name}: 1, "b": 2, {name}: 1}}}}]'):
        with pytest.raises(door.Refused, match="stands twice"):
            door.read_json(body.encode())


def test_names_of_labels_are_data_and_stay() -> None:
    labels = {"labels": {"app.kubernetes.io/name": "redis", "__name__": "up"}}
    assert door.read_json(json.dumps(labels).encode()) == labels
