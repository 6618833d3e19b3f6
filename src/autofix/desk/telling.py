"""What the record says of one page."""

from __future__ import annotations

from autofix.core.audit import AuditEntry
from autofix.core.pages import Page
from autofix.ports import Reads


def attempts_of(reads: Reads, page: Page) -> list[AuditEntry]:
    """Each try to send it."""
    found = [
        entry
        for verb in ("written", "failed", "sent", "dropped")
        for entry in reads.audit(
            action=f"page.{verb}", incident=page.incident, newest_first=True, limit=10_000
        )
    ]
    return [entry for entry in found if entry.event.payload.get("page") == page.id]
