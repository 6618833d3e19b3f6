"""YAML in colours: every character stays, nothing of it becomes markup, each line is one."""

from __future__ import annotations

import re
from html import unescape

import pytest

from autofix.web.console.code import COLOURED, yaml

SOURCE = """\
# why it is so
name: disk-full
enabled: true
limit: &once 0.95
fix:
  - {playbook: "compress.yml", when: host.env == 'prod'}
about: |
  Two lines,
  as they are.
"""


def bare(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_all_of_it_is_there_line_by_line() -> None:
    html = str(yaml(SOURCE))
    assert bare(html) == SOURCE.rstrip("\n")
    assert html.count('<span class="code-line">') == SOURCE.count("\n")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("code-comment", "# why it is so"),
        ("code-key", "name"),
        ("code-text", "disk-full"),
        ("code-text", "compress.yml"),
        ("code-mark", "&amp;once"),
    ],
)
def test_words_have_the_class_of_their_kind(name: str, word: str) -> None:
    assert f'<span class="{name}">{word}</span>' in yaml(SOURCE)


@pytest.mark.parametrize(
    "hostile",
    [
        "a: <script>alert(1)</script>",
        'a: "</span><img src=x onerror=alert(1)>"',
        "<b>: 1",
        "a: !<tag:evil> x",
        "a: '&lt;'",
        "# --> <!-- x",
        "a: [",
        "\t- :\n  }{",
    ],
)
def test_nothing_of_it_becomes_markup(hostile: str) -> None:
    html = str(yaml(hostile))
    assert set(re.findall(r"<(/?\w+)", html)) == {"span", "/span"}
    assert set(re.findall(r"<span ([^>]*)>", html)) <= {
        f'class="code-{each}"' for each in ("line", "comment", "key", "mark", "text")
    }
    assert bare(html) == hostile


def test_what_could_forge_a_line_is_shown_as_what_it_is() -> None:
    html = yaml("a: b\u202ec\x1b[0m\rd: e\u2028f")
    assert bare(html) == "a: b\\u202ec\\u001b[0m\\u000dd: e\\u2028f"
    assert html.count("code-line") == 1


def test_line_ends_of_another_system_are_line_ends() -> None:
    assert yaml("a: 1\r\nb: 2\r\n").count("code-line") == 2


def test_an_empty_line_is_a_line_and_an_empty_text_has_none() -> None:
    assert yaml("a: 1\n\nb: 2\n").count("code-line") == 3
    assert yaml("") == ""


def test_a_very_long_text_is_shown_without_colours() -> None:
    long = "a: 1\n" * (COLOURED // 5 + 1)
    html = yaml(long)
    assert html.count("code-line") == COLOURED // 5 + 1
    assert "code-key" not in html
