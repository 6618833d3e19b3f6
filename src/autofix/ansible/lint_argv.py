"""Arguments of a command that come from outside must not become its options.

An argument with outside text is fine when it stands after a literal `--`, when it begins with
literal text (`--port={{ … }}`, `/srv/{{ … }}`), when it is a number or truth (`| int`, `| float`,
`| bool`), or when an earlier `assert` says what it may look like. The program itself never may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from autofix.ansible import lint_templates as templates
from autofix.ansible.lint_taint import Taint, parsed


def unsafe_arguments(argv: Any, taint: Taint, index: int) -> Iterator[str]:
    """What is wrong with each argument of an `argv`, in words."""
    pieces = [piece for item in _items(argv) for piece in _expanded(item)]
    for number, piece in enumerate(pieces):
        if _literal(piece) == "--":
            return
        unjudged = [path for path in _loose(piece, taint) if not taint.is_judged(path, index)]
        if unjudged and number == 0:
            yield f"{unjudged[0]} chooses the program"
        elif unjudged:
            yield f"{unjudged[0]} may become an option"


def _items(argv: Any) -> list[Any]:
    return list(argv) if isinstance(argv, list) else [argv]


def _expanded(item: Any) -> list[Any]:
    """`{{ base + ['-n', x] }}` is several arguments: its parts, as nodes."""
    if not isinstance(item, str):
        return [item]
    tree = parsed(item)
    if tree is None:
        return [item]
    output = tree.body[0] if tree.body else None
    if not isinstance(output, nodes.Output):
        return [tree]
    parts = [part for part in output.nodes if not _blank(part)]
    return _flat(parts[0]) if len(parts) == 1 else [output]


def _flat(node: nodes.Node) -> list[Any]:
    if isinstance(node, nodes.Add):
        return [*_flat(node.left), *_flat(node.right)]
    if isinstance(node, nodes.List):
        return list(node.items)
    if isinstance(node, nodes.CondExpr):
        return [*_flat(node.expr1), *(_flat(node.expr2) if node.expr2 else [])]
    return [node]


def _loose(piece: Any, taint: Taint) -> list[str]:
    """The outside texts of an argument that does not begin with literal text."""
    if not isinstance(piece, nodes.Node):
        return []
    first = piece.nodes[0] if isinstance(piece, nodes.Output | nodes.Concat) else piece
    if isinstance(first, nodes.Add):
        first = first.left
    if _literal(first).strip():
        return []
    return list(templates.tainted_parts(piece, taint.text))


def _literal(piece: Any) -> str:
    if isinstance(piece, nodes.TemplateData):
        return piece.data
    if isinstance(piece, nodes.Const):
        return str(piece.value)
    return str(piece) if isinstance(piece, str) else ""


def _blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.TemplateData) and not node.data.strip()
