"""The catalogues hold what the code asks for: all of it, nothing else, each text whole."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

from autofix.core.vocabulary import WORDS

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "src" / "autofix" / "web" / "templates"


def _tool() -> ModuleType:
    spec = spec_from_file_location("words_tool", ROOT / "tools" / "words.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


tool = _tool()
ASKED = r'(?:\|\s*word\(|parts\.state\([^(){}]*, )"([^"]+)"\)'


@pytest.fixture(scope="module")
def asked() -> Catalog:
    return tool.found()


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_nothing_is_missing_doubtful_or_left_over(language: str, asked: Catalog) -> None:
    stored = tool.stored(language)
    known = {(each.context, each.id) for each in stored if each.id}
    wanted = {(each.context, each.id) for each in asked if each.id}
    assert sorted(map(str, wanted - known)) == []
    assert sorted(map(str, known - wanted)) == []
    assert list(tool.faults(stored)) == []
    assert not stored.obsolete


def test_the_words_that_templates_ask_for_are_known() -> None:
    asked = {
        kind
        for file in TEMPLATES.rglob("*.html")
        for kind in re.findall(ASKED, file.read_text("utf-8"))
    }
    assert asked
    assert asked <= set(WORDS)


@pytest.mark.parametrize(
    ("english", "said", "fault"),
    [
        ("Log in", "", "has no translation"),
        ("%(count)s hosts", "台主机", "has other placeholders"),
        ("on {host}", "在 {hots} 上", "has other placeholders"),
        ("Log in", "登录", ""),
        ("%(count)s hosts", "%(count)s 台主机", ""),
    ],
)
def test_faults_are_found(english: str, said: str, fault: str) -> None:
    made = Catalog(locale="zh", fuzzy=False)
    made.add(english, said)
    found = list(tool.faults(made))
    assert [each.partition(":")[0] for each in found] == ([fault] if fault else [])


def test_a_doubtful_one_is_found() -> None:
    made = Catalog(locale="zh", fuzzy=False)
    made.add("Log in", "登录", flags=["fuzzy"])
    assert list(tool.faults(made)) == ["is doubtful: Log in"]
