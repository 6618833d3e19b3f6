"""Every error autofix raises on purpose, as one tree.

::

    AutofixError                 exit code, hint: what to do next
    ├── UsageError          2    the command line was wrong
    │   └── NotFound        2    there is none of this name or number
    ├── ConfigError         2    settings, runbooks, inventory: all problems at once
    ├── ExpressionError     2    an expression can't be parsed (mapped to a problem by config)
    ├── Interrupted       130    a person broke it off
    ├── HeldError           3    refused or held by a guard, or waiting for approval
    ├── Denied              3    whoever asks may not
    ├── ProbeError          1    a probe could not look (options wrong, not: target down)
    ├── RunnerError         1    a run could not even be started
    ├── ChannelError        1    a channel did not take a page
    ├── ListenError         4    where the web listens is taken, or can't be used
    ├── AuditError          1    the sealed record does not verify
    └── StoreError          4    the store can't be reached or written
        ├── Conflict        4    somebody else moved the row first (compare-and-set lost)
        ├── Duplicate       4    a unique key is already taken
        ├── ServerBusy      4    another server holds this store
        └── Deposed         4    we led this store, and another leads it now

Foreign exceptions are mapped to these at the border of the room that owns the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AutofixError(Exception):
    """Base of all; `exit_code` is what the command line ends with, `hint` the next step."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AutofixError):
    exit_code = 2


class NotFound(UsageError):
    pass


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file of the user's: where, what, and what would be right."""

    file: str
    line: int
    message: str
    hint: str = ""
    level: str = "error"  # or "warning": said, but nothing is refused for it

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(AutofixError):
    """Settings, runbooks or inventory are wrong; `problems` lists everything at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ExpressionError(AutofixError):
    exit_code = 2


class Interrupted(AutofixError):
    exit_code = 130


class HeldError(AutofixError):
    exit_code = 3


class Denied(AutofixError):
    exit_code = 3


class ProbeError(AutofixError):
    exit_code = 1


class RunnerError(AutofixError):
    exit_code = 1


class ChannelError(AutofixError):
    exit_code = 1


class ListenError(AutofixError):
    exit_code = 4


class AuditError(AutofixError):
    exit_code = 1


class StoreError(AutofixError):
    exit_code = 4


class Conflict(StoreError):
    pass


class Duplicate(StoreError):
    pass


class ServerBusy(StoreError):
    pass


class Deposed(StoreError):
    pass
