"""At the door: what is let in from outside, and how outside text is shown.

Everything here is pure. A fault is one line for people; no faults means that it may come in.
Names of alert labels (`app.kubernetes.io/name`) are data and not judged by `name_fault`; only
keys that would become names of variables are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from autofix.core.inert import inert

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Hostile",
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
#: Values in one body, and bits of a whole number in it.
MAX_VALUES, MAX_BITS = 50_000, 256

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_RESERVED = ("__", "ansible_")
#: C0 and C1 controls, DEL and lone surrogates: never let in.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: The same, but for the white space of text that has lines.
_CONTROLS_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: What may stand for a control character or a lone surrogate in JSON, as it is or escaped.
_DOUBTFUL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    r"|\\(?:[bf]|u(?:00[01][0-9a-fA-F]|007[fF]|00[89][0-9a-fA-F]|[dD][89a-fA-F]))"
)
_SPACED = re.compile(r"\\(?:[nrt]|u000[9aAdD])")
_STRING = re.compile(rb'"(?>[^"\\]+|\\.)*+"?', re.S)
_BIG_NUMBER = re.compile(rb"[0-9]{70}|[0-9][eE]\+?[0-9]{3}")
_TOO_MANY = f"the body has more than {MAX_VALUES} values"
_ENDLESS_NUMBER = re.compile(rb"[0-9]{310}")
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_DIGITS = bytes(each for each in range(256) if each not in b"0123456789")
_NO_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")


class Refused(ValueError):
    """A body that is not let in; the message says why, in one line."""


class Hostile(Refused):
    """One that no honest sender writes."""


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
    """Everything wrong in a JSON value: its depth, its texts, its numbers, its keys.

    With `names`, the keys of every mapping must be fit for names of variables.
    """
    faults: list[str] = []
    todo: list[tuple[Any, int, _Way]] = [(value, 0, ())]
    while todo:
        item, depth, way = todo.pop()
        if depth > MAX_DEPTH:
            faults.append(f"{_where(way) or 'value'}: nested deeper than {MAX_DEPTH}")
            continue
        if isinstance(item, Mapping):
            for key in item:
                faults += _at(way, _key_fault(key, names))
            todo += [(one, depth + 1, (way, key)) for key, one in item.items()]
        elif isinstance(item, list | tuple):
            todo += [(one, depth + 1, (way, index)) for index, one in enumerate(item)]
        else:
            faults += _at(way, _leaf_fault(item, lines))
    return sorted(faults)


#: How a value was reached: the way before it, and its key or index.
_Way = tuple[Any, ...]


def _where(way: _Way) -> str:
    steps: list[str] = []
    while way:
        way, step = way
        steps.append(f"[{step}]" if isinstance(step, int) else f".{inert(str(step), 40)}")
    return "".join(reversed(steps)).lstrip(".")


def _leaf_fault(item: Any, lines: bool) -> str:
    if isinstance(item, str):
        return text_fault(item, lines=lines)
    if item is None or isinstance(item, bool):
        return ""
    if isinstance(item, int):
        return "" if item.bit_length() <= MAX_BITS else "the number has too many digits"
    if isinstance(item, float):
        return "" if math.isfinite(item) else "the number is too large"
    return f"{type(item).__name__} is not a JSON value"


def _key_fault(key: Any, names: bool) -> str:
    if not isinstance(key, str):
        return f"key {key!r} is not text"
    return name_fault(key) if names else text_fault(key)


def _at(way: _Way, fault: str) -> list[str]:
    if not fault:
        return []
    where = _where(way)
    return [f"{where}: {fault}" if where else fault]


def read_json(body: bytes) -> Any:
    """A JSON body from outside: strict UTF-8, no key twice, no NaN, bounded in size, depth and
    count of values.

    Raises Refused; Hostile for what no honest sender writes. Text in it may have lines; its keys
    are data (see `name_fault`). What can be seen in the text as a whole is looked for there, since
    looking at each value is slow; that is done where the text gives cause for it.
    """
    if len(body) > MAX_BYTES:
        raise Hostile(f"the body has {len(body)} bytes; at most {MAX_BYTES} are read")
    if body.count(b'"') - body.count(b'\\"') > 4 * MAX_VALUES:
        raise Hostile(_TOO_MANY)
    outside = _STRING.sub(b"", body)
    _check_shape(outside)
    numbers = len(outside.translate(None, _NO_DIGITS)) > 2
    if numbers and _ENDLESS_NUMBER.search(outside):  # slow to read, and of use to nobody
        raise Hostile("a number has too many digits")
    try:
        text = body.decode("utf-8")
        value = _parsed(text, outside.count(b":"))
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {inert(str(error), 120)}") from error
    # Printable text without an escape can't hold anything doubtful, and that is seen quickly.
    plain = "\\" not in text and text.isprintable()
    doubtful = not plain and _DOUBTFUL.search(text)
    if doubtful or (numbers and _BIG_NUMBER.search(outside)):
        faults = value_faults(value)
        if faults:
            raise Hostile(faults[0])
    return value


def _check_shape(outside: bytes) -> None:
    """Depth and count, from what stands outside of strings: the parser may recurse."""
    # Each turn takes away the innermost pairs.
    rest, depth = outside.translate(_AS_SQUARE, _NO_BRACKETS), 0
    while b"[]" in rest and depth <= MAX_DEPTH:
        rest, depth = rest.replace(b"[]", b""), depth + 1
    if depth + rest.count(b"[") > MAX_DEPTH:
        raise Hostile(f"the body is nested deeper than {MAX_DEPTH}")
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > MAX_VALUES:
        raise Hostile(_TOO_MANY)


def _parsed(text: str, keys: int) -> Any:
    """`keys`: how many there are in the text; where fewer come out, one stands twice."""
    found = 0

    def count(made: dict[str, Any]) -> dict[str, Any]:
        nonlocal found
        found += len(made)
        return made

    if not _SPACED.search(text):  # no key holds white space that only a text may
        value = json.loads(text, object_hook=count, parse_constant=_constant)
        if found == keys:
            return value
    return json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Hostile(f"key {inert(twice, 80)!r} stands twice")
    if _CONTROLS.search("".join(found)):
        fault = next(text_fault(key) for key in found if _CONTROLS.search(key))
        raise Hostile(f"a key holds a {fault}")
    return found


def _constant(word: str) -> Any:
    raise Refused(f"{word} is not a JSON number")


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
