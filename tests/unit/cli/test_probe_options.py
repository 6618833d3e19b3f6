"""`autofix probe --with`: values as they stand in a runbook."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.cli.probe import option_values
from autofix.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("port=6380", 6380),
        ("verify=no", False),
        ("argv=[test, -e, /run/x]", ["test", "-e", "/run/x"]),
        ('argv=["sh", "-c", "echo a=1"]', ["sh", "-c", "echo a=1"]),
        ("env={A: b}", {"A": "b"}),
        ("match=[a-z]+", "[a-z]+"),
        ("match=a=b", "a=b"),
        ("match=[a, b", "[a, b"),
        ("match=[1]\nother: 2", "[1]\nother: 2"),
        ("match=", None),
    ],
)
def test_a_value_is_yaml(text: str, value: Any) -> None:
    key = text.partition("=")[0]
    assert option_values((text,)) == {key: value}


@pytest.mark.parametrize("given", [("port",), ("port=1", "port=2")])
def test_what_is_no_option_is_said(given: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        option_values(given)
