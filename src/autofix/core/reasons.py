"""Stored sentences in the reader's language, at display. The record itself stays English.

A sentence that is none of `sentences.SENTENCES` stays as it is, and so does any part of it.
Patterns are anchored at both ends and matched by finding their fixed parts from left to right,
without ever going back: text of a stranger can't make it slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from autofix.core.sentences import SENTENCES
from autofix.core.sentences_logins import LOGINS
from autofix.core.sentences_pages import ANSWERS, CARDS, REFUSALS
from autofix.core.sentences_posts import POSTS
from autofix.core.vocabulary import WORDS, spoken
from autofix.core.words import Words

#: How deep sentences within sentences are followed, and how many joints are tried in each.
DEPTH, JOINTS = 4, 6
#: What stands between two sentences, and how that is written in Chinese.
JOINED = ((": ", "\uff1a"), ("; ", "\uff1b"), (", ", "\uff0c"))
#: Longer texts are nobody's sentence.
LONGEST = 4000
_NAME = re.compile(r"\{(\w+)\}")
_KINDS = {
    "outcome": "outcome",
    "state": "state",
    "guard": "guard",
    "kind": "kind",
    "deadline": "deadline",
    "role": "role",
    "watch": "watch",
    "runstate": "run",
}
#: Parts that are sentences again.
_AGAIN = ("why", "done")
#: How files of playbooks end.
_FILES = (".yml", ".yaml")


@dataclass(frozen=True)
class Shape:
    """A sentence, taken apart: `fixed` stand around `names`, one more than there are."""

    sentence: str
    fixed: tuple[str, ...]
    names: tuple[str, ...]

    def parts(self, text: str) -> dict[str, str] | None:
        """What stands at each name, or None when it is another sentence."""
        first, last = self.fixed[0], self.fixed[-1]
        if not self.names:
            return {} if text == first else None
        if not (text.startswith(first) and text.endswith(last)):
            return None
        at, end, found = len(first), len(text) - len(last), []
        for middle in self.fixed[1:-1]:
            next_at = text.find(middle, at, end)
            if next_at < 0:
                return None
            found.append(text[at:next_at])
            at = next_at + len(middle)
        found.append(text[at:end])
        said = dict(zip(self.names, found, strict=True))
        return said if at <= end and all(map(_fits, said, said.values())) else None


@cache
def shapes() -> tuple[Shape, ...]:
    made = []
    for sentence in (*SENTENCES, *CARDS, *ANSWERS, *REFUSALS, *LOGINS, *POSTS):
        pieces = _NAME.split(sentence)
        made.append(Shape(sentence, tuple(pieces[::2]), tuple(pieces[1::2])))
    return tuple(made)


def told(text: str, words: Words) -> str:
    """The stored sentence for this reader."""
    if not text or words.language == "en" or len(text) > LONGEST:
        return text
    return _told(text, words, DEPTH) or words.gettext(text) or text


def _told(text: str, words: Words, depth: int) -> str | None:
    """None: it is none of ours."""
    for shape in shapes():
        said = shape.parts(text)
        if said is not None and (whole := _said(shape, said, words, depth)) is not None:
            return whole
    return _joined(text, words, depth) if depth else None


def _said(shape: Shape, said: dict[str, str], words: Words, depth: int) -> str | None:
    shown = {}
    for name, value in said.items():
        if kind := _KINDS.get(_plain(name)):
            shown[name] = words.pgettext(kind, spoken(value))
        elif name.startswith(_AGAIN):
            shown[name] = (_told(value, words, depth - 1) if depth else None) or value
        else:
            shown[name] = value
    return _NAME.sub(lambda each: shown.get(each[1], ""), words.gettext(shape.sentence))


def _joined(text: str, words: Words, depth: int) -> str | None:
    """A sentence, a guard's name or two sentences before what explains them: `not gone: …`."""
    for joint, mark in JOINED:
        at = -1
        for _ in range(JOINTS):
            at = text.find(joint, at + 1)
            if at < 0:
                break
            head = _head(text[:at], words)
            if head is not None:
                rest = text[at + len(joint) :]
                return f"{head}{mark}{_told(rest, words, depth - 1) or rest}"
    return None


def _head(text: str, words: Words) -> str | None:
    if text in WORDS["guard"]:
        return words.pgettext("guard", spoken(text))
    return _told(text, words, 0)


def _fits(name: str, value: str) -> bool:
    name = _plain(name)
    if name == "n":
        return value.isdigit()
    if name in _KINDS:
        return value in WORDS[_KINDS[name]]
    if name == "span":
        return bool(value) and value[0].isdigit() and len(value) < 20
    if name == "file":
        return value.endswith(_FILES) and " " not in value
    if name == "done":
        return value.split(" ", 1)[0].rstrip(",").endswith(_FILES)
    # A name holds no sentence; the rest of one may.
    return bool(value) and (name.startswith(("why", "text")) or ": " not in value)


def _plain(name: str) -> str:
    """Of several parts of a kind the later ones have a number."""
    return name.rstrip("23")
