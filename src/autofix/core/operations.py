"""What the operators, filters and tests of expressions mean: three-valued, and never an exception.

Values are JSON values; only exact types take part, so no foreign object's methods are ever called.
A missing value, a mismatch of types, a division by zero and a result out of bounds are UNKNOWN.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, final

MAX_TEXT = 100_000  # characters that joined text may have
MAX_INT_BITS = 128


@final
class Unknown:
    """The one value that stands for "not known"; it is neither true nor false."""

    _only: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false; ask `is UNKNOWN`")

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()

NUMBER, TEXT, TRUTH, LIST, OBJECT = 1, 2, 3, 4, 5
_KINDS: Mapping[type, int] = {
    int: NUMBER,
    float: NUMBER,
    str: TEXT,
    bool: TRUTH,
    list: LIST,
    tuple: LIST,
    dict: OBJECT,
}
kind_of = _KINDS.get
Operation = Callable[[Any, Any], Any]


def negate(value: Any) -> Any:
    """Kleene's not; what is no truth value is unknown."""
    if value is True:
        return False
    return True if value is False else UNKNOWN


def _equal(a: Any, b: Any) -> Any:
    kind = kind_of(type(a))
    if kind is None or kind != kind_of(type(b)) or a != a or b != b:  # NaN is no answer
        return UNKNOWN
    return list(a) == list(b) if kind == LIST else a == b


def _ordered(compare: Operation) -> Operation:
    def run(a: Any, b: Any) -> Any:
        kind = kind_of(type(a))
        if kind is None or kind > TEXT or kind != kind_of(type(b)) or a != a or b != b:
            return UNKNOWN
        return compare(a, b)

    return run


def _inside(item: Any, group: Any) -> Any:
    kind = kind_of(type(group))
    if kind in (TEXT, OBJECT):
        return item in group if type(item) is str else UNKNOWN
    if kind != LIST or kind_of(type(item)) is None:
        return UNKNOWN
    answers = [_equal(item, one) for one in group]
    if True in (answer for answer in answers if answer is not UNKNOWN):
        return True
    # A list of other types can't answer, and neither can one with a missing value in it.
    missing = any(kind_of(type(one)) is None for one in group)
    known = not answers or any(answer is not UNKNOWN for answer in answers)
    return UNKNOWN if missing or not known else False


COMPARISONS: Mapping[str, Operation] = {
    "eq": _equal,
    "ne": lambda a, b: negate(_equal(a, b)),
    "gt": _ordered(operator.gt),
    "gteq": _ordered(operator.ge),
    "lt": _ordered(operator.lt),
    "lteq": _ordered(operator.le),
    "in": _inside,
    "notin": lambda a, b: negate(_inside(a, b)),
}


def bounded(number: Any) -> Any:
    """A number that stayed within bounds, or UNKNOWN."""
    if type(number) is int:
        return number if number.bit_length() <= MAX_INT_BITS else UNKNOWN
    return number if math.isfinite(number) else UNKNOWN


def _arithmetic(apply: Operation) -> Operation:
    def run(a: Any, b: Any) -> Any:
        if kind_of(type(a)) != NUMBER or kind_of(type(b)) != NUMBER:
            return UNKNOWN
        try:
            return bounded(apply(a, b))
        except ArithmeticError:
            return UNKNOWN

    return run


ARITHMETIC: Mapping[str, Operation] = {
    "Add": _arithmetic(operator.add),
    "Sub": _arithmetic(operator.sub),
    "Mul": _arithmetic(operator.mul),
    "Div": _arithmetic(operator.truediv),
    "FloorDiv": _arithmetic(operator.floordiv),
    "Mod": _arithmetic(operator.mod),
}


def minus(value: Any) -> Any:
    return bounded(-value) if kind_of(type(value)) == NUMBER else UNKNOWN


def plus(value: Any) -> Any:
    return value if kind_of(type(value)) == NUMBER else UNKNOWN


def item(value: Any, key: str | int) -> Any:
    """`value.key` and `value[0]` of JSON values; never a Python attribute."""
    kind = kind_of(type(value))
    if kind == OBJECT:
        found = value.get(key)
    elif kind == LIST and type(key) is int and -len(value) <= key < len(value):
        found = value[key]
    else:
        return UNKNOWN
    return UNKNOWN if found is None else found


def text_of(value: Any) -> str:
    """A scalar as text, as Jinja2 writes it; unknown is empty."""
    if value is UNKNOWN or value is None or kind_of(type(value)) is None:
        return ""
    return str(value)


def join(values: list[Any]) -> Any:
    """`a ~ b`: the texts of scalars one after the other."""
    if any(kind_of(type(value)) not in (NUMBER, TEXT, TRUTH) for value in values):
        return UNKNOWN
    if sum(len(value) if type(value) is str else 50 for value in values) > MAX_TEXT:
        return UNKNOWN
    return "".join(text_of(value) for value in values)
