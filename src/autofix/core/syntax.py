"""Expression and template text to Jinja2's syntax nodes, with the column of each node.

Of Jinja2 only the lexer and the parser are used: no template ever runs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from autofix.core.inert import inert
from autofix.errors import ExpressionError

MAX_LENGTH = 2000
MAX_TOKENS = 400
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ENVIRONMENT = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701 - only parses


@dataclass(frozen=True)
class Source:
    """The expression with one token a line: a syntax node's line then tells its column."""

    text: str
    lines: str
    starts: tuple[int, ...]  # the first line of each token
    columns: tuple[int, ...]  # and its column in the user's text

    def column(self, line: int) -> int:
        return self.columns[max(bisect_right(self.starts, line) - 1, 0)] if self.columns else 1

    def error(self, message: str, hint: str = "", *, node: nodes.Node) -> ExpressionError:
        return _error(self.text, message, hint, column=self.column(node.lineno))

    def too_deep(self) -> ExpressionError:
        return _too_deep(self.text)


def parse_syntax(text: str) -> tuple[Source, nodes.Expr]:
    """The syntax tree of an expression, and where its nodes stand. ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}",
            hint="move the arithmetic into the probe or the playbook",
        )
    if not text.strip():
        raise ExpressionError("an expression is empty", hint="write for example `name > 0.9`")
    found = _CONTROL.search(text)
    if found:
        raise _error(text, "a control character is not allowed", column=found.start() + 1)
    source = _tokens(text)
    try:
        return source, _tree(source)
    except RecursionError:
        raise source.too_deep() from None


def _tokens(text: str) -> Source:
    pieces, starts, columns, line, at = [], [], [], 1, 1
    try:
        for _, kind, raw in _ENVIRONMENT.lexer.tokeniter(text, None, state="variable"):
            if kind != "whitespace":
                starts.append(line)
                columns.append(at)
                pieces.append(raw)
                line += raw.count("\n") + 1
            at += len(raw)
    except TemplateSyntaxError as error:
        raise _error(text, f"not an expression: {_said(error)}", column=at) from None
    if len(pieces) > MAX_TOKENS:
        raise _error(text, f"an expression has at most {MAX_TOKENS} words and signs")
    return Source(text, "\n".join(pieces), tuple(starts), tuple(columns))


def _tree(source: Source) -> nodes.Expr:
    try:
        parser = Parser(_ENVIRONMENT, source.lines, state="variable")
        tree = parser.parse_expression()
        end = parser.stream.current
    except TemplateSyntaxError as error:
        column = source.column(error.lineno)
        what = f"not an expression: {_said(error)}"
        raise _error(source.text, what, column=column) from None
    except (ValueError, OverflowError):
        raise _error(source.text, "a number or text in it can't be read") from None
    if not parser.stream.eos:
        what, hint = "not an expression: it should end here", "join conditions with and, or"
        raise _error(source.text, what, hint, column=source.column(end.lineno))
    return tree


def split_template(text: str) -> Iterator[tuple[bool, str]]:
    """The pieces of a text: (True, expression) for each `{{ … }}`, (False, words) between them."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        yield False, text
        return
    inside, words = False, ""
    try:
        for _, kind, raw in _ENVIRONMENT.lexer.tokeniter(text, None):
            if kind in ("variable_begin", "variable_end"):
                _check_plain(text, raw)
                if inside or words:
                    yield inside, words
                inside, words = kind == "variable_begin", ""
            elif kind == "data" or inside:
                words += raw
            else:
                raise _error(text, "`{% %}` and `{# #}` are not allowed", "use {{ expression }}")
    except TemplateSyntaxError as error:
        raise _error(text, f"not a template: {_said(error)}", "close {{ with }}") from None
    if inside:
        raise _error(text, "`{{` is not closed", "write `{{ expression }}`")
    if words:
        yield False, words


def _check_plain(text: str, sign: str) -> None:
    if sign.strip() not in ("{{", "}}"):
        raise _error(text, f"`{sign.strip()}` is not allowed", "write {{ expression }}")


def _error(text: str, message: str, hint: str = "", *, column: int = 0) -> ExpressionError:
    where = f"column {column} of" if column else "in"
    return ExpressionError(f"{message} ({where} `{inert(text, 80)}`)", hint=hint)


def _too_deep(text: str) -> ExpressionError:
    return _error(text, "an expression is nested too deeply", "split it, or ask a list with `in`")


def _said(error: TemplateSyntaxError) -> str:
    said = re.sub(r" at \d+$", "", error.message or "it can't be parsed")
    if said in ("unexpected char '\"'", 'unexpected char "\'"'):
        return "a quote is not closed"
    return inert(said.replace("end of template", "end"), 120)
