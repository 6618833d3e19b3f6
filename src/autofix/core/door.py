"""At the door: what is let in from outside, and how outside text is shown.

Everything here is pure. A fault is one line for people; no faults means that it may come in.
Names of alert labels (`app.kubernetes.io/name`) are data and not judged by `name_fault`; only
keys that would become names of variables are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from autofix.core.inert import inert

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Refused",
    "inert",
    "name_fault",
    "read_json",
    "tame",
    "text_fault",
    "value_faults",
]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_RESERVED = ("__", "ansible_")
#: C0 and C1 controls, DEL and lone surrogates: never let in.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: The same, but for the white space of text that has lines.
_CONTROLS_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Refused(ValueError):
    """A body that is not let in; the message says why, in one line."""


def name_fault(name: str) -> str:
    """Why this key can't become a variable's name; empty when it can."""
    if not _NAME.fullmatch(name):
        return f"{inert(name, 80)!r} is not a name (letters, digits and _, at most 63)"
    if name.startswith(_RESERVED):
        return f"{name!r} is reserved: a name starts neither with __ nor with ansible_"
    return ""


def text_fault(text: str, *, lines: bool = False) -> str:
    """Why this text is not let in. With `lines`, line ends and tabs are text, too."""
    found = (_CONTROLS_IN_LINES if lines else _CONTROLS).search(text)
    if not found:
        return ""
    kind = "surrogate" if "\ud800" <= found.group() <= "\udfff" else "control character"
    return f"{kind} U+{ord(found.group()):04X} at position {found.start() + 1}"


def value_faults(value: Any, *, names: bool = False, lines: bool = True) -> list[str]:
    """Everything wrong in a JSON value: its depth, its texts, its keys.

    With `names`, the keys of every mapping must be fit for names of variables.
    """
    faults: list[str] = []
    todo: list[tuple[Any, int, str]] = [(value, 0, "")]
    while todo:
        item, depth, where = todo.pop()
        if depth > MAX_DEPTH:
            faults.append(f"{where or 'value'}: nested deeper than {MAX_DEPTH}")
            continue
        if isinstance(item, str):
            faults += _at(where, text_fault(item, lines=lines))
        elif isinstance(item, Mapping):
            for key in item:
                faults += _at(where, _key_fault(key, names))
            todo += [
                (one, depth + 1, f"{where}.{inert(str(key), 40)}".lstrip("."))
                for key, one in item.items()
            ]
        elif isinstance(item, list | tuple):
            todo += [(one, depth + 1, f"{where}[{index}]") for index, one in enumerate(item)]
        elif not (item is None or isinstance(item, bool | int | float)):
            faults += _at(where, f"{type(item).__name__} is not a JSON value")
    return sorted(faults)


def _key_fault(key: Any, names: bool) -> str:
    if not isinstance(key, str):
        return f"key {key!r} is not text"
    return name_fault(key) if names else text_fault(key)


def _at(where: str, fault: str) -> list[str]:
    return [f"{where}: {fault}" if where else fault] if fault else []


def read_json(body: bytes) -> Any:
    """A JSON body from outside: strict UTF-8, no key twice, no NaN, bounded in size and depth.

    Raises Refused. Text in it may have lines; its keys are data (see `name_fault`).
    """
    if len(body) > MAX_BYTES:
        raise Refused(f"the body has {len(body)} bytes; at most {MAX_BYTES} are read")
    if _depth(body) > MAX_DEPTH:
        raise Refused(f"the body is nested deeper than {MAX_DEPTH}")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {inert(str(error), 120)}") from error
    faults = value_faults(value)
    if faults:
        raise Refused(faults[0])
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refused(f"key {inert(twice, 80)!r} stands twice")
    return found


def _constant(word: str) -> Any:
    raise Refused(f"{word} is not a JSON number")


def _depth(body: bytes) -> int:
    """How deep brackets nest, strings left out, without parsing: the parser may recurse."""
    outside = re.sub(rb'"(?:[^"\\]|\\.)*"?', b"", body, flags=re.S)
    depth = deepest = 0
    for byte in re.sub(rb"[^\[\]{}]", b"", outside):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def tame(value: Any) -> Any:
    """A JSON value without the keys that Ansible's own JSON reader would act on or choke on.

    What a host reports can hold them; without them a fact-giver can't stop a fix.
    """
    if isinstance(value, Mapping):
        return {
            str(key): tame(each)
            for key, each in value.items()
            if not str(key).startswith("__ansible_")
        }
    return [tame(each) for each in value] if isinstance(value, list | tuple) else value
