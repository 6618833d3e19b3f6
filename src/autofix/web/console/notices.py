"""What a page says after an act: a name in the address, the words here. A stranger who writes an
address can choose one of these sentences, and no others."""

from __future__ import annotations

from collections.abc import Mapping


def _(text: str) -> str:
    """Marks it for the catalogues; the template asks for it in the reader's language."""
    return text


NOTICES: Mapping[str, str] = {
    "acknowledged": _("It is yours: the calls stop."),
    "again": _("This had been sent already; nothing was done twice."),
    "in": _("You are logged in again."),
    "kept": _("Your choice is kept in this browser."),
}


def notice(name: str) -> str:
    return NOTICES.get(name, "")
