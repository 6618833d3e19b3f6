"""The rules of the playbook lint (docs/runbooks.md lists them): each looks at one part.

A rule yields findings: (rule, line, message, hint, level). The rule's name stands first in the
problem, so that people can look it up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from autofix.ansible.lint_argv import unsafe_arguments
from autofix.ansible.lint_plays import Part
from autofix.ansible.lint_taint import OUTSIDE, Taint, holds, texts
from autofix.ansible.lint_templates import is_template
from autofix.ansible.lint_yaml import Text

SHELLS = {
    "shell": ("_", "cmd", "executable"),
    "raw": ("_", "cmd", "executable"),
    "script": ("_", "cmd", "executable"),
    "expect": ("_", "command"),
    "win_shell": ("_", "cmd", "executable"),
    "win_command": ("_", "cmd"),
    "command": ("_", "cmd"),
}
_INCLUDES = {
    "include_tasks", "import_tasks", "include_role", "import_role", "include_vars",
    "import_playbook", "role",
}  # fmt: skip
_WHERE = ("delegate_to", "connection", "become_user", "become_method", "become_exe",
          "become_flags", "remote_user", "port")  # fmt: skip
_HARMLESS_WITH = {
    "items", "list", "dict", "together", "nested", "flattened", "indexed_items", "subelements",
    "random_choice", "sequence",
}  # fmt: skip
_HOST_KEYS = re.compile(
    r"stricthostkeychecking[\s=]*(?!yes\b|[\s=])\S|userknownhostsfile|globalknownhostsfile"
    r"|nohostauthenticationforlocalhost[\s=]*yes",
    re.IGNORECASE,
)
_HOST_KEY_VARIABLES = re.compile(r"^(ansible_)?(ssh_|paramiko_)?host_key_(checking|auto_add)$")


@dataclass(frozen=True)
class Finding:
    rule: str
    line: int
    message: str
    hint: str = ""
    level: str = "error"


@dataclass(frozen=True)
class Case:
    """One part under the rules. `index` is its place among the parts of the playbook."""

    part: Part
    index: int
    taint: Taint

    def outside(self, value: Any) -> bool:
        """Does text from outside, or a host's answer to it, come through?"""
        return holds(value, self.taint.echoed)


def constant_names(case: Case) -> Iterator[Finding]:
    name = case.part.body.get("name")
    if isinstance(name, str) and case.part.kind != "role" and is_template(name):
        hint = "write it out; show values with debug"
        yield Finding("constant-name", case.part.line("name"), "a name has a template in it", hint)


def no_text_in_shells(case: Case) -> Iterator[Finding]:
    module = case.part.module
    for argument in SHELLS.get(module, ()):
        value = case.part.arg(argument)
        if value is not None and case.outside(value):
            message = f"text from outside in {module}"
            hint = "use command with argv, and -- before it"
            yield Finding("no-text-in-shell", _line(value, case), message, hint)
            return


def safe_arguments(case: Case) -> Iterator[Finding]:
    argv = case.part.arg("argv") if case.part.module in ("command", "win_command") else None
    for message in unsafe_arguments(argv, case.taint, case.index) if argv is not None else ():
        hint = "put -- before it, make it a number by | int, or assert what it may be"
        yield Finding("safe-argv", _line(argv, case), message, hint)


def constant_includes(case: Case) -> Iterator[Finding]:
    part = case.part
    given = [part.args, part.body.get("args")] if part.module in _INCLUDES else []
    given.append(part.body.get("vars_files"))
    if any(case.outside(value) for value in given):
        message = "text from outside chooses a file or role"
        yield Finding("constant-include", _line(given, case), message, "name them in the playbook")


def constant_place(case: Case) -> Iterator[Finding]:
    """Where and as whom a task runs, and by which module, is never for outsiders to say."""
    part = case.part
    hint = "write it in the playbook or the inventory"
    for key in _WHERE:
        value = part.body.get(key)
        if value is not None and case.outside(value):
            message = f"text from outside in {key}"
            yield Finding("constant-place", part.line(key), message, hint)
    if part.module in ("add_host", "group_by") and case.outside(part.args):
        message = f"text from outside in {part.module}"
        yield Finding("constant-place", part.line(), message, hint)
    if is_template(part.module):
        line = part.line("action" if "action" in part.body else "local_action")
        yield Finding("constant-place", line, "the module is a template", "name it")


