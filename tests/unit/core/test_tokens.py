"""Tokens' shape, and addresses in networks."""

from __future__ import annotations

import secrets

import pytest

from autofix.core import tokens
from autofix.core.addresses import near, within


def test_a_token_is_read_back_as_it_was_spoken() -> None:
    secret = secrets.token_urlsafe(tokens.SECRET_BYTES)
    assert tokens.parts(tokens.spoken(7, secret)) == (7, secret)
    assert tokens.matches(secret, tokens.digest(secret))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "af_",
        "af_0_" + "a" * 43,
        "af_1_short",
        "AF_1_" + "a" * 43,
        "af_1_" + "a" * 44,
        "af_-1_" + "a" * 43,
        "af_1_" + "é" * 43,
        " af_1_" + "a" * 43,
        "af_1_" + "a" * 43 + "\n",
        "af_" + "9" * 30 + "_" + "a" * 43,
    ],
)
def test_what_has_not_its_shape_is_none(text: str) -> None:
    assert tokens.parts(text) is None


def test_another_secret_does_not_match() -> None:
    assert not tokens.matches("b" * 43, tokens.digest("a" * 43))
    assert not tokens.matches("a" * 43, "")


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        ("10.0.0.5", ["10.0.0.0/8"], True),
        ("10.0.0.5", ["10.0.0.5"], True),
        ("::ffff:10.0.0.5", ["10.0.0.0/8"], True),
        ("11.0.0.5", ["10.0.0.0/8", "192.168.0.0/16"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("::1", ["127.0.0.0/8"], False),
        ("", ["0.0.0.0/0"], False),
        ("not an address", ["0.0.0.0/0"], False),
        ("10.0.0.5", [], False),
    ],
)
def test_an_address_lies_in_a_network_or_not(
    address: str, networks: list[str], inside: bool
) -> None:
    assert within(address, networks) is inside


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::2:0:0:9", "2001:db8::/64"),
        ("socket", "socket"),
    ],
)
def test_what_one_sender_may_have_all_of(address: str, place: str) -> None:
    assert near(address) == place
