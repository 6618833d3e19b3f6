"""How a page becomes words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.channels.message import calm, cut, document, whole
from autofix.channels.slack import escaped
from servers.pages import a_page


@pytest.mark.parametrize(
    ("words", "calmed"),
    [
        ("@all look", "@ all look"),
        ("@ALL", "@ ALL"),
        ("(@所有人)", "(@ 所有人)"),
        ("@13800138000", "@ 13800138000"),
        ("<@U012AB3CD> <!here>", "< @U012AB3CD> < !here>"),
        ('<at id="all"></at>', '< at id="all">< /at>'),
        ("root@all-hosts.example", "root@all-hosts.example"),
        ("a <b> c@d @ 5", "a <b> c@d @ 5"),
    ],
)
def test_mentions_are_calmed_and_all_else_stays(words: str, calmed: str) -> None:
    assert calm(words) == calmed


@given(st.text(max_size=200))
def test_calm_words_hold_no_mention(words: str) -> None:
    assert calm(calm(words)) == calm(words)


@given(st.text(max_size=400), st.integers(150, 600))
def test_cut_words_fit_and_are_whole_characters(words: str, limit: int) -> None:
    found = cut(words, limit, a_page())
    assert len(found.encode()) <= limit
    if len(words.encode("utf-8", "replace")) > limit:
        assert found.endswith("; see: autofix incidents show 7)")


def test_a_page_without_an_incident_is_cut_without_its_number() -> None:
    assert cut("x" * 500, 200, a_page(incident=None)).endswith("\n… (cut here, 500 bytes in all)")


@given(st.text(max_size=200))
def test_slack_text_holds_no_control_character_of_slack(words: str) -> None:
    found = escaped(words)
    assert "<" not in found
    assert ">" not in found
    assert found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == words


@given(st.text(), st.text())
def test_a_title_is_one_line_whatever_it_says(title: str, text: str) -> None:
    page = a_page(title=title, text=text)
    assert "\n" not in document(page)["title"]
    assert "\r" not in whole(page)
