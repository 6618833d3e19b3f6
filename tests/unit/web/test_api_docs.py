"""docs/api.md has every route of the table, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from autofix.core.roles import Role
from autofix.web.console.policy import CONSOLE
from autofix.web.policy import API
from autofix.web.problems import TITLES

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "api.md").read_text()


def test_every_route_is_documented_and_every_documented_one_is_there() -> None:
    assert routes_in("api.md") == set(API)


def test_every_page_is_documented_and_every_documented_one_is_there() -> None:
    assert routes_in("console.md") == set(CONSOLE)


def routes_in(name: str) -> set[tuple[str, ...]]:
    return set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", (DOCS / name).read_text(), re.MULTILINE))


def test_every_status_is_explained() -> None:
    table = TEXT.split("| Status | Means |")[1].split("\n\n")[0]
    explained = {int(each) for each in re.findall(r"\b\d{3}\b", table)}
    assert set(TITLES) - {500} <= explained


def test_every_role_is_explained() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert {role.value for role in Role} <= told


def test_each_noun_has_an_example() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    for section in sections[2:-1]:
        assert re.search(r"```sh\n(.*\n)*?curl ", section), section.splitlines()[0]
