"""What Ansible says is wrong, turned into problems with file and line.

Ansible 2.19 writes `Origin: FILE:LINE:COLUMN` under a message, 2.18 `The error appears to be in
'FILE': line N, column M`; both are understood.
"""

from __future__ import annotations

import re

from autofix.core.inert import inert
from autofix.errors import Problem

_ORIGIN = re.compile(r"^Origin: (?P<file>/[^\n]*?):(?P<line>\d+)(?::\d+)?$", re.M)
_APPEARS = re.compile(r"The error appears to be in '(?P<file>[^']+)':\s+line\s+(?P<line>\d+)")
#: Where one complaint ends and the next begins.
_HEAD = re.compile(
    r"^(?:\[(?:ERROR|WARNING)\]:|ERROR!|fatal:)\s*(?:\* Failed to parse \S+ with \w+ plugin:\s*)?",
    re.M,
)
_NOISE = re.compile(
    r"^(?:Failed to parse inventory with '\w+' plugin[.:]\s*"
    r"|We were unable to read either as JSON nor YAML, these are the errors we got from each:\s*"
    r"|JSON: .*?Syntax Error while loading YAML\.\s*"
    r"|YAML parsing failed:\s*|Failed to parse inventory:\s*)+",
    re.S,
)


def complaints(text: str, *, file: str) -> list[Problem]:
    """Each different complaint in the output of a child; `file` where none is named.

    Those that name a line come first, and the rest are left out where one does: Ansible tries
    each of its readers on a broken file, and only the right one knows the line.
    """
    starts = list(_HEAD.finditer(text))
    ends = [found.start() for found in starts[1:]] + [len(text)]
    parts = [text[a.end() : b] for a, b in zip(starts, ends, strict=False)] or [text]
    found = [_problem(part, file) for part in parts if part.strip()]
    placed = [problem for problem in found if problem.line]
    places = {(problem.file, problem.line): problem for problem in reversed(placed or found)}
    return list(reversed(places.values()))


def _problem(part: str, file: str) -> Problem:
    place = _ORIGIN.search(part) or _APPEARS.search(part)
    message = _message(part[: place.start()] if place else part)
    if place:
        return Problem(place["file"], int(place["line"]), message)
    return Problem(file, 0, message)


def _message(text: str) -> str:
    """The first paragraph that says something, on one line."""
    text = _NOISE.sub("", text.strip())
    paragraph = text.split("\n\n", 1)[0].split("\nOrigin:", 1)[0].split("<<< caused by", 1)[0]
    line = " ".join(paragraph.split()).rstrip(".")
    return inert(line, 300) or "Ansible could not read it"
