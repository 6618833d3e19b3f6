"""Facts and reports travel without keys that Ansible would act on."""

from autofix.core.door import tame


def test_ansibles_own_keys_are_left_out_at_every_depth() -> None:
    hostile = {"a": [{"__ansible_unsafe": "x", "b": 1}], "__ansible_vault": "y", "c": (1, 2)}
    assert tame(hostile) == {"a": [{"b": 1}], "c": [1, 2]}


def test_everything_else_stays_as_it_is() -> None:
    value = {"ratio": 0.9, "none": None, "nested": {"list": [1, "two", True]}}
    assert tame(value) == value
