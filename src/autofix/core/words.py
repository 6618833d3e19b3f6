"""Words for people in their language, as far as the core needs to know: a catalogue to ask."""

from __future__ import annotations

from typing import Protocol


class Words(Protocol):
    """A gettext catalogue. What it does not know it gives back as it is, in English."""

    language: str

    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, one: str, many: str, number: int, /) -> str: ...
    def pgettext(self, context: str, message: str, /) -> str: ...


class English:
    """The language that everything is written in."""

    language = "en"

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, one: str, many: str, number: int, /) -> str:
        return one if number == 1 else many

    def pgettext(self, _context: str, message: str, /) -> str:
        return message


ENGLISH: Words = English()


def marked(message: str) -> str:
    """Marks a text for the catalogues (as `_`); who shows it asks in the reader's language."""
    return message
