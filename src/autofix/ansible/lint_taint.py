"""Which variables of a playbook hold text from outside.

It begins with `event_json` and `af`; whatever is defined from a tainted value is tainted as well,
wherever it is defined: order and scope are not followed, so the lint errs on the safe side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import nodes

from autofix.ansible import lint_templates as templates
from autofix.ansible.lint_plays import Book, Part
from autofix.ansible.lint_yaml import Map, Text

OUTSIDE = frozenset({"event_json", "af"})
#: What a test or comparison must be to say what a text may look like.
_JUDGING = ("match", "regex")


@dataclass(frozen=True)
class Definition:
    """A variable gets a value here. `how`: vars, set_fact, register, loop."""

    name: str
    value: Any
    file: Path
    line: int
    how: str


@dataclass
class Taint:
    """`text`: variables holding outside text. `echoed`: those and what hosts said about them."""

    definitions: list[Definition]
    text: frozenset[str] = OUTSIDE
    echoed: frozenset[str] = OUTSIDE
    #: (index of the assert among the parts, what it judges as written)
    judged: list[tuple[int, str]] = field(default_factory=list)

    def is_judged(self, path: str, index: int) -> bool:
        """Has an earlier assert said what `af.user` may look like, or all that `user` is from?"""
        return self._is_judged(path, index, frozenset())

    def _is_judged(self, path: str, index: int, seen: frozenset[str]) -> bool:
        if any(
            at < index and (path == one or path.startswith(f"{one}.")) for at, one in self.judged
        ):
            return True
        name = path.split(".")[0]
        sources = [
            part for one in self.definitions if one.name == name for part in self._parts(one)
        ]
        return (
            name not in OUTSIDE
            and name not in seen
            and bool(sources)
            and all(self._is_judged(source, index, seen | {name}) for source in sources)
        )

    def _parts(self, definition: Definition) -> Iterator[str]:
        for text in texts(definition.value):
            tree = parsed(text)
            if tree is not None:
                yield from templates.tainted_parts(tree, self.text)


def follow(book: Book) -> Taint:
    definitions = list(_definitions(book))
    plain = [one for one in definitions if one.how != "register"]
    taint = Taint(definitions, _closure(plain), _closure(definitions))
    taint.judged = [
        (index, path) for index, part in enumerate(book.parts) for path in _judged(part)
    ]
    return taint


def holds(value: Any, names: Collection[str]) -> bool:
    """Does a template anywhere in this value let outside text through?"""
    return any(
        templates.tainted(tree, names)
        for text in texts(value)
        if (tree := parsed(text)) is not None
    )


def texts(value: Any) -> Iterator[Text]:
    """Every string in a value, keys left out."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def parsed(text: str, *, expression: bool = False) -> nodes.Template | None:
    """None for plain text, and for a template that is broken (which is its own problem)."""
    if not getattr(text, "template", True):
        return None
    if not expression and not templates.is_template(text):
        return None
    try:
        return templates.parse(text, expression=expression)
    except templates.TemplateSyntaxError:
        return None


def _closure(definitions: list[Definition]) -> frozenset[str]:
    names = set(OUTSIDE)
    while True:
        more = {
            one.name for one in definitions if one.name not in names and holds(one.value, names)
        }
        if not more:
            return frozenset(names)
        names |= more


def _definitions(book: Book) -> Iterator[Definition]:
    for file, variables in book.variables:
        yield from _from_map(variables, file, "vars")
    for part in book.parts:
        yield from _from_map(part.body.get("vars"), part.file, "vars")
        if part.kind == "role":
            # Beside its keywords, whatever a role entry has is a variable of the role.
            yield from _from_map(part.body, part.file, "vars")
        elif part.kind == "task":
            yield from _of_task(part)


def _of_task(part: Part) -> Iterator[Definition]:
    if part.module == "set_fact":
        yield from _from_map(part.args, part.file, "set_fact")
    register = part.body.get("register")
    if isinstance(register, str):
        value = [part.args, part.body.get("args"), *_loops(part)]
        yield Definition(register, value, part.file, part.line("register"), "register")
    control = part.body.get("loop_control")
    variable = control.get("loop_var", "item") if isinstance(control, Map) else "item"
    for loop in _loops(part):
        yield Definition(str(variable), loop, part.file, part.line("loop"), "loop")


def _loops(part: Part) -> list[Any]:
    return [value for key, value in part.body.items() if key == "loop" or key.startswith("with_")]


def _from_map(found: Any, file: Path, how: str) -> Iterator[Definition]:
    if isinstance(found, Map):
        for name, value in found.items():
            yield Definition(name, value, file, found.at(name), how)


def _judged(part: Part) -> Iterator[str]:
    """What a task says the look of, or the play stops for this host.

    `assert` that `af.user is match('[a-z]+$')` or `af.mode in ['a', 'b']`; `fail` when
    `af.user is not match('[a-z]+$')`, perhaps `or` something else.
    """
    stops = part.module == "fail"
    value = part.body.get("when") if stops else part.arg("that")
    if part.module not in ("assert", "fail") or (stops and not isinstance(value, Text)):
        return
    for text in texts(value):
        tree = parsed(text, expression=True)
        for output in tree.find_all(nodes.Output) if tree else ():
            for node in output.nodes:
                yield from filter(None, _subjects(node, stops))


def _subjects(node: nodes.Node, stops: bool) -> Iterator[str]:
    if isinstance(node, nodes.Or if stops else nodes.And):
        yield from _subjects(node.left, stops)
        yield from _subjects(node.right, stops)
    elif isinstance(node, nodes.Compare):
        if node.ops[0].op in (("ne", "notin") if stops else ("eq", "in")):
            yield _subject(node.expr)
    else:
        test = node.node if stops and isinstance(node, nodes.Not) else None if stops else node
        if isinstance(test, nodes.Test) and test.name in _JUDGING:
            yield _subject(test.node)


def _subject(node: nodes.Node) -> str:
    if isinstance(node, nodes.Filter) and node.name in ("default", "d") and node.node:
        node = node.node
    return templates.dotted(node)
