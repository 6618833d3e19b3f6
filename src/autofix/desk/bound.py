"""What every part of the local desk has: one principal, the flow's ports, and the permission."""

from __future__ import annotations

from collections.abc import Callable

from autofix.core.roles import Permission, Principal, refusal
from autofix.errors import Denied
from autofix.flow.context import Context

#: Writes down that this principal was turned away: who, what he wanted, why not.
Record = Callable[[Principal, str, str], None]


def _nobody_records(_who: Principal, _what: str, _why: str) -> None:
    pass


class Bound:
    """Bound to one principal. `denied` is told of every refusal (`Denials.of_principal`)."""

    def __init__(self, ctx: Context, principal: Principal, denied: Record = _nobody_records):
        self.ctx = ctx
        self.principal = principal
        self._denied = denied

    def may(self, permission: Permission, what: str, runbook: str = "") -> None:
        """Denied, and on the record, unless the principal may. `what`: as `users.add`."""
        if why := refusal(self.principal, permission, runbook):
            self.deny(what, why)

    def deny(self, what: str, why: str) -> None:
        self._denied(self.principal, what, why)
        raise Denied(why)