def constant_hosts(case: Case) -> Iterator[Finding]:
    if case.part.kind != "play" or "hosts" not in case.part.body:
        return
    hosts, line = case.part.body["hosts"], case.part.line("hosts")
    if any(is_template(text) for text in texts(hosts)):
        hint = "name a group; autofix limits a run to its host by itself"
        yield Finding("constant-hosts", line, "hosts is a template", hint)
    elif any(text.strip() in ("all", "*") for text in texts(hosts)):
        hint = "name the group it is meant for"
        message = "hosts: all is narrowed to one host only by autofix, not by ansible-playbook"
        yield Finding("hosts-all", line, message, hint, "warning")


def no_loop_lookups(case: Case) -> Iterator[Finding]:
    for key, value in case.part.body.items():
        kind = key.removeprefix("with_")
        if kind != key and kind not in _HARMLESS_WITH and case.outside(value):
            message = f"text from outside in the lookup {key}"
            yield Finding("no-text-in-lookup", case.part.line(key), message, "use loop")


def no_ignoring(case: Case) -> Iterator[Finding]:
    for key in ("ignore_errors", "ignore_unreachable"):
        value = case.part.body.get(key)
        if value is True or isinstance(value, Text):
            message = f"{key} hides a failure, so that success means nothing"
            hint = "use failed_when with the one failure that is fine"
            yield Finding("ignored-failure", case.part.line(key), message, hint, "warning")


def no_prompts(case: Case) -> Iterator[Finding]:
    if "vars_prompt" in case.part.body:
        message = "vars_prompt asks, and nobody is there to answer"
        yield Finding("no-prompt", case.part.line("vars_prompt"), message, "use the step's vars")


def no_double_templates(case: Case) -> Iterator[Finding]:
    """Braces in a condition are rendered first and then read as an expression: code from data."""
    part = case.part
    conditions = {
        key: part.body.get(key) for key in ("when", "until", "changed_when", "failed_when")
    }
    if part.module == "assert":
        conditions["that"] = part.arg("that")
    if part.module == "debug":
        conditions["var"] = part.arg("var")
    for key, value in conditions.items():
        if case.outside(value):
            message = f"text from outside becomes an expression in {key}"
            yield Finding("no-double-template", _line(value, case), message, "leave out the braces")


PART_RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    constant_names,
    no_text_in_shells,
    safe_arguments,
    constant_includes,
    constant_place,
    constant_hosts,
    no_loop_lookups,
    no_ignoring,
    no_prompts,
    no_double_templates,
)


def definition_findings(taint: Taint) -> Iterator[tuple[Any, Finding]]:
    """What is wrong with how variables are defined: (definition, finding)."""
    for one in taint.definitions:
        if one.name == "event_json" or (one.name == "af" and one.how != "vars"):
            message = f"{one.name} is what autofix hands over, and is overwritten here"
            yield one, Finding("event-overwritten", one.line, message, "use another name")
        elif one.name.startswith("ansible_") and holds(one.value, taint.echoed):
            message = f"text from outside in {one.name}"
            hint = "connection variables belong to the inventory"
            yield one, Finding("constant-place", one.line, message, hint)
        elif is_template(one.name) and one.how == "set_fact":
            message = "the name of a variable is a template"
            yield one, Finding("constant-name", one.line, message, "write it out")
        if _HOST_KEY_VARIABLES.match(one.name):
            yield one, Finding("host-keys", one.line, f"{one.name} changes host key checking", KEYS)


KEYS = "pin the key: known_hosts in the settings' ansible block"


def host_keys(text: Text) -> Iterator[Finding]:
    if _HOST_KEYS.search(text):
        yield Finding("host-keys", text.at(), "host key checking is changed here", KEYS)


def bare_inputs(
    names: dict[str, int], inputs: Collection[str], defined: Collection[str], text: Text
) -> Iterator[Finding]:
    """`{{ target_ratio }}` is not set: the step's vars travel inside `af`."""
    for name, line in names.items():
        if name in inputs and name not in defined and name not in OUTSIDE:
            hint = f"write af.{name}"
            yield Finding("bare-input", text.at(line), f"{name} is a variable of the step", hint)


def _line(value: Any, case: Case) -> int:
    return next((text.line for text in texts(value) if text.line), case.part.line())
