"""Lint of playbooks: what must not be in a playbook that acts on text from outside.

`lint_playbook` reads the files and runs nothing; `syntax_check` asks Ansible itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import nodes

from autofix.ansible import lint_rules as rules
from autofix.ansible import lint_templates as templates
from autofix.ansible.complaints import complaints
from autofix.ansible.inventory_process import run_child
from autofix.ansible.lint_plays import Book, is_inside, short, take_apart
from autofix.ansible.lint_rules import Finding
from autofix.ansible.lint_taint import Taint, follow
from autofix.ansible.lint_yaml import Text
from autofix.ansible.options import AnsibleOptions
from autofix.core.inert import inert
from autofix.errors import ConfigError, Problem

#: Keys whose text is an expression without braces; `that` and `var` only under their modules.
_EXPRESSIONS = {"when", "until", "changed_when", "failed_when", "break_when"}
_UNDER = {"that": "assert", "var": "debug"}
_SYNTAX_TIMEOUT = 60.0


def lint_playbook(path: Path, playbooks_dir: Path, *, variables: Iterable[str]) -> list[Problem]:
    """Everything wrong in a playbook and the files it includes, in the order of the files.

    `variables` are the names of the step's `vars` that this playbook is given.
    """
    path = path if path.is_absolute() else playbooks_dir / path
    if not is_inside(path, playbooks_dir):
        return [Problem(inert(str(path)), 0, "this playbook lies outside the playbooks folder")]
    book = take_apart(path, playbooks_dir)
    taint = follow(book)
    found = [
        *book.problems,
        *_of_parts(book, taint),
        *(_said(one.file, finding) for one, finding in rules.definition_findings(taint)),
        *_of_texts(book, taint, frozenset(variables)),
        *_without_af(book, taint),
    ]
    order = {str(file): number for number, file in enumerate(book.files)}
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda one: (order.get(one.file, 0), one.line, one.message))


def syntax_check(options: AnsibleOptions, playbook: str) -> list[Problem]:
    """What Ansible's own `--syntax-check` says about `playbook`, relative to the folder."""
    path = options.playbooks / playbook
    program = Path(sys.executable).parent / "ansible-playbook"
    # Hosts play no part in a syntax check; a broken inventory is its own problem.
    command = [sys.executable, "-I", str(program), "--syntax-check", "-i", "localhost,", str(path)]
    try:
        code, out, err = run_child(options, command, "", timeout=_SYNTAX_TIMEOUT, file=str(path))
    except ConfigError as error:
        return list(error.problems)
    if code == 0:
        return []
    told = out + "\n" + err
    start = min((at for at in (told.find("[ERROR]:"), told.find("ERROR!")) if at >= 0), default=0)
    return complaints(told[start:], file=str(path))[:1]


def _said(file: Path, finding: Finding) -> Problem:
    message = f"{finding.rule}: {inert(finding.message)}"
    return Problem(str(file), finding.line, message, inert(finding.hint), finding.level)


def _of_parts(book: Book, taint: Taint) -> Iterator[Problem]:
    for index, part in enumerate(book.parts):
        case = rules.Case(part, index, taint)
        for rule in rules.PART_RULES:
            for finding in rule(case):
                yield _said(part.file, finding)


def _of_texts(book: Book, taint: Taint, inputs: frozenset[str]) -> Iterator[Problem]:
    """What is judged by every text in every file, wherever it stands."""
    defined = {one.name for one in taint.definitions}
    for file, value in book.files.items():
        for text, expression in _texts(value):
            for finding in rules.host_keys(text):
                yield _said(file, finding)
            if not text.template or not (expression or templates.is_template(text)):
                continue
            try:
                tree = templates.parse(text, expression=expression)
            except templates.TemplateSyntaxError as error:
                finding = Finding("template", text.at(error.lineno), error.message or "broken")
                yield _said(file, finding)
                continue
            names = templates.free_names(tree)
            for finding in rules.bare_inputs(names, inputs, defined, text):
                yield _said(file, finding)
            for finding in _of_lookups(tree, text, taint):
                yield _said(file, finding)


def _of_lookups(tree: nodes.Template, text: Text, taint: Taint) -> Iterator[Finding]:
    for call in templates.lookups(tree):
        parts = [*call.args, *call.kwargs, *filter(None, (call.dyn_args, call.dyn_kwargs))]
        names = templates.tainted(call, taint.echoed)
        if names or any(templates.tainted(part, taint.echoed) for part in parts):
            message = "text from outside in a lookup"
            hint = "a lookup runs on this machine: read files and programs by a task"
            yield Finding("no-text-in-lookup", text.at(call.lineno), message, hint)


def _without_af(book: Book, taint: Taint) -> Iterator[Problem]:
    """`af` is a variable of the play like any other, and must be made from `event_json`."""
    if any(one.name == "af" for one in taint.definitions):
        return
    for file, value in book.files.items():
        for text, expression in _texts(value):
            if not (text.template and (expression or templates.is_template(text))):
                continue
            try:
                line = templates.free_names(templates.parse(text, expression=expression)).get("af")
            except templates.TemplateSyntaxError:
                continue
            if line is not None:
                hint = 'begin the play with vars: {af: "{{ event_json | from_json }}"}'
                yield _said(file, Finding("af-missing", text.at(line), "af is not defined", hint))
                return


def _texts(value: object, key: str = "", above: str = "") -> Iterator[tuple[Text, bool]]:
    """Every text, and whether it is an expression without braces."""
    if isinstance(value, Text):
        yield value, key in _EXPRESSIONS or (key in _UNDER and short(above) == _UNDER[key])
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, name, key)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key, above)
