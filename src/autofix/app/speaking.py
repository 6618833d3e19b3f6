"""The words of an installation's language."""

from __future__ import annotations

from autofix.core.words import ENGLISH, Words


def speaks(language: str) -> Words:
    """Catalogues are loaded only by who speaks something else than English."""
    if language == ENGLISH.language:
        return ENGLISH
    from autofix import i18n

    return i18n.words(language)
