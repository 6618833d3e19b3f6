"""The catalogues, brought up to date with what the code says: `make words`.

Every text for people is asked for in English by `_()`, `gettext`, `ngettext` or `pgettext`, in
templates and in Python; words of enums stand in `autofix.core.vocabulary`. This finds them all,
merges them into the `.po` files, drops what nobody asks for any more, and says what is missing.
With `--check` it changes nothing. The answer is 1 while something is missing.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from autofix.core.vocabulary import every

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "autofix"
LANGUAGES = ("zh",)
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
#: As in `autofix.web.pages`.
TEMPLATES = {
    "extensions": "jinja2.ext.i18n,jinja2.ext.loopcontrols",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")


def found() -> Catalog:
    """All that the code asks for."""
    made = Catalog(fuzzy=False)
    for path in sorted(SOURCE.rglob("*")):
        method = {".py": "python", ".html": "jinja2"}.get(path.suffix)
        if method is None or "shipped" in path.parts:
            continue
        options = TEMPLATES if method == "jinja2" else {}
        for _, message, _, context in extract_from_file(
            method, path, keywords=KEYWORDS, options=options
        ):
            if message and message != ("", ""):
                made.add(message, context=context)
    for kind, word in every():
        made.add(word, context=kind)
    return made


def file(language: str) -> Path:
    return SOURCE / "i18n" / f"{language}.po"


def stored(language: str) -> Catalog:
    with file(language).open("rb") as source:
        return read_po(source, locale=language)


def merged(language: str, asked: Catalog) -> Catalog:
    """The catalogue with exactly the texts that are asked for."""
    known, made = stored(language), Catalog(locale=language, fuzzy=False)
    for message in asked:
        if not message.id:
            continue
        old = known.get(message.id, message.context)
        same = old is not None and old.id == message.id
        string = old.string if old is not None and same else None
        made.add(message.id, string, context=message.context, flags=old.flags if same else ())
    return made


def text(catalogue: Catalog) -> str:
    out = io.BytesIO()
    write_po(out, catalogue, width=110, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().decode()


def faults(catalogue: Catalog) -> Iterator[str]:
    """What a reader would miss: no translation, a doubtful one, other placeholders."""
    for message in catalogue:
        if not message.id:
            continue
        name = f"{message.context}: {message.id}" if message.context else str(message.id)
        given = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.fuzzy:
            yield f"is doubtful: {name}"
        if not all(given) or len(given) != (catalogue.num_plurals if message.pluralizable else 1):
            yield f"has no translation: {name}"
        elif any(_places(each) != _wanted(message) for each in given):
            yield f"has other placeholders: {name}"


def _wanted(message: Message) -> set[str]:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    return set().union(*map(_places, ids))


def _places(given: str) -> set[str]:
    return set(PLACEHOLDER.findall(given))


def main(arguments: list[str]) -> int:
    asked, lacking = found(), 0
    for language in LANGUAGES:
        made = merged(language, asked)
        before = file(language).read_text("utf-8")
        head = before[: before.index("\n\n") + 2]
        after = head + text(made)
        if "--check" not in arguments:
            file(language).write_text(after, "utf-8")
        for fault in faults(made):
            lacking += 1
            print(f"{language}: {fault}")
        if "--check" in arguments and after != before:
            lacking += 1
            print(f"{language}: not up to date: make words")
        print(f"{language}: {len(made)} texts")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
