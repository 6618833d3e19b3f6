"""What a desk stands on: everything it can't make itself, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from autofix.desk.bound import Record
from autofix.desk.checker import Checker, Progress
from autofix.desk.passwords import Passwords
from autofix.errors import StoreError
from autofix.flow.context import Context
from autofix.ports import Probe, Vault


class Contexts(Protocol):
    """The flow's ports with as many files as are asked for. A server has all of them loaded; a
    command reads them only when it needs them. ConfigError says what is wrong in them."""

    def bare(self) -> Context:
        """The ports; the book may be empty."""

    def good(self) -> Context:
        """With every runbook that has no errors."""

    def whole(self) -> Context:
        """With all files, none of them wrong."""

    def of(self, runbook: str) -> Context:
        """With this one, whatever is wrong in the others. NotFound when there is none."""

    def names(self) -> Sequence[str]:
        """The runbooks that exist, broken ones too."""


def _nothing() -> Mapping[str, Any]:
    return {}


def _no_vault() -> Vault:
    raise StoreError("no secrets are kept here")


@dataclass(frozen=True)
class Place:
    """`machine`: what is known of this machine only (`tick`, `sentinel`). `verify` gives the report
    of the record's verification as JSON values and tells how many entries of how many are checked,
    `checker` does so beside everything else; `export` gives its lines in a format. `denied`
    writes down that somebody was refused."""

    contexts: Contexts
    denied: Record
    probes: Callable[[], Mapping[str, Probe]]
    verify: Callable[[Progress], Mapping[str, Any]]
    export: Callable[[str], Iterator[str]]
    faults: Callable[[], Sequence[str]] = tuple  # what is wrong in the settings, a line each
    machine: Callable[[], Mapping[str, Any]] = _nothing
    settings: Callable[[], Mapping[str, Any]] = _nothing  # values, files and hooks to show
    witnesses: Callable[[], Sequence[str]] = tuple
    passwords: Passwords = field(default_factory=Passwords)
    vault: Callable[[], Vault] = _no_vault
    checker: Checker = field(default_factory=Checker)
