"""A local desk in the small world of the flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autofix.core.accounts import Kept
from autofix.core.audit import AuditEvent
from autofix.core.roles import Principal, Role
from autofix.desk.denials import Denials
from autofix.desk.local import LocalDesk
from autofix.desk.place import Place
from autofix.errors import NotFound
from autofix.flow.context import Context
from autofix.ports import Store
from unit.flow.world import World


class InForce:
    """`Contexts` with everything loaded, as in a server."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def bare(self) -> Context:
        return self._ctx

    def good(self) -> Context:
        return self._ctx

    def whole(self) -> Context:
        return self._ctx

    def of(self, runbook: str) -> Context:
        if runbook not in self._ctx.book.runbooks:
            raise NotFound(f"there is no runbook {runbook!r}")
        return self._ctx

    def names(self) -> Sequence[str]:
        return sorted(self._ctx.book.runbooks)


class Box:
    """A vault that hides nothing."""

    def seal(self, name: str, value: str, *, at: float, by: str) -> Kept:
        return Kept(name, "k1", value, at, by)

    def open(self, kept: Kept) -> str:
        return kept.sealed

    def rotate(
        self, store: Store, event: Callable[[Mapping[str, Any]], AuditEvent]
    ) -> Mapping[str, Any]:
        done = {"old": "k1", "new": "k2", "secrets": 0}
        with store.transaction() as tx:
            tx.record(event(done))
        return done


REPORT: Mapping[str, Any] = {
    "size": 0, "head": "", "breaks": [], "notes": [], "checkpoints": 0, "sealed": 0,
    "unsealed": 0, "holds": True,
}  # fmt: skip


def place(world: World) -> Place:
    return Place(
        InForce(world.ctx),
        denied=Denials(world.store, world.clock).of_principal,
        probes=dict,
        verify=lambda _: REPORT,
        export=lambda form: iter([form]),
        vault=Box,
    )


def person(name: str = "ann", *roles: Role, runbooks: Sequence[str] | None = None) -> Principal:
    narrowed = None if runbooks is None else frozenset(runbooks)
    return Principal(name, frozenset(roles or (Role.ADMIN,)), narrowed, via="console")


def desk(world: World, who: Principal | None = None) -> LocalDesk:
    return LocalDesk(place(world), who or person())
