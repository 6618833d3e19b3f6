"""Who sits at this machine: names and groups by the system's own tables."""

from __future__ import annotations

import grp
import os
import pwd
import re
from contextlib import suppress

from autofix.core.identities import login
from autofix.core.inert import inert
from autofix.core.roles import Principal, at_the_terminal

#: A login name, or one behind root: `ann`, `EXAMPLE\\ann (sudo)`; `uid 1000` has no name here.
_SAID = re.compile(r"(uid [0-9]{1,10}|[^\s(){}<>'\"]{1,80})( \(sudo\))?")


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def groups_of(name: str) -> tuple[str, ...]:
    """The system's groups of this person; none for who is not known here."""
    try:
        numbers = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    except (KeyError, OSError):
        return ()
    found = []
    for number in numbers:
        with suppress(KeyError):
            found.append(grp.getgrgid(number).gr_name)
    return tuple(found)


def well_said(said: str) -> bool:
    return _SAID.fullmatch(said) is not None and inert(said, 120) == said


def person(uid: int, said: str = "") -> Principal:
    """Who owns the files may do everything; `said` names the person behind him."""
    name = said or name_of(uid)
    return at_the_terminal(name, groups_of(login(name)))
