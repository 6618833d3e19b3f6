"""From syntax to closures: an allow-list of Jinja2's syntax nodes becomes Python functions.

What is not on the list is an ExpressionError; nothing in an expression can be called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from jinja2 import nodes

from autofix.core import operations as ops
from autofix.core.filters import FILTERS, TESTS
from autofix.core.inert import inert
from autofix.core.operations import UNKNOWN
from autofix.core.syntax import Source, parse_syntax

MAX_DEPTH = 40
MAX_NUMBER = 10**18
ALL_ROOTS = frozenset({"host", "inputs", "labels"})
# What goes in a template expression but never here, with what to write instead.
_REFUSED: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.Call: ("calling functions or methods", "use a filter, such as `name | lower`"),
    nodes.Pow: ("the operator **", "multiply instead"),
    nodes.Slice: ("a slice", "take one item, such as `name[0]`"),
    nodes.Dict: ("a mapping", "write it as YAML, with expressions as its values"),
}

Run = Callable[[Mapping[str, Any]], Any]


@dataclass
class Compiled:
    """A parsed expression: how to evaluate it, and each name in it with how to look it up."""

    run: Run
    lookups: dict[str, Run] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def compile_expression(text: str, roots: frozenset[str]) -> Compiled:
    """Parse and check an expression. ExpressionError says what is not allowed, and where."""
    source, tree = parse_syntax(text)
    compiler = _Compiler(source, roots)
    try:
        compiler.out.run = compiler.node(tree, 0)
    except RecursionError:
        raise source.too_deep() from None
    return compiler.out


class _Compiler:
    """One method for each allowed syntax node, found by the node's name."""

    def __init__(self, source: Source, roots: frozenset[str]) -> None:
        self.roots = roots
        self.out = Compiled(lambda _scope: UNKNOWN)
        self.error = source.error
        self.too_deep = source.too_deep

    def node(self, node: nodes.Node, depth: int) -> Run:
        if depth > MAX_DEPTH:
            raise self.too_deep()
        name = type(node).__name__
        if name in ops.ARITHMETIC:
            return self._arithmetic(node, depth + 1)
        compile_node = getattr(self, f"_node_{name}", None)
        if compile_node is None:
            what, hint = _REFUSED.get(type(node), (f"{name.lower()} syntax", ""))
            raise self.error(f"{what} is not allowed in an expression", hint, node=node)
        run: Run = compile_node(node, depth + 1)
        return run

    def _node_Const(self, node: nodes.Const, _depth: int) -> Run:
        value = UNKNOWN if node.value is None else node.value
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
            raise self.error("a number is too large", f"at most {MAX_NUMBER:.0e}", node=node)
        return lambda _scope: value

    def _node_List(self, node: nodes.List | nodes.Tuple, depth: int) -> Run:
        items = [self.node(item, depth) for item in node.items]
        return lambda scope: [item(scope) for item in items]

    _node_Tuple = _node_List

    def _node_Not(self, node: nodes.Not, depth: int) -> Run:
        inner = self._truth(node.node, depth)
        return lambda scope: ops.negate(inner(scope))

    def _node_And(self, node: nodes.And, depth: int) -> Run:
        return self._kleene(node, depth, decides=False)

    def _node_Or(self, node: nodes.Or, depth: int) -> Run:
        return self._kleene(node, depth, decides=True)

    def _kleene(self, node: nodes.And | nodes.Or, depth: int, *, decides: bool) -> Run:
        left, right = self._truth(node.left, depth), self._truth(node.right, depth)
        other = not decides

        def run(scope: Mapping[str, Any]) -> Any:
            first = left(scope)
            if first is decides:
                return decides
            second = right(scope)
            if second is decides:
                return decides
            return other if first is other and second is other else UNKNOWN

        return run

    def _truth(self, node: nodes.Expr, depth: int) -> Run:
        """An operand of and, or, not: a literal that is no truth value can only be a slip."""
        if isinstance(node, nodes.Const) and node.value not in (True, False, None):
            raise self.error(
                f"{node.value!r} is neither true nor false",
                "compare both sides, such as `a == 1 or a == 2`, or write `a in [1, 2]`",
                node=node,
            )
        return self.node(node, depth)

    def _node_CondExpr(self, node: nodes.CondExpr, depth: int) -> Run:
        if node.expr2 is None:
            raise self.error("`if` without `else`", "write `a if condition else b`", node=node)
        test = self._truth(node.test, depth)
        then, otherwise = self.node(node.expr1, depth), self.node(node.expr2, depth)

        def run(scope: Mapping[str, Any]) -> Any:
            holds = test(scope)
            if holds is True:
                return then(scope)
            return otherwise(scope) if holds is False else UNKNOWN

        return run

    def _node_Compare(self, node: nodes.Compare, depth: int) -> Run:
        operands = [node.expr, *(operand.expr for operand in node.ops)]
        for operand in operands:
            if isinstance(operand, nodes.Const) and operand.value is None:
                raise self.error("nothing compares with none", "write `name is none`", node=operand)
        runs = [self.node(operand, depth) for operand in operands]
        compares = [ops.COMPARISONS[operand.op] for operand in node.ops]
        if len(compares) == 1:
            compare, left, right = compares[0], runs[0], runs[1]
            return lambda scope: compare(left(scope), right(scope))
        return _chain(runs, compares)

    def _arithmetic(self, node: Any, depth: int) -> Run:
        for side in (node.left, node.right):
            if isinstance(side, nodes.Const) and isinstance(side.value, str):
                raise self.error("text can't be calculated with", "join text with ~", node=side)
        apply = ops.ARITHMETIC[type(node).__name__]
        left, right = self.node(node.left, depth), self.node(node.right, depth)
        return lambda scope: apply(left(scope), right(scope))

    def _node_Neg(self, node: nodes.Neg, depth: int) -> Run:
        inner = self.node(node.node, depth)
        return lambda scope: ops.minus(inner(scope))

    def _node_Pos(self, node: nodes.Pos, depth: int) -> Run:
        inner = self.node(node.node, depth)
        return lambda scope: ops.plus(inner(scope))

    def _node_Concat(self, node: nodes.Concat, depth: int) -> Run:
        parts = [self.node(part, depth) for part in node.nodes]
        return lambda scope: ops.join([part(scope) for part in parts])

    # -- names --------------------------------------------------------------------------------

    def _node_Name(self, node: nodes.Name, _depth: int) -> Run:
        return self._reference(node)

    def _node_Getattr(self, node: nodes.Getattr, _depth: int) -> Run:
        return self._reference(node)

    def _node_Getitem(self, node: nodes.Getitem, _depth: int) -> Run:
        return self._reference(node)

    def _reference(self, node: nodes.Node) -> Run:
        first, path = self._path(node)
        root = str(path[0])
        if root in ALL_ROOTS and root not in self.roots:
            raise self.error(
                f"{root}. is not allowed here", f"allowed: {_roots(self.roots)}", node=first
            )
        if root in ALL_ROOTS and len(path) == 1:
            raise self.error(f"{root!r} holds names", f"write for example {root}.name", node=node)
        run = _lookup(path)
        self.out.names.add(f"{root}.{path[1]}" if root in ALL_ROOTS else root)
        self.out.lookups[_dotted(path)] = run
        return run

    def _path(self, node: nodes.Node) -> tuple[nodes.Node, list[str | int]]:
        keys: list[str | int] = []
        while not isinstance(node, nodes.Name):
            if len(keys) > MAX_DEPTH:
                raise self.too_deep()
            if isinstance(node, nodes.Getattr):
                keys.append(node.attr)
            elif isinstance(node, nodes.Getitem):
                keys.append(self._key(node.arg))
            else:
                raise self.error(
                    "only names have parts", "write `name.part` or `name['part']`", node=node
                )
            node = node.node
        keys.append(node.name)
        for key in keys:
            if isinstance(key, str) and key.startswith("_"):
                raise self.error(
                    f"the name {inert(key, 40)!r} begins with _", "no fact does", node=node
                )
        return node, keys[::-1]

    def _key(self, node: nodes.Expr) -> str | int:
        if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
            value = node.node.value
            if type(value) is int:
                return -value
        if isinstance(node, nodes.Const) and type(node.value) in (str, int):
            key: str | int = node.value
            return key
        what, hint = _REFUSED.get(type(node), ("a computed key", "write a text or a number"))
        raise self.error(f"{what} is not allowed in []", hint, node=node)

    # -- filters and tests --------------------------------------------------------------------

    def _node_Filter(self, node: nodes.Filter, depth: int) -> Run:
        known = FILTERS.get(node.name)
        if known is None:
            hint = _suggest(node.name, list(FILTERS))
            raise self.error(f"there is no filter {inert(node.name, 40)!r}", hint, node=node)
        if node.node is None:
            raise self.error("a filter without a value", "write `name | filter`", node=node)
        self._plain_arguments(node)
        if not known.least <= len(node.args) <= known.most:
            many = known.most if known.least == known.most else f"{known.least} or {known.most}"
            raise self.error(f"{node.name} takes {many} arguments", node=node)
        value = self.node(node.node, depth)
        arguments = [self.node(argument, depth) for argument in node.args]
        apply = known.apply
        if not arguments:
            return lambda scope: apply(value(scope))
        return lambda scope: apply(value(scope), *[one(scope) for one in arguments])

    def _node_Test(self, node: nodes.Test, depth: int) -> Run:
        test = TESTS.get(node.name)
        if test is None:
            hint = _suggest(node.name, list(TESTS))
            raise self.error(f"there is no test {inert(node.name, 40)!r}", hint, node=node)
        self._plain_arguments(node)
        if node.args:
            raise self.error(f"`is {node.name}` takes no argument", node=node)
        value = self.node(node.node, depth)
        return lambda scope: test(value(scope))

    def _plain_arguments(self, node: nodes.Filter | nodes.Test) -> None:
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self.error(f"{node.name} takes its arguments by position only", node=node)


def _lookup(path: list[str | int]) -> Run:
    name, rest = str(path[0]), path[1:]
    if not rest:

        def bare(scope: Mapping[str, Any]) -> Any:
            value = scope.get(name)
            return UNKNOWN if value is None else value

        return bare

    def nested(scope: Mapping[str, Any]) -> Any:
        value: Any = scope.get(name)
        for key in rest:
            value = ops.item(value, key)
        return value

    return nested


def _chain(runs: list[Run], compares: list[ops.Operation]) -> Run:
    """`a < b < c`: every neighbour must hold, Kleene's and over them."""

    def run(scope: Mapping[str, Any]) -> Any:
        values = [one(scope) for one in runs]
        answers = [
            compare(values[place], values[place + 1]) for place, compare in enumerate(compares)
        ]
        if any(answer is False for answer in answers):
            return False
        return UNKNOWN if any(answer is UNKNOWN for answer in answers) else True

    return run


def _dotted(path: list[str | int]) -> str:
    return str(path[0]) + "".join(
        f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
        for key in path[1:]
    )


def _roots(roots: frozenset[str]) -> str:
    return ", ".join(["facts", *(f"{root}." for root in sorted(roots))])


def _suggest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
