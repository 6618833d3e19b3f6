"""The import contracts cover what there is: every dependency has a home, every room a place."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LAYERS, HOMES, PURE = PROJECT["tool"]["importlinter"]["contracts"]
#: Packages that are imported by another name than they are installed by.
IMPORTED_AS = {
    "ansible-core": "ansible",
    "argon2-cffi": "argon2",
    "markdown-it-py": "markdown_it",
    "pyyaml": "yaml",
}


def imported(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    name = found.group().lower()
    return IMPORTED_AS.get(name, name.replace("-", "_"))


@pytest.mark.parametrize("requirement", PROJECT["project"]["dependencies"])
def test_every_dependency_is_forbidden_outside_its_home(requirement: str) -> None:
    assert imported(requirement) in HOMES["forbidden_modules"]


@pytest.mark.parametrize("library", HOMES["forbidden_modules"])
def test_every_library_has_a_home(library: str) -> None:
    homes = {line.split(" -> ")[0] for line in HOMES["ignore_imports"] if line.endswith(library)}
    assert homes


def test_no_room_may_be_left_out() -> None:
    assert LAYERS["exhaustive"] is True
    placed = {word.strip(" ()") for layer in LAYERS["layers"] for word in layer.split("|")}
    rooms = {
        path.stem
        for path in (ROOT / "src" / "autofix").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - {"__init__"} <= placed


def test_the_core_is_forbidden_only_what_python_has() -> None:
    assert set(PURE["forbidden_modules"]) <= set(sys.stdlib_module_names)


def test_every_dependency_is_locked_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    groups = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    for requirement in groups:
        found = re.match(r"[A-Za-z0-9._-]+", requirement)
        assert found is not None
        assert re.search(rf"^{re.escape(found.group().lower())}==", lock, re.M), requirement
    blocks = re.findall(r"^[a-z0-9][^ ]*==.*?(?=^[a-z0-9]|\Z)", lock, re.M | re.S)
    assert all("--hash=sha256:" in block for block in blocks)
