"""YAML of playbooks with the line of every value, for the lint.

Ansible's own loader would do more than look (vaults, imports), and settings' YAML knows neither
`!vault` nor `!unsafe`: so PyYAML's nodes are read here directly. Nothing is constructed but plain
scalars, mappings and lists.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from autofix.core.inert import inert
from autofix.errors import Problem

_BIGGEST = 1024 * 1024
#: Tags whose text Ansible never takes as a template.
_NO_TEMPLATE = ("!vault", "!vault-encrypted", "!unsafe")


class Text(str):
    """A string and where it begins; `block` for `|` and `>`, whose text begins a line below."""

    line: int = 0
    block: bool = False
    template: bool = True

    def at(self, lineno: int = 1) -> int:
        """The file's line of the text's own line (from 1). Right for `|`, near for the others."""
        return self.line + lineno - (0 if self.block else 1)


class Map(dict[str, Any]):
    """A mapping, where it begins, and where each of its keys stands."""

    line: int = 0

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    def at(self, key: str) -> int:
        return self.lines.get(key, self.line)


class Seq(list[Any]):
    line: int = 0


def read_yaml(path: Path) -> tuple[Any, list[Problem]]:
    """The file's value, or None with what is wrong with it."""
    try:
        if path.stat().st_size > _BIGGEST:
            return None, [Problem(str(path), 0, f"larger than {_BIGGEST} bytes")]
        text = path.read_text("utf-8")
        builder = _Builder(path)
        return builder.build(yaml.compose(text, Loader=yaml.SafeLoader)), builder.problems
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        return None, [Problem(str(path), mark.line + 1 if mark else 0, f"not YAML: {inert(what)}")]
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        return None, [Problem(str(path), 0, f"can't be read: {inert(str(error))}")]


class _Builder:
    def __init__(self, path: Path) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._scalars = yaml.constructor.SafeConstructor()
        self._done: dict[int, Any] = {}

    def build(self, node: yaml.Node | None) -> Any:
        """Anchored nodes are built once, however often they are used; loops end in None."""
        if node is None:
            return None
        if id(node) not in self._done:
            self._done[id(node)] = None
            self._done[id(node)] = self._build(node)
        return self._done[id(node)]

    def _build(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._map(node)
        if isinstance(node, yaml.SequenceNode):
            found = Seq(self.build(item) for item in node.value)
            found.line = node.start_mark.line + 1
            return found
        return self._scalar(node)

    def _map(self, node: yaml.MappingNode) -> Map:
        found = Map()
        found.line = node.start_mark.line + 1
        written = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        self._scalars.flatten_mapping(node)
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in found and written.count(key.value) > 1:
                message = f"key {inert(name, 80)!r} stands twice; the first is lost"
                self.problems.append(Problem(str(self._path), line, message))
            found[name] = self.build(value)
            found.lines[name] = line
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        plain = node.tag.startswith("tag:yaml.org,2002:")
        if plain and node.tag != "tag:yaml.org,2002:str":
            try:
                value = self._scalars.construct_object(node)
            except (ValueError, yaml.YAMLError):
                value = node.value
            if not isinstance(value, str):
                return value
        text = Text(node.value)
        text.line = node.start_mark.line + 1
        text.block = getattr(node, "style", None) in ("|", ">")
        text.template = node.tag not in _NO_TEMPLATE
        return text
