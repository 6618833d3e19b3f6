"""docs/channels.md says every option of every channel, and nothing that isn't there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr

from autofix import channels

DOCS = (Path(__file__).parents[3] / "docs" / "channels.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def section(kind: str) -> str:
    found = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{kind} has no section"
    return found.group(1)


def shown(field: Any) -> str:
    """A default as the docs write it."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value else "–"


@pytest.mark.parametrize("kind", channels.TABLE)
def test_every_option_stands_with_its_default_and_its_words(kind: str) -> None:
    rows = {name: (default, words) for name, default, words in ROW.findall(section(kind))}
    fields = channels.load(kind).options.model_fields
    names = {field.alias or name: field for name, field in fields.items()}
    assert rows.keys() == names.keys()
    for name, field in names.items():
        default, words = rows[name]
        assert default == shown(field), name
        secret = field.annotation is SecretStr or SecretStr in get_args(field.annotation)
        assert words.startswith("*secret:* ") is secret, name
        assert words.removeprefix("*secret:* ") == field.description, name


@pytest.mark.parametrize("kind", channels.TABLE)
def test_every_channel_has_an_example(kind: str) -> None:
    assert f"type: {kind}" in section(kind)


def test_no_section_is_of_a_channel_that_is_not_there() -> None:
    kinds = set(re.findall(r"^## (\w+)$", DOCS, re.MULTILINE))
    assert kinds == set(channels.TABLE)
