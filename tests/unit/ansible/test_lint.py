"""The playbook lint: every vulnerable playbook is flagged with its rule, ours with nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from autofix.ansible.lint import lint_playbook, syntax_check
from autofix.ansible.options import AnsibleOptions
from autofix.errors import Problem

ROOT = Path(__file__).parents[3]
CORPUS = Path(__file__).parent / "lint_corpus.yml"
OURS = sorted((ROOT / "playbooks").glob("*.yml"))
PLAY = """- name: A play
  hosts: redis
  gather_facts: false
  vars:
    af: "{{ event_json | from_json }}"
  tasks:
"""


def cases(kind: str) -> list[object]:
    found = yaml.safe_load(CORPUS.read_text())[kind]
    return [pytest.param(case, id=case["what"].replace(" ", "-")) for case in found]


def lint(folder: Path, text: str, *variables: str) -> list[Problem]:
    (folder / "play.yml").write_text(text)
    return lint_playbook(Path("play.yml"), folder, variables=variables)


def tasks(text: str) -> str:
    return PLAY + "".join(f"    {line}\n" for line in text.splitlines())


def lint_case(case: dict[str, str], folder: Path) -> list[Problem]:
    for name, text in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    text = case.get("book") or tasks(case["tasks"])
    return lint(folder, text, "target_ratio", "note")


@pytest.mark.parametrize("case", cases("vulnerable"))
def test_a_vulnerable_playbook_is_flagged_with_its_rule(
    case: dict[str, str], tmp_path: Path
) -> None:
    problems = lint_case(case, tmp_path)
    assert [problem.message.split(":")[0] for problem in problems] == [case["rule"]]
    (problem,) = problems
    assert problem.level == case.get("level", "error")
    marked = "MARK" in "".join([case.get("book", ""), case.get("tasks", "")])
    line = Path(problem.file).read_text().splitlines()[problem.line - 1]
    assert problem.line > 0
    assert not marked or "MARK" in line, f"points at: {line}"


@pytest.mark.parametrize("case", cases("fine"))
def test_a_sound_playbook_is_left_alone(case: dict[str, str], tmp_path: Path) -> None:
    assert lint_case(case, tmp_path) == []


def test_the_corpus_is_large_and_knows_every_rule() -> None:
    found = yaml.safe_load(CORPUS.read_text())
    assert len(found["vulnerable"]) >= 40
    rules = set(re.findall(r'Finding\(\s*"([a-z-]+)"', _lint_sources()))
    assert {case["rule"] for case in found["vulnerable"]} == rules


def _lint_sources() -> str:
    folder = ROOT / "src/autofix/ansible"
    return "".join(path.read_text() for path in folder.glob("lint*.py"))


@pytest.mark.parametrize("playbook", OURS, ids=lambda path: path.name)
def test_nothing_is_flagged_in_ours(playbook: Path) -> None:
    names = set(re.findall(r"\baf\.(\w+)", playbook.read_text()))
    assert lint_playbook(playbook, playbook.parent, variables=names) == []


def test_ours_are_there() -> None:
    assert len(OURS) >= 2


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    problems = lint(
        tmp_path,
        "- name: A play {{ 1 }}\n  hosts: '{{ target | default(\"all\") }}'\n"
        "  tasks:\n    - name: Say it\n      ansible.builtin.shell: echo {{ af.x }}\n",
    )
    assert [(problem.line, problem.message.split(":")[0]) for problem in problems] == [
        (1, "constant-name"),
        (2, "constant-hosts"),
        (5, "af-missing"),
        (5, "no-text-in-shell"),
    ]
    assert all(problem.file == str(tmp_path / "play.yml") for problem in problems)


def test_the_line_inside_a_block_of_text_is_right(tmp_path: Path) -> None:
    text = tasks(
        "- name: Say\n  ansible.builtin.debug:\n    msg: |\n"
        "      one\n      {{ lookup('pipe', af.x) }}"
    )
    (problem,) = lint(tmp_path, text)
    assert "lookup" in text.splitlines()[problem.line - 1]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: [1\n", "not YAML", 2),
        ("hosts: all\n", "a playbook is a list of plays", 1),
        ("- [a]\n", "a play is a mapping", 1),
        (tasks("- name: Twice\n  name: Again\n  ansible.builtin.ping:"), "stands twice", 8),
        (tasks("- name: B\n  ansible.builtin.debug:\n    msg: '{{ 1 + }}'"), "template", 9),
        (tasks("- name: B\n  ansible.builtin.include_tasks: no.yml"), "there is no file", 7),
        ("", "a list of plays", 1),
    ],
)  # fmt: skip
def test_a_broken_playbook_is_a_problem_and_not_an_exception(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    problems = lint(tmp_path, text)
    assert [(message in problem.message, problem.line) for problem in problems] == [(True, line)]


def test_bombs_and_loops_of_anchors_end(tmp_path: Path) -> None:
    bomb = "- hosts: web\n  vars:\n    a0: &a0 [x, x]\n" + "".join(
        f"    a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 12)
    )
    assert lint(tmp_path, bomb) == []
    assert lint(tmp_path, "- &a\n  hosts: web\n  vars: {b: *a}\n") == []


@pytest.mark.parametrize(
    "name", ["../outside.yml", "/etc/passwd", "link.yml", "sub/../../outside.yml"]
)
def test_nothing_outside_the_playbooks_folder_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "playbooks"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "outside.yml").write_text("- name: '{{ leaked }}'\n  hosts: all\n")
    (folder / "link.yml").symlink_to(tmp_path / "outside.yml")
    (problem,) = lint_playbook(Path(name), folder, variables=())
    assert "lies outside the playbooks folder" in problem.message
    text = f"- hosts: web\n  tasks:\n    - name: A\n      ansible.builtin.import_tasks: {name}\n"
    (problem,) = lint(folder, text)
    assert "lies outside" in problem.message


def test_ansible_checks_the_syntax_too(tmp_path: Path) -> None:
    options = AnsibleOptions(tmp_path, tmp_path, tmp_path / "state")
    (tmp_path / "good.yml").write_text(tasks("- name: A\n  ansible.builtin.ping:"))
    (tmp_path / "bad.yml").write_text(tasks("- name: A\n  no.such.module:\n    a: 1"))
    assert syntax_check(options, "good.yml") == []
    (problem,) = syntax_check(options, "bad.yml")
    assert (problem.file, problem.line) == (str(tmp_path / "bad.yml"), 7)
    assert "no.such.module" in problem.message
    (problem,) = syntax_check(options, "missing.yml")
    assert "missing.yml" in str(problem)
