"""How runbooks did lately, and the files they came from."""

from __future__ import annotations

from pathlib import Path

from autofix.core.histories import SPAN, History, histories, history
from autofix.core.roles import Permission
from autofix.core.runbooks import Runbook
from autofix.core.sources import LARGEST, RunbookSource, Stands, masked
from autofix.desk.base import Room


class Histories(Room):
    def histories(self) -> list[History]:
        self.may(Permission.READ, "histories")
        ctx = self.place.contexts.good()
        since = ctx.clock.now() - SPAN
        with ctx.store.reading() as reads:
            parts = reads.counted(since)
        return histories(sorted(self.place.contexts.names()), since, parts)

    def history(self, name: str) -> History:
        self.may(Permission.READ, "history")
        self._known_runbook(name)
        since = self.ctx.clock.now() - SPAN
        with self.ctx.store.reading() as reads:
            return history(name, since, reads.counted(since, name))

    def runbook_source(self, name: str) -> RunbookSource:
        self.may(Permission.READ, "runbook source")
        self._known_runbook(name)
        runbook = self.place.contexts.of(name).book.runbooks[name]
        text, stands = masked(runbook.source), _stands(runbook)
        cut = len(text) > LARGEST
        return RunbookSource(name, _shown(runbook.file), text[:LARGEST], stands, cut)


def _shown(file: str) -> str:
    """Its name within the project, not where the project lies."""
    path = Path(file)
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _stands(runbook: Runbook) -> Stands:
    try:
        raw = Path(runbook.file).read_bytes()
    except FileNotFoundError:
        return Stands.VANISHED
    except OSError:
        return Stands.UNREADABLE
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Stands.CHANGED
    return Stands.SAME if text == runbook.source else Stands.CHANGED
