"""A runbook's file, as people read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from autofix.core.inert import MASK, names_a_secret

#: Characters of a file that are shown.
LARGEST = 200_000
#: A key and its colon, on its own line or between braces.
_KEY = re.compile(
    r"""(?<![\w.-])(?P<key>[A-Za-z_][\w.-]{0,99})(?:["'][ \t]{0,9}:|[ \t]{0,9}:(?=\s|$))"""
)
#: What stands before a key that has a line of its own, and before an item of a list.
_ITEM = re.compile(r"[ \t]*(?:-[ \t]+)*")
_LEAD = re.compile(_ITEM.pattern + "[\"']?")
#: Tags and anchors before a value.
_DRESS = re.compile(r"[ \t]*(?:[!&][^\s,\]}]*[ \t]+)*")
#: A value: in quotes, in brackets, or plain. A plain one ends sooner between braces.
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?""", re.DOTALL)
_LIST = re.compile(r"\[[^\]]*\]?")
_BRACES = re.compile(r"\{[^}]*\}?")
_LINE, _WORDS = re.compile(r"[^\n]*?(?=[ \t]+#|\n|$)"), re.compile(r"[^\n,}\]]*")
_EACH = re.compile(r"[^\n]*\n?")
_OWN = re.compile(
    r"""(?P<lead>[ \t]*(?:-[ \t]+)*)["']?(?P<key>[A-Za-z_][\w.-]{0,99})["']?[ \t]{0,9}:"""
)
_DEFAULT = re.compile(
    r"""(?P<name>\bdefault["']?[ \t]{0,9}:[ \t]{0,9})("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}][^,}\n]*)"""
)
_NAMED = re.compile(r"""(?P<name>["']?[\w.-]{1,100}["']?[ \t]{0,9}:)(?=[ \t]|$)""")
#: These name where a secret is kept, which is no secret.
_WHERE = ("_env", "_file", "_kept")
#: Whatever is called so may hold secrets under any name.
_FREE = frozenset({"env", "headers", "environment"})
_USERINFO = re.compile(r"(?P<slashes>://)[^/@\s]{1,999}@")
_ASKED = re.compile(r"""(?P<name>[?&][A-Za-z_][\w.-]{0,99}=)[^&\s"'#]{1,9999}""")


class Stands(StrEnum):
    """The file beside what is in force."""

    SAME = "same"
    CHANGED = "changed"  # since it was loaded
    VANISHED = "vanished"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class RunbookSource:
    """`text` is what is in force, whatever became of the file; `cut`: there is more of it."""

    runbook: str
    file: str
    text: str
    stands: Stands
    cut: bool = False


def masked(text: str) -> str:
    """Without values of keys that name a secret, of headers and environments, and of addresses.
    None should be there; people make mistakes."""
    text = _ASKED.sub(_answered, _USERINFO.sub(rf"\g<slashes>{MASK}@", text))
    pieces, at = [], 0
    while found := _KEY.search(text, at):
        pieces.append(text[at : found.end()])
        at = found.end()
        if found["key"] in _FREE or _secret(found["key"]):
            value, at = _hidden(text, found)
            pieces.append(value)
    return "".join(_without_defaults("".join([*pieces, text[at:]])))


def _without_defaults(text: str) -> Iterator[str]:
    """Of inputs that name a secret: what they are where nobody gives them."""
    column = -1  # of such an input's name, while its own lines come
    for found in _EACH.finditer(text):
        line = found[0]
        key = _OWN.match(line)
        if key and len(key["lead"]) <= column:
            column = -1
        if key and _secret(key["key"]):
            column = len(key["lead"])
            yield _DEFAULT.sub(rf"\g<name>{MASK}", line)
        elif key and column >= 0 and key["key"] == "default":
            yield f"{line[: key.end()]} {MASK}{line[len(line.rstrip()) :]}"
        else:
            yield line


def _answered(found: re.Match[str]) -> str:
    return f"{found['name']}{MASK}" if _secret(found["name"][1:-1]) else found[0]


def _secret(key: str) -> bool:
    return names_a_secret(key) and not key.endswith(_WHERE)


def _hidden(text: str, found: re.Match[str]) -> tuple[str, int]:
    """What is shown in place of the value, and where the text goes on. A mapping stays: its own
    keys are judged by themselves; those of headers are names that anybody chose."""
    free, at = found["key"] in _FREE, _end(_DRESS, text, found.end())
    first = text[at : at + 1]
    if first == "{":
        return (f" {{{MASK}}}", _end(_BRACES, text, at)) if free else ("", found.end())
    if first and first in "\"'":
        return f" {MASK}", _end(_QUOTED, text, at)
    if first == "[":
        return f" [{MASK}]", _end(_LIST, text, at)
    begins = text.rfind("\n", 0, found.start()) + 1
    lead = text[begins : found.start()]
    if not _LEAD.fullmatch(lead):
        return f" {MASK}", _end(_WORDS, text, at)
    end = _end(_LINE, text, at)
    said = text[at:end]
    literal = said.startswith(("|", ">"))
    shown = f" {said}" if literal else f" {MASK}" if said else ""
    below = _end(_EACH, text, end)
    column = len(lead.rstrip("\"'"))
    rest, after = _below(text, below, column, literal=literal, free=free)
    return f"{shown}{text[end:below]}{rest}", after


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _below(text: str, at: int, column: int, *, literal: bool, free: bool) -> tuple[str, int]:
    """The lines that belong to a value, hidden: those further in than its key."""
    hidden: list[str] = []
    while at < len(text):
        end = _end(_EACH, text, at)
        line = text[at:end]
        inner, indent = line.strip(), len(line) - len(line.lstrip(" \t"))
        item = inner.startswith("- ") and not literal
        if inner and (indent < column or (indent == column and not item)):
            break
        lead = line[: indent if literal else _end(_ITEM, line, 0)]
        named = None if literal else _NAMED.match(line, len(lead))
        if (named or inner.startswith("{")) and not (free or literal):
            break
        name, last = f"{named[0]} " if named else "", line[len(line.rstrip("\r\n")) :]
        hidden.append(f"{lead}{name}{MASK}{last}" if inner else line)
        at = end
    return "".join(hidden), at
