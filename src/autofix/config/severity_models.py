"""The settings' `severities:` block: a preset, and what is different from it here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from autofix.config.document import Document, Keys
from autofix.config.fields import Block, OneLine
from autofix.core import durations
from autofix.core.calendars import ALWAYS, Calendar
from autofix.core.inert import inert
from autofix.core.presets import CLASSES, PRESETS
from autofix.core.severities import (
    SEVERITIES,
    Kind,
    Severities,
    Term,
    Terms,
    WorkingDays,
    shown,
)
from autofix.core.shares import percentage
from autofix.errors import Problem
from autofix.options import suggest

#: No deadline lies further away than this, in seconds and in working days.
LONGEST, MOST_DAYS = 366 * 86400.0, 366
_DAYS = re.compile(r"([1-9][0-9]{0,2}) working days?")


def term(value: Any) -> Term | None:
    """`30m`, `1 working day`, `same day`; `none` takes a deadline away."""
    if value is None or isinstance(value, WorkingDays):
        return value
    text = " ".join(value.lower().split()) if isinstance(value, str) else value
    if text == "none":
        return None
    if text == "same day":
        return WorkingDays(0)
    if isinstance(text, str) and (found := _DAYS.fullmatch(text)):
        if int(found[1]) > MOST_DAYS:
            raise ValueError(f"{value!r} is too far away: at most {MOST_DAYS} working days")
        return WorkingDays(int(found[1]))
    return _seconds(value)


def _seconds(value: Any) -> float:
    try:
        seconds = durations.parse(value)
    except (ValueError, TypeError, AttributeError):
        raise ValueError(
            f"{value!r} is no time: write for example 15m, 24h, 1 working day, same day or none"
        ) from None
    if not 60 <= seconds <= LONGEST:
        raise ValueError(f"{value!r} must lie between 1m and 366d")
    return seconds


def _near(value: Any) -> float:
    share = percentage(value) / 100
    if share < 0.1:
        raise ValueError(f"{value!r} is too early: write 10% to 100%")
    return share


_WRITTEN: Any = str | int | float | None
TermField = Annotated[Any, BeforeValidator(term, json_schema_input_type=_WRITTEN)]
NearField = Annotated[float, BeforeValidator(_near, json_schema_input_type=str)]


class SeverityBlock(Block):
    """One severity; what is left out stays as the preset has it."""

    answer: TermField = None
    triage: TermField = None
    workaround: TermField = None
    solution: TermField = None
    calendar: OneLine = ALWAYS.name
    near: NearField = 0.8


class SeverityClassBlock(Block):
    """The severities of incidents of one special class."""

    p0: SeverityBlock = Field(default=SeverityBlock(), alias="P0")
    p1: SeverityBlock = Field(default=SeverityBlock(), alias="P1")
    p2: SeverityBlock = Field(default=SeverityBlock(), alias="P2")
    p3: SeverityBlock = Field(default=SeverityBlock(), alias="P3")

    def levels(self) -> dict[str, SeverityBlock]:
        """Those that are written in the file."""
        names = (name for name in SEVERITIES if name.lower() in self.model_fields_set)
        return {name: getattr(self, name.lower()) for name in names}


class SeveritiesBlock(SeverityClassBlock):
    preset: OneLine = "escort"
    vulnerability: SeverityClassBlock = SeverityClassBlock()
    on_site: SeverityClassBlock = Field(default=SeverityClassBlock(), alias="on-site")

    def classes(self) -> dict[str, SeverityClassBlock]:
        return dict(zip(CLASSES, (self.vulnerability, self.on_site), strict=True))


def build(block: SeveritiesBlock) -> Severities:
    """The preset with this file's own terms over it."""
    preset = PRESETS.get(block.preset, PRESETS["escort"])
    classes = {
        name: _over(preset.classes.get(name, {}), own.levels())
        for name, own in block.classes().items()
    }
    return Severities(_over(preset.levels, block.levels()), classes, preset.preset)


def _over(preset: Mapping[str, Terms], own: Mapping[str, SeverityBlock]) -> dict[str, Terms]:
    merged = dict(preset)
    for name, block in own.items():
        written = {key: getattr(block, key) for key in block.model_fields_set}
        merged[name] = Terms(**{**vars(preset.get(name, Terms())), **written})
    return merged


def problems(
    document: Document,
    block: SeveritiesBlock,
    severities: Severities,
    calendars: Mapping[str, Calendar],
) -> Iterator[Problem]:
    """What is wrong between the severities, the presets and the calendars."""
    if block.preset not in PRESETS:
        message = f"there is no preset {inert(block.preset, 60)!r}"
        hint = suggest(block.preset, list(PRESETS))
        yield document.problem(("severities", "preset"), message, hint)
    for level, terms in severities.levels.items():
        yield from _level(document, ("severities", level), terms, calendars)
    for special, levels in severities.classes.items():
        for level, terms in levels.items():
            yield from _level(document, ("severities", special, level), terms, calendars)


def _level(
    document: Document, keys: Keys, terms: Terms, calendars: Mapping[str, Calendar]
) -> Iterator[Problem]:
    calendar = calendars.get(terms.calendar)
    if calendar is None and terms.calendar in document.value.get("calendars", {}):
        return  # it is there, and wrong: said at its own place
    if calendar is None:
        message = f"{keys[-1]}: there is no calendar {inert(terms.calendar, 60)!r}"
        hint = suggest(terms.calendar, list(calendars))
        yield document.problem((*keys, "calendar"), message, hint)
        return
    given = [(kind, found) for kind in Kind if (found := terms.of(kind)) is not None]
    for (first, sooner), (second, later) in pairwise(given):
        if _length(later, calendar) < _length(sooner, calendar):
            message = (
                f"{keys[-1]}: {second} ({shown(later)}) is due before {first} ({shown(sooner)})"
            )
            hint = f"give {second} at least as long as {first}"
            yield document.problem((*keys, str(second)), message, hint)


def _length(length: Term, calendar: Calendar) -> float:
    """Seconds of working time; the same day is as long as a working day at most."""
    if isinstance(length, WorkingDays):
        return max(length.count, 1) * calendar.working_day
    return length


__all__ = ["SeveritiesBlock", "build", "problems", "term"]
