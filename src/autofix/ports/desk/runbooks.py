"""How runbooks did lately, the files they came from, and what a run of one would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from autofix.core.histories import History
from autofix.core.previews import Preview
from autofix.core.sources import RunbookSource


class RunbooksDesk(Protocol):
    def histories(self) -> list[History]:
        """Of every runbook, by name: how it did in the last 30 days."""

    def history(self, name: str) -> History: ...
    def runbook_source(self, name: str) -> RunbookSource:
        """The text of its file as it is in force, and what became of the file since."""

    def preview(
        self,
        runbook: str,
        hosts: Sequence[str],
        *,
        subject: str = "",
        inputs: Mapping[str, Any] | None = None,
        check: bool = False,
        from_text: bool = False,
    ) -> Preview:
        """What `start` would do, by what was seen last. Nothing is looked at, nothing written; what
        would not be taken is told in `faults`. For who may run it."""
