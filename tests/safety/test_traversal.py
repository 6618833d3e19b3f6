"""SAFETY test 5: no name of a runbook, playbook or run opens anything outside the project."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.ansible import orders
from autofix.ansible.lint import lint_playbook
from autofix.errors import RunnerError
from servers.site import Site

SECRET = "outside-the-project"
PLAY = "- name: A play\n  hosts: web1\n  tasks:\n    - ansible.builtin.ping:\n"

_watching: list[list[str]] = []


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watching and isinstance(arguments[0], str | bytes | Path):
        _watching[-1].append(os.path.realpath(os.fsdecode(arguments[0])))


sys.addaudithook(_heard)


@contextmanager
def opens() -> Iterator[list[str]]:
    """The real paths of all files that this process opens meanwhile."""
    _watching.append([])
    try:
        yield _watching[-1]
    finally:
        _watching.pop()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A project beside a folder with files that it must never touch."""
    outside = tmp_path / SECRET
    outside.mkdir()
    for name in ("play.yml", "evil.yml", "main.yml"):
        (outside / name).write_text(PLAY)
    project = tmp_path / "project"
    project.mkdir()
    site = Site(project)
    site.playbook(PLAY, "good.yml")
    (project / "playbooks/sub").mkdir()
    (project / "playbooks/link.yml").symlink_to(outside / "evil.yml")
    (project / "playbooks/folder").symlink_to(outside)
    return site


def names(site: Site, count: int) -> list[str]:
    outside = site.path.parent / SECRET
    parts = [
        "..",
        ".",
        "sub",
        "folder",
        "link.yml",
        SECRET,
        "play.yml",
        "good.yml",
        "",
        "~",
        "\x00",
    ]
    parts += ["%2e%2e", "..;", "...", "．．", "playbooks", "{{ x }}", "-", "$HOME", "nul\n"]
    fixed = [
        "", ".", "..", "/", "~", "~root", "sub", "folder", "link.yml", "folder/play.yml", "\x00",
        f"../../{SECRET}/play.yml", f"sub/../../../{SECRET}/play.yml", str(outside / "play.yml"),
        f"good.yml/../../../{SECRET}/play.yml", f"./folder/../../{SECRET}/evil.yml",
        "/etc/passwd", "/proc/self/environ", "good.yml\x00/../../x", "x" * 5000,
    ]  # fmt: skip
    fuzz = random.Random(20261123)
    made = ["/".join(fuzz.choices(parts, k=fuzz.randrange(1, 7))) for _ in range(count)]
    return [*fixed, *made, *(f"/{one}" for one in made[: count // 4])]


@pytest.mark.parametrize("count", [pytest.param(300), pytest.param(5000, marks=pytest.mark.long)])
def test_no_playbook_name_leads_outside(site: Site, count: int) -> None:
    root = site.options.playbooks.resolve()
    accepted = set()
    with opens() as opened:
        for name in names(site, count):
            try:
                path = orders.checked_playbook(site.options, name)
            except RunnerError:
                continue
            assert path.is_relative_to(root)
            accepted.add(path.name)
    assert accepted <= {"good.yml"}
    assert not [path for path in opened if SECRET in path]


@pytest.mark.parametrize("count", [pytest.param(300), pytest.param(5000, marks=pytest.mark.long)])
def test_the_lint_reads_nothing_outside(site: Site, count: int) -> None:
    folder = site.options.playbooks
    with opens() as opened:
        for name in names(site, count):
            lint_playbook(Path(name), folder, variables=())
        for name in names(site, 60):
            text = repr(name.replace("\x00", ""))
            task = f"    - name: A\n      ansible.builtin.include_tasks: {text}\n"
            role = f"  vars_files: [{text}]\n  roles: [{text}]\n"
            (folder / "walk.yml").write_text(f"- hosts: web1\n{role}  tasks:\n{task}")
            lint_playbook(Path("walk.yml"), folder, variables=())
    inside = str(folder.resolve())
    strangers = {path for path in opened if path.endswith((".yml", ".yaml", "passwd", "environ"))}
    assert {path for path in strangers if not path.startswith(inside)} == set()
    assert any(path.endswith("good.yml") for path in opened)


@pytest.mark.parametrize(
    "name", [f"../../{SECRET}/play.yml", "link.yml", "folder/play.yml", "/etc/passwd", "", "."]
)
def test_the_runner_starts_nothing_from_outside(site: Site, name: str) -> None:
    with pytest.raises(RunnerError):
        site.run(playbook=name)
    assert site.left_in_runs() == []
