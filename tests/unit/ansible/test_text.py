"""Text from hosts is shown inertly, and secrets are struck out in every usual form."""

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.ansible.text import STRUCK, Redactor, inert, one_line

SECRET = 'p@ss/w+rd "ü" 1'


def test_control_characters_are_shown_and_not_sent_to_the_terminal():
    assert inert("\x1b[2Jgone\x9b\x00\r") == "\\x1b[2Jgone\\x9b\\x00\\x0d"


def test_newlines_and_tabs_stay_and_windows_line_ends_become_plain_ones():
    assert inert("a\tb\r\nc\n") == "a\tb\nc\n"


def test_text_that_would_turn_the_reading_direction_is_shown():
    assert inert("a\u202eb\u2066c") == "a\\u202eb\\u2066c"


@given(st.text(alphabet=st.characters()))
def test_inert_text_can_always_be_stored_as_utf8(text):
    shown = inert(text + "\ud800")
    assert shown.encode("utf-8")
    assert inert(shown) == shown


def test_one_line_joins_and_cuts():
    assert one_line(" a\n\tb ") == "a b"
    assert one_line("x" * 20, limit=5) == "xxxx…"


ENCODINGS = {
    "plain": lambda s: s,
    "json": lambda s: json.dumps({"k": s}),
    "url": lambda s: urllib.parse.quote(s, safe=""),
    "form": urllib.parse.quote_plus,
    "hex": lambda s: s.encode().hex(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 shifted by one": lambda s: base64.b64encode(b"x" + s.encode() + b"y").decode(),
    "base64 shifted by two": lambda s: base64.b64encode(b"xy" + s.encode()).decode(),
    "url-safe base64": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "reversed": lambda s: s[::-1],
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_struck_out_in_each_encoding(encoding):
    told = ENCODINGS[encoding](SECRET)
    struck = Redactor([SECRET]).strike(f"before {told} after")
    assert STRUCK in struck
    assert told not in struck
    assert struck.startswith("before ")
    assert struck.endswith(" after")


@given(st.text(min_size=6, max_size=30).filter(lambda s: s.strip() == s), st.text(max_size=40))
def test_no_secret_is_left_whatever_stands_around_it(secret, around):
    struck = Redactor([secret]).strike(around + secret + around)
    assert secret not in struck.replace(STRUCK, "\n")


def test_a_secret_torn_by_the_cut_is_struck_out_at_the_end():
    assert Redactor(["correct horse"]).strike("it is correct ho", cut=True) == f"it is {STRUCK}"
    assert Redactor(["correct horse"]).strike("it is right", cut=True) == "it is right"


def test_a_short_secret_is_struck_out_as_a_word_only():
    assert Redactor(["ab"]).strike("ab cab ab.") == f"{STRUCK} cab {STRUCK}."


def test_secrets_inside_values_keys_and_numbers_are_struck_out():
    value = {"hunter22": ["x hunter22", {"n": 123456}], "n": 1, "flag": True}
    struck = Redactor(["hunter22", "123456"]).strike_value(value)
    assert struck == {STRUCK: [f"x {STRUCK}", {"n": STRUCK}], "n": 1, "flag": True}


def test_each_line_of_a_key_is_struck_out():
    key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQ\nabc\n-----END KEY-----\n"
    assert "NzaC1yc2" not in Redactor([key]).strike("> AAAAB3NzaC1yc2EAAAADAQ <")


def test_without_secrets_nothing_changes_and_nothing_empty_matches():
    assert Redactor(["", "  "]).strike("a b") == "a b"


def test_a_redactor_does_not_show_its_secrets():
    assert SECRET not in repr(Redactor([SECRET]))
