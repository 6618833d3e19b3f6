"""A pause: nothing new starts, for everything, one runbook or one host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """Empty `runbook` and `host` means everything."""

    at: float
    by: str
    reason: str = ""
    runbook: str = ""
    host: str = ""

    @property
    def scope(self) -> str:
        if self.runbook and self.host:
            return f"{self.runbook} on {self.host}"
        return self.runbook or self.host or "everything"

    def covers(self, runbook: str, host: str) -> bool:
        return self.runbook in ("", runbook) and self.host in ("", host)
