"""A playbook taken apart for the lint: every play, block, role and task, through all its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofix.ansible.lint_templates import is_template
from autofix.ansible.lint_yaml import Map, Seq, Text, read_yaml
from autofix.core.inert import inert
from autofix.errors import Problem

#: Keys of a task that are not its module.
KEYWORDS = frozenset(
    [
        "action",
        "any_errors_fatal",
        "args",
        "async",
        "become",
        "become_exe",
        "become_flags",
        "become_method",
        "become_user",
        "changed_when",
        "check_mode",
        "collections",
        "connection",
        "debugger",
        "delay",
        "delegate_facts",
        "delegate_to",
        "diff",
        "environment",
        "failed_when",
        "ignore_errors",
        "ignore_unreachable",
        "listen",
        "local_action",
        "loop",
        "loop_control",
        "module_defaults",
        "name",
        "no_log",
        "notify",
        "poll",
        "port",
        "register",
        "remote_user",
        "retries",
        "run_once",
        "tags",
        "throttle",
        "timeout",
        "until",
        "vars",
        "when",
    ]
)
#: The first word of `action: shell echo x`, a template counting as part of a word.
_WORD = re.compile(r"(?:\{\{.*?\}\}|\S)*", re.S)
_BLOCKS = ("block", "rescue", "always")
_TASK_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers")
_TASK_FILES = ("include_tasks", "import_tasks")
_ROLE_TASKS = ("include_role", "import_role")


@dataclass(frozen=True)
class Part:
    """A play, block, role or task as written. `module` is short for Ansible's own modules."""

    kind: str
    body: Map
    file: Path
    module: str = ""
    args: Any = None

    def line(self, key: str = "") -> int:
        return self.body.at(key) if key else self.body.line

    def arg(self, *names: str) -> Any:
        """The first of these arguments that is given; `_` is the free form."""
        more = self.body.get("args")
        for name in names:
            if name == "_" and isinstance(self.args, str):
                return self.args
            for given in (self.args, more):
                if isinstance(given, dict) and name in given:
                    return given[name]
        return None


@dataclass
class Book:
    """Everything that belongs to one playbook. `files` are all YAML files, with their values."""

    playbooks: Path
    parts: list[Part] = field(default_factory=list)
    files: dict[Path, Any] = field(default_factory=dict)
    variables: list[tuple[Path, Map]] = field(default_factory=list)  # vars files and defaults
    problems: list[Problem] = field(default_factory=list)


def take_apart(playbook: Path, playbooks: Path) -> Book:
    """Read a playbook and every file it names, as long as they lie in the playbooks folder."""
    book = Book(playbooks)
    _Walk(book, playbook.parent).playbook(playbook)
    return book


