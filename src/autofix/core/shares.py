"""A percentage of some hosts: never less than one host."""

from __future__ import annotations


def share(percent: float, hosts: int) -> int:
    """So many of a hundred of these hosts, rounded down, and at least 1."""
    return max(1, int(hosts * percent / 100 + 1e-9))


def percentage(value: object) -> float:
    """`30%` → 30.0, above 0 and at most 100. ValueError with what would be right."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = 0.0
    if not text.endswith("%") or not 0 < number <= 100:
        raise ValueError(f"{value!r} is not a percentage: write for example 30%, at most 100%")
    return number
