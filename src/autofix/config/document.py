"""A YAML file as plain values, with the line of every key kept, and everything wrong said at once.

Only plain data: text, numbers, truth values, lists, mappings, and `!vault` texts. Numbers with a
leading zero, dates and times stay text, as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from autofix.config.files import read_text, shown_path
from autofix.core.inert import inert
from autofix.errors import Problem

MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_ANCHORS = 100
Keys = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Vaulted:
    """An Ansible Vault text that is still closed."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Place:
    file: str
    line: int


@dataclass(frozen=True)
class Document:
    """A file's value and where each key and item of it stands."""

    file: str
    value: Any
    places: Mapping[Keys, Place] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False, compare=False)

    def place(self, keys: Keys) -> Place:
        """Where this key stands, or the nearest key above it that the file has."""
        known: Keys = ()
        for key in keys:
            if (*known, key) in self.places:
                known = (*known, key)
        return self.places.get(known, Place(self.file, 1))

    def problem(self, keys: Keys, message: str, hint: str = "", *, level: str = "error") -> Problem:
        place = self.place(keys)
        return Problem(place.file, place.line, message, hint, level)


def read(path: Path) -> Document:
    """The mapping in a file; what is wrong with the file stands in its `problems`."""
    file = shown_path(path)
    text, problem = read_text(path)
    if problem:
        return Document(file, {}, problems=(problem,))
    return parse(text, file)


def parse(text: str, file: str) -> Document:
    """The mapping in this text. An empty text is an empty mapping."""
    builder = _Builder(file)
    try:
        value = builder.build(iter(yaml.parse(text, Loader=_LOADER)))
    except yaml.YAMLError as error:
        return Document(file, {}, problems=(*builder.problems, _broken(error, text, file)))
    except _Stop:
        return Document(file, {}, problems=tuple(builder.problems))
    if value is None:
        value = {}
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        builder.problems.append(
            Problem(file, 1, f"the file holds {what}", "write keys with values, such as name: x")
        )
        value = {}
    return Document(file, value, builder.places, tuple(builder.problems), text)


def scalar(text: str) -> Any:
    """What this word means in YAML: `5` is a number, `true` a truth value, all else text."""
    if _INTEGER.fullmatch(text) and len(text) <= 18:
        return int(text, 0)
    if _FLOAT.fullmatch(text) and len(text) <= 400:
        return float(text)
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in (text.lower(), text.capitalize(), text.upper()):
        return _TRUTH.get(text.lower(), text)
    return text


class _Stop(Exception):
    """The file can't be read further; why stands in the problems."""