class _Walk:
    def __init__(self, book: Book, base: Path, role: Path | None = None) -> None:
        self._book = book
        self._base = base  # the playbook's folder
        self._role = role

    def playbook(self, path: Path) -> None:
        plays = self._open(path)
        if plays is None and self._book.problems:
            return
        if not isinstance(plays, Seq):
            self._wrong(path, 1, "a playbook is a list of plays")
            return
        for play in plays:
            if not isinstance(play, Map):
                self._wrong(path, plays.line, "a play is a mapping")
                continue
            imported = _own(play, "import_playbook")
            if imported is not None:
                self._book.parts.append(Part("task", play, path, "import_playbook", imported))
                self._import(path, play, imported)
            else:
                self._play(path, play)

    def _import(self, path: Path, play: Map, imported: Any) -> None:
        found = self._find(path, imported, [path.parent], play.line)
        if found and found not in self._book.files:
            _Walk(self._book, found.parent).playbook(found)

    def _play(self, path: Path, play: Map) -> None:
        self._book.parts.append(Part("play", play, path))
        for item in _several(play.get("vars_files")):
            for name in _several(item):
                folders = [self._base, self._base / "vars"]
                self._variables(self._find(path, name, folders, play.at("vars_files")))
        for role in _several(play.get("roles")):
            self._play_role(path, role, play.at("roles"))
        for key in _TASK_LISTS:
            self._tasks(path, play.get(key))

    def _play_role(self, path: Path, role: Any, line: int) -> None:
        body = role if isinstance(role, Map) else Map()
        name = body.get("role", body.get("name")) if isinstance(role, Map) else role
        body.line = body.line or line
        self._book.parts.append(Part("role", body, path, "role", name))
        self._role_files(name)

    def _role_files(self, name: Any, tasks: str = "main") -> None:
        """A role of the playbooks folder; one from elsewhere is its author's to lint."""
        if not isinstance(name, str) or is_template(name) or "/" in name:
            return
        places = [self._base / "roles" / name, self._book.playbooks / "roles" / name]
        role = next((place for place in places if _is_folder(place)), None)
        if role is None or not self._inside(role):
            return
        walk = _Walk(self._book, self._base, role)
        for kind in ("defaults", "vars"):
            walk._variables(_main(role / kind, "main"))
        for kind, which in (("tasks", tasks), ("handlers", "main")):
            file = _main(role / kind, which)
            if file is not None:
                walk._task_file(file)
        meta = _main(role / "meta", "main")
        found = self._open(meta) if meta else None
        for needed in _several(found.get("dependencies")) if isinstance(found, Map) else []:
            walk._role_files(needed.get("role") if isinstance(needed, Map) else needed)

    def _tasks(self, path: Path, tasks: Any) -> None:
        for task in _several(tasks):
            if not isinstance(task, Map):
                continue
            if any(key in task for key in _BLOCKS):
                self._book.parts.append(Part("block", task, path))
                for key in _BLOCKS:
                    self._tasks(path, task.get(key))
            else:
                part = _task(path, task)
                self._book.parts.append(part)
                self._follow(part)

    def _follow(self, part: Part) -> None:
        path = part.file
        role = [self._role / "tasks"] if self._role else []
        if part.module in _TASK_FILES:
            name = part.arg("_", "file")
            found = self._find(path, name, [path.parent, *role, self._base], part.line())
            if found is not None:
                self._task_file(found)
        elif part.module in _ROLE_TASKS:
            self._role_files(part.arg("name"), str(part.arg("tasks_from") or "main"))
        elif part.module == "include_vars" and part.arg("_", "file") is not None:
            places = [*([self._role / "vars"] if self._role else []), path.parent / "vars"]
            places += [path.parent, self._base / "vars", self._base]
            self._variables(self._find(path, part.arg("_", "file"), places, part.line()))

    def _task_file(self, path: Path) -> None:
        if path not in self._book.files:
            self._tasks(path, self._open(path))

    def _variables(self, path: Path | None) -> None:
        if path is not None and path not in self._book.files:
            found = self._open(path)
            if isinstance(found, Map):
                self._book.variables.append((path, found))

    def _find(self, path: Path, name: Any, folders: list[Path], line: int) -> Path | None:
        """The file of this name, in the first folder that has it; templated names are not known."""
        if not isinstance(name, str) or is_template(name):
            return None
        name = name.split()[0] if name.strip() else name
        found = next((place / name for place in folders if _is_file(place / name)), None)
        if found is None:
            self._wrong(path, line, f"there is no file {inert(name, 100)!r}")
            return None
        if not self._inside(found):
            self._wrong(path, line, f"{inert(name, 100)!r} lies outside the playbooks folder")
            return None
        resolved: Path = found.resolve()
        return resolved

    def _inside(self, path: Path) -> bool:
        return is_inside(path, self._book.playbooks)

    def _open(self, path: Path) -> Any:
        value, problems = read_yaml(path)
        self._book.files[path] = value
        self._book.problems += problems
        return value

    def _wrong(self, path: Path, line: int, message: str) -> None:
        self._book.problems.append(Problem(str(path), line, message))


def _task(path: Path, task: Map) -> Part:
    given = [key for key in task if key not in KEYWORDS and not key.startswith("with_")]
    if given:
        return Part("task", task, path, short(given[0]), task[given[0]])
    action = task.get("action", task.get("local_action"))
    if isinstance(action, Map):
        return Part("task", task, path, short(str(action.get("module", ""))), action)
    whole = str(action or "")
    word = _WORD.match(whole)[0]  # type: ignore[index]
    text = Text(whole[len(word) :])
    text.line = getattr(action, "line", task.line)
    return Part("task", task, path, short(word), text)


def is_inside(path: Path, folder: Path) -> bool:
    """Symbolic links followed. A name that no file can have is inside of nothing."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def short(module: str) -> str:
    """`shell` of `ansible.builtin.shell`; other collections keep their names."""
    for prefix in ("ansible.builtin.", "ansible.legacy.", "ansible.windows."):
        module = module.removeprefix(prefix)
    return module


def _own(play: Map, key: str) -> Any:
    return next((play[name] for name in play if short(name) == key), None)


def _several(value: Any) -> Iterator[Any]:
    """The items of a list; one value stands for a list of it."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _main(folder: Path, name: str) -> Path | None:
    names = [f"{name}.yml", f"{name}.yaml", name]
    return next((folder / one for one in names if _is_file(folder / one)), None)
