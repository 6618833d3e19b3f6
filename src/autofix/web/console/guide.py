"""A runbook's guide: Markdown that its author wrote, as HTML that can do nothing but be read.

The only home of markdown_it and nh3. HTML in it stays text, links lead to http, https and mailto
only, and what comes out has passed an allow-list, whatever the first of the two let through.
"""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from autofix.core.inert import inert

#: The most of a guide that is shown, in characters.
LONGEST = 100_000
TAGS = frozenset(
    {"p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "s", "code", "pre",
     "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td"}
)  # fmt: skip
SCHEMES = frozenset({"http", "https", "mailto"})
REL = "noopener noreferrer"
#: The page's own headings are h1 and h2.
DEEPER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


def rendered(about: str) -> Markup:
    """As HTML to be put in as it is; active characters stand as visible escapes."""
    made = _renderer()
    tokens = made.parse(inert(about, LONGEST, lines=True))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = DEEPER[token.tag]
    html = made.renderer.render(tokens, made.options, {})
    return Markup(_clean(html))  # noqa: S704 - it has passed the allow-list just now


@cache
def _renderer() -> MarkdownIt:
    """Without HTML, and without images: they would ask other servers."""
    made = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    return made.enable(["table", "strikethrough"]).disable(["image", "html_inline", "html_block"])


def _absolute(_: str, name: str, value: str) -> str | None:
    """A link without a scheme would lead to an act of ours, or nowhere: it is none."""
    scheme, colon = value.partition(":")[:2]
    return value if name != "href" or (colon and scheme.lower() in SCHEMES) else None


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags={"script", "style"},
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes=set(SCHEMES),
        attribute_filter=_absolute,
        link_rel=REL,
        strip_comments=True,
    )