@dataclass
class _Anchored:
    value: Any
    places: dict[Keys, Place]
    nodes: int


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Keys, Place] = {}
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Anchored | None] = {}
        self.nodes = 0

    def build(self, events: Iterator[Any]) -> Any:
        value, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(event, "a second document begins", "one file, one document")
                    raise _Stop
                value = self._node(next(events), events, ())
        return value

    def _problem(self, event: Any, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, event.start_mark.line + 1, message, hint))

    def _node(self, event: Any, events: Iterator[Any], keys: Keys) -> Any:
        self.nodes += 1
        if len(keys) > MAX_DEPTH or self.nodes > MAX_NODES:
            what = (
                f"deeper than {MAX_DEPTH}" if len(keys) > MAX_DEPTH else f"over {MAX_NODES} parts"
            )
            self._problem(event, f"the file is too large: {what}", "split it")
            raise _Stop
        self.places.setdefault(keys, Place(self.file, event.start_mark.line + 1))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, keys)
        anchor, before = event.anchor, self.nodes
        if anchor:
            if len(self.anchors) >= MAX_ANCHORS:
                self._problem(
                    event, f"the file has over {MAX_ANCHORS} anchors", "write less of them"
                )
                raise _Stop
            self.anchors[anchor] = None
        value = self._content(event, events, keys)
        if anchor:
            depth = len(keys)
            inside = {k[depth:]: p for k, p in self.places.items() if k[:depth] == keys}
            self.anchors[anchor] = _Anchored(value, inside, self.nodes - before + 1)
        return value

    def _content(self, event: Any, events: Iterator[Any], keys: Keys) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if event.tag not in (None, "!", f"{_STANDARD}map", f"{_STANDARD}seq"):
            self._tag(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, keys)
        return self._mapping(events, keys)

    def _alias(self, event: Any, keys: Keys) -> Any:
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            known = event.anchor in self.anchors
            what = "refers to itself" if known else "is not defined above"
            self._problem(event, f"the alias *{inert(event.anchor, 60)} {what}")
            raise _Stop
        self.nodes += anchored.nodes
        if len(keys) + max(map(len, anchored.places)) > MAX_DEPTH:
            self._problem(event, f"aliases nest the file deeper than {MAX_DEPTH}", "split it")
            raise _Stop
        if self.nodes > MAX_NODES:
            self._problem(event, f"aliases make over {MAX_NODES} parts of it", "write less of them")
            raise _Stop
        for inside, place in anchored.places.items():
            self.places.setdefault((*keys, *inside), place)
        return anchored.value

    def _list(self, events: Iterator[Any], keys: Keys) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, (*keys, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], keys: Keys) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, keys)
            line = event.start_mark.line + 1
            if key in lines:
                said = f"the key {inert(key, 60)!r} stands twice (first in line {lines[key]})"
                self._problem(event, said, "remove one")
                self._node(next(events), events, (*keys, key, len(self.problems)))
                continue
            lines[key] = line
            self.places[(*keys, key)] = Place(self.file, line)
            result[key] = self._node(next(events), events, (*keys, key))
        return result

    def _key(self, event: Any, events: Iterator[Any], keys: Keys) -> str:
        if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            self._problem(event, "merge keys (<<) are not known here", "write the keys out")
            return "<<"
        value = self._node(event, events, (*keys, "?")) if not _plain_text(event) else event.value
        self.places.pop((*keys, "?"), None)
        if not isinstance(value, str):
            said = inert(str(event.value), 60) if isinstance(event, yaml.ScalarEvent) else "a list"
            self._problem(event, f"the key {said} is not text", "put it in quotes")
            return str(value)
        return value

    def _scalar(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag == "!vault":
            return Vaulted(text)
        if tag in ("!", f"{_STANDARD}str"):
            return text
        if tag is not None:
            self._tag(event)
            return text
        if not event.implicit[0]:
            return text  # in quotes, or a block
        if _NO_NUMBER.fullmatch(text):
            self._problem(event, f"{text} is no number to work with", "write a finite number")
            return None
        if _INTEGER.fullmatch(text) and len(text) > 18:
            self._problem(
                event, "a number has more than 18 digits", "put it in quotes if it is text"
            )
            return 0
        return scalar(text)

    def _tag(self, event: Any) -> None:
        tag = inert(str(event.tag).replace(_STANDARD, "!!"), 60)
        self._problem(event, f"the tag {tag} is not known", "remove it; only !vault has a meaning")


def _plain_text(event: Any) -> bool:
    """A key that is text as it stands, which nearly all are."""
    return (
        isinstance(event, yaml.ScalarEvent)
        and not event.anchor
        and event.tag is None
        and (not event.implicit[0] or isinstance(scalar(event.value), str))
    )


def _broken(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if here.startswith("\t") or "\t" in here[: len(here) - len(here.lstrip())]:
        return Problem(file, line, "a tab can't indent YAML", "use spaces")
    hint = ""
    if "mapping values are not allowed" in said:
        hint = "put a text that holds `: ` in quotes"
    elif "cannot start any token" in said or "expected <block end>" in said:
        hint = "look at the indentation, and put texts with special characters in quotes"
    return Problem(file, line, f"not YAML: {inert(str(said), 160)}", hint)
