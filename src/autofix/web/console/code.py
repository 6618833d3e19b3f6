"""Source as people read it: YAML in colours, its lines numbered by the style sheet.

The only home of pygments. What a word is becomes a class; both themes say what that looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape
from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Literal, Name

from autofix.core.inert import inert

#: Longer texts are shown in one colour: to tell their words apart takes too long.
COLOURED = 60_000
#: The most that is shown, in characters.
SHOWN = 200_000
#: The first kind that a word belongs to says its class.
_CLASSES = (
    (Comment, "code-comment"),
    (Name.Tag, "code-key"),
    (Name.Label, "code-mark"),  # anchors and aliases
    (Name, "code-text"),
    (Literal, "code-text"),
)
_Words = Iterable[tuple[str, str]]


def yaml(text: str) -> Markup:
    """This YAML as lines of `<span class="code-line">`, to be put into a `<pre>`. Everything is
    escaped; whatever could forge or break a line stands as a visible escape."""
    plain = inert(text.replace("\r\n", "\n"), SHOWN, lines=True)
    words = _words(plain) if len(plain) <= COLOURED else [("", plain)]
    lines = (Markup("").join(line) for line in _lines(words))
    return Markup("\n").join(
        Markup('<span class="code-line">{}</span>').format(line) for line in lines
    )


def _words(text: str) -> Iterator[tuple[str, str]]:
    lexer = YamlLexer(ensurenl=False, stripnl=False)
    for kind, word in lexer.get_tokens(text):
        yield next((name for known, name in _CLASSES if kind in known), ""), word


def _lines(words: _Words) -> Iterator[list[Markup]]:
    line: list[Markup] = []
    for name, word in words:
        first, *rest = word.split("\n")
        line += _spanned(name, first)
        for each in rest:
            yield line
            line = _spanned(name, each)
    if line:
        yield line


def _spanned(name: str, word: str) -> list[Markup]:
    if not word:
        return []
    if not name:
        return [escape(word)]
    return [Markup('<span class="{}">{}</span>').format(name, word)]
