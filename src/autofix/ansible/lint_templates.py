"""What a template reads: names, lookups, and whether text from outside comes through.

Jinja2 parses and nothing runs. Outside text is *tainted*; what can no longer be arbitrary text is
not: a number or truth (`int`, `float`, `bool`, `length`), a comparison or test, a value chosen by
a key from a table, and the branches of a choice are judged, not its question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

#: Filters after which a value is no longer arbitrary text.
CLEANING = frozenset({"int", "float", "bool", "length", "count"})
LOOKUPS = frozenset({"lookup", "query", "q"})
_QUESTIONS = (nodes.Test, nodes.Compare, nodes.Not)
_PARSER = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)

__all__ = ["TemplateSyntaxError", "free_names", "is_template", "lookups", "parse", "tainted"]


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


@lru_cache(maxsize=4096)
def parse(text: str, *, expression: bool = False) -> nodes.Template:
    """Raises TemplateSyntaxError. `expression`: as in `when`, without braces."""
    if expression and not is_template(text):
        text = "{{ (" + text + "\n) }}"
    return _PARSER.parse(text)


def free_names(tree: nodes.Node) -> dict[str, int]:
    """Names read that the template itself does not set, each with its first line."""
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    found: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in own:
            found.setdefault(name.name, name.lineno)
    return found


def lookups(tree: nodes.Node) -> Iterator[nodes.Call]:
    """Every call of `lookup`, `query` or `q`."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in LOOKUPS:
            yield call


def tainted(node: nodes.Node, names: Collection[str]) -> bool:
    """Does text from one of these names come through?"""
    return next(tainted_parts(node, names), None) is not None


def tainted_parts(node: nodes.Node, names: Collection[str]) -> Iterator[str]:
    """The tainted things as they are written, `af.user` or `af`: one per reading."""
    if isinstance(node, _QUESTIONS):
        return
    if isinstance(node, nodes.Name):
        if node.name in names:
            yield node.name
    elif isinstance(node, nodes.Getattr | nodes.Getitem):
        yield from _of_member(node, names)
    elif isinstance(node, nodes.Filter) and _cleans(node):
        return
    elif isinstance(node, nodes.CondExpr):
        yield from tainted_parts(node.expr1, names)
        if node.expr2 is not None:
            yield from tainted_parts(node.expr2, names)
    elif isinstance(node, nodes.Call) and _reads_variable(node, names):
        yield "lookup('vars', …)"
    else:
        for child in node.iter_child_nodes():
            yield from tainted_parts(child, names)


def dotted(node: nodes.Node) -> str:
    """`af.user` of `af.user` and `af['user']`; empty for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        rest = dotted(node.node)
        return f"{rest}.{node.attr}" if rest else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        rest = dotted(node.node)
        return f"{rest}.{node.arg.value}" if rest else ""
    return ""


def _of_member(node: nodes.Getattr | nodes.Getitem, names: Collection[str]) -> Iterator[str]:
    """A member of something tainted is tainted; a tainted key of a table is not."""
    path = dotted(node)
    if path:
        first, *rest = path.split(".")
        # `vars.af` and `hostvars[host].af` are other ways to write `af`.
        if first in names or (first in ("vars", "hostvars") and set(rest) & set(names)):
            yield path
        return
    if isinstance(node, nodes.Getattr) and node.attr in names and "hostvars" in free_names(node):
        yield node.attr
    elif isinstance(node, nodes.Getitem) and _hostvar(node, names):
        yield str(node.arg.as_const())
    else:
        yield from tainted_parts(node.node, names)


def _hostvar(node: nodes.Getitem, names: Collection[str]) -> bool:
    key = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return key in names and "hostvars" in free_names(node)


def _cleans(node: nodes.Filter) -> bool:
    if node.name in CLEANING:
        return True
    first = node.args[0] if node.args else None
    return node.name == "map" and isinstance(first, nodes.Const) and first.value in CLEANING


def _reads_variable(call: nodes.Call, names: Collection[str]) -> bool:
    """`lookup('vars', 'af')`."""
    if not (isinstance(call.node, nodes.Name) and call.node.name in LOOKUPS):
        return False
    values = [arg.value for arg in call.args if isinstance(arg, nodes.Const)]
    return bool(values) and str(values[0]).endswith("vars") and bool(set(values[1:]) & set(names))
