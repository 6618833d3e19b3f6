"""Connection variables of a host, as the inventory or the settings give them: typed, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes.words import one_line

MAX_PORTS = 32  # one look asks all of them at once

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


class VariableError(ProbeError):
    """A connection variable can't be used; the message names the variable and the host."""


def text(target: Target, name: str) -> str:
    """The variable as text, empty when it is not set. YAML may have made a number of it."""
    value = target.variables.get(name)
    if value is None:
        return ""
    opened = getattr(value, "get_secret_value", None)
    if opened is not None:
        value = opened()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise VariableError(f"{name} of {target.host} is not a text")
    return str(value)


def flag(target: Target, name: str) -> bool | None:
    """The variable as yes or no, None when it is not set."""
    value = target.variables.get(name)
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise VariableError(f"{name} of {target.host} is {one_line(value, 40)!r}: write true or false")


def chosen_ports(
    target: Target, name: str, default: int, options: Mapping[str, Any], *, one: bool = False
) -> tuple[int, ...]:
    """The ports to look at: the `with:` block's `port`, else the variable, else `default`.

    `one`: the first is enough, since there is a Unix socket instead.
    """
    if one:
        return (default,)
    value = options.get("port")
    said = "port" if value is not None else name
    value = target.variables.get(name) if value is None else value
    if value is None or value == "":
        return (default,)
    try:
        return as_ports(value)
    except ValueError as error:
        raise VariableError(f"{said} of {target.host}: {error}") from None


def check_ports(value: Any) -> list[str]:
    """What is wrong with the option `port`, in words."""
    if value is None:
        return []
    try:
        as_ports(value)
    except ValueError as error:
        return [f"port: {error}"]
    return []


def as_ports(value: Any) -> tuple[int, ...]:
    """Ports from `6379`, `"6379,6380"` or `[6379, 6380]`, each once. ValueError in words."""
    if isinstance(value, str):
        value = value.split(",")
    items: Iterable[Any] = value if isinstance(value, list | tuple) else (value,)
    found = tuple(dict.fromkeys(_port(item) for item in items))
    if not found:
        raise ValueError("the list of ports is empty")
    if len(found) > MAX_PORTS:
        raise ValueError(f"{len(found)} ports are too many for one host; {MAX_PORTS} at most")
    return found


def _port(value: Any) -> int:
    word = str(value).strip()
    if isinstance(value, bool) or not (word.isascii() and word.isdigit() and len(word) <= 5):
        raise ValueError(f"{one_line(value, 40)!r} is not a port")
    if not 0 < int(word) < 65536:
        raise ValueError(f"{word} is not a port; ports go from 1 to 65535")
    return int(word)
