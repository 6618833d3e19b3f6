"""Languages: the catalogues, read from their `.po` files, and how times read. The only home of
Babel."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib import resources

from babel import Locale, negotiate_locale
from babel.dates import format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from autofix.core.words import ENGLISH, Words

#: Code → its own name for itself. Simplified Chinese is `zh` everywhere.
LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}


class Catalogue(gettext.GNUTranslations):
    """A `.po` file in memory."""

    def __init__(self, language: str) -> None:
        file = resources.files("autofix.i18n").joinpath(f"{language}.po")
        made = io.BytesIO()
        with file.open("rb") as source:
            write_mo(made, read_po(source, locale=language))
        made.seek(0)
        super().__init__(made)
        self.language = language


@cache
def words(language: str) -> Words:
    """The catalogue of one of LANGUAGES; English for any other."""
    return Catalogue(language) if language in LANGUAGES and language != "en" else ENGLISH


def chosen(wanted: str, accepted: str, otherwise: str = "en") -> str:
    """The language of a reader: what he chose, else what his browser accepts (an
    `Accept-Language` header), else the installation's."""
    if wanted in LANGUAGES:
        return wanted
    asked = [each.partition(";")[0].strip().replace("-", "_") for each in accepted.split(",")]
    aliases = {"en": "en_US", "zh": "zh_CN"}
    found = negotiate_locale(asked[:20], list(LANGUAGES), aliases=aliases)
    return found if found and found in LANGUAGES else otherwise


def ago(seconds: float, language: str) -> str:
    """How long ago (`5 min. ago`), or in how long when negative (`in 5 min.`)."""
    return format_timedelta(
        timedelta(seconds=-seconds), add_direction=True, format="short", locale=_locale(language)
    )


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("zh_Hans_CN" if language == "zh" else "en")
