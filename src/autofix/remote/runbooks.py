"""How runbooks did lately and what a run would be, asked of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autofix.core.histories import History
from autofix.core.previews import Preview
from autofix.core.sources import RunbookSource
from autofix.remote.looks import SLOW, Room


class Runbooks(Room):
    def histories(self) -> list[History]:
        return self._all(History, "histories")

    def history(self, name: str) -> History:
        return self.client.get(History, "runbooks", name, "history")

    def runbook_source(self, name: str) -> RunbookSource:
        return self.client.get(RunbookSource, "runbooks", name, "source")

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
        body = {
            "hosts": list(hosts),
            "subject": subject,
            "inputs": dict(inputs or {}),
            "check": check,
            "from_text": from_text,
        }
        return self.client.act(
            Preview, "POST", "runbooks", runbook, "preview", body=body, timeout=SLOW
        )
