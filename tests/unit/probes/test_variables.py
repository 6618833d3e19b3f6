"""Connection variables as people write them in inventories."""

from __future__ import annotations

from typing import Any

import pytest

from autofix.core.readings import Target
from autofix.options import Secret
from autofix.probes.variables import VariableError, as_ports, chosen_ports, flag, text


def target(**variables: Any) -> Target:
    return Target("h1", "", variables)


def test_text_may_be_a_number_a_secret_or_nothing() -> None:
    assert text(target(p="abc"), "p") == "abc"
    assert text(target(p=123456), "p") == "123456"
    assert text(target(p=Secret("s3cr3t")), "p") == "s3cr3t"
    assert text(target(), "p") == text(target(p=None), "p") == ""


@pytest.mark.parametrize("value", [True, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused_without_showing_it(value: Any) -> None:
    with pytest.raises(VariableError, match=r"^p of h1 is not a text$"):
        text(target(p=value), "p")


@pytest.mark.parametrize("value", [True, "yes", "True", " on ", 1, "1"])
def test_yes_in_every_way(value: Any) -> None:
    assert flag(target(f=value), "f") is True


@pytest.mark.parametrize("value", [False, "no", "FALSE", "off", 0])
def test_no_in_every_way(value: Any) -> None:
    assert flag(target(f=value), "f") is False


def test_neither_yes_nor_no() -> None:
    assert flag(target(), "f") is None
    with pytest.raises(VariableError, match="write true or false"):
        flag(target(f="perhaps"), "f")


def test_ports_in_every_way() -> None:
    assert as_ports(6379) == as_ports("6379") == as_ports([" 6379 ", 6379]) == (6379,)
    assert as_ports("6379, 6380") == as_ports([6379, "6380"]) == (6379, 6380)


@pytest.mark.parametrize("value", [True, "", "x", -1, 0, 65536, 3.5, None, [None], "１２"])
def test_what_is_no_port_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        as_ports(value)


def test_the_option_wins_over_the_variable_and_that_over_the_default() -> None:
    assert chosen_ports(target(p=2), "p", 1, {"port": 3}) == (3,)
    assert chosen_ports(target(p=[2, 4]), "p", 1, {}) == (2, 4)
    assert chosen_ports(target(), "p", 1, {}) == (1,)
    assert chosen_ports(target(p="bad"), "p", 1, {}, one=True) == (1,)
