"""A front door for tests: a store in memory, a clock whose hands move, cheap passwords."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from autofix.config.web_models import WebBlock
from autofix.core.accounts import Kept, Token, User
from autofix.core.audit import AuditEntry, AuditEvent
from autofix.core.roles import Principal, Role, at_the_terminal
from autofix.core.runbooks import Runbook, Step
from autofix.desk.entrance import Entrance, entrance
from autofix.desk.local import LocalDesk
from autofix.desk.passwords import Passwords
from autofix.desk.place import Place
from autofix.flow.context import Book, Context
from autofix.ports import Store
from autofix.testing.clock import FakeClock
from autofix.testing.inventory import FakeInventory
from autofix.testing.memory import MemoryStore

PASSWORD = "correct horse battery"
ROOT = at_the_terminal("keeper")


class PlainSealer:
    """Seals nothing, and says so to nobody: for tests that are not about sealing."""

    def seal(self, name: str, value: str, *, at: float, by: str) -> Kept:
        return Kept(name, "test", base64.b64encode(value.encode()).decode(), at, by)

    def open(self, kept: Kept) -> str:
        return base64.b64decode(kept.sealed).decode()


def cheap() -> Passwords:
    return Passwords(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Files:
    """`desk.place.Contexts` of one context."""

    context: Context

    def bare(self) -> Context:
        return self.context

    good = whole = bare

    def of(self, runbook: str) -> Context:
        return self.context

    def names(self) -> list[str]:
        return sorted(self.context.book.runbooks)


@dataclass
class Door:
    """`web`: the settings' block in force."""

    store: Store = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    runbooks: Collection[str] = ("redis-memory-high", "restart-nginx")
    sources: Collection[str] = ("prom", "zabbix")
    web: WebBlock = field(default_factory=WebBlock)
    sealer: Any = field(default_factory=PlainSealer)
    uids: Collection[int] = ()

    def __post_init__(self) -> None:
        passwords = cheap()
        self.entrance: Entrance = entrance(
            self.store,
            self.clock,
            lambda: self.web,
            self.sealer,
            passwords=passwords,
            uids=self.uids,
        )
        runbooks = {name: Runbook(name, name, (Step("x.yml"),), None) for name in self.runbooks}
        book = Book(runbooks, FakeInventory({}), sources=_named(self.sources))
        self.context = Context(self.store, self.clock, None, None, book, "test")  # type: ignore[arg-type]
        self.place = Place(
            Files(self.context),
            denied=self.entrance.denials.of_principal,
            probes=dict,
            verify=lambda _: {},
            export=lambda form: iter(()),
            passwords=passwords,
        )

    def set(self, **web: Any) -> None:
        """These settings of the block `web` from now on."""
        self.web = WebBlock(**{**self.web.model_dump(exclude_unset=True), **web})

    def desk(self, principal: Principal = ROOT) -> LocalDesk:
        return LocalDesk(self.place, principal)

    def user(self, name: str, *roles: Role, **more: Any) -> User:
        given = {"password": PASSWORD, **more}
        return self.desk().add_user(name, roles or (Role.VIEWER,), **given)

    def token(self, owner: str, *roles: Role, lasts: float = 3600.0, **more: Any) -> str:
        name = more.pop("name", f"t{len(self.tokens())}")
        return self.desk().add_token(name, lasts=lasts, owner=owner, roles=roles, **more)[1]

    def tokens(self) -> list[Token]:
        return self.desk().tokens(everybody=True)

    def login(self, name: str, password: str = PASSWORD, code: str = "", **more: Any) -> Any:
        given = {"address": "192.0.2.7", **more}
        return self.entrance.logins.login(name, password, code, **given)

    def record(self, action: str = "") -> list[AuditEvent]:
        with self.store.reading() as reads:
            found: Iterable[AuditEntry] = reads.audit(limit=10_000)
        return [each.event for each in found if not action or each.event.action == action]

    def denials(self) -> list[Mapping[str, Any]]:
        self.entrance.denials.tell_all()
        return [each.payload for each in self.record("access.denied")]


def _named(sources: Iterable[str]) -> dict[str, Any]:
    return dict.fromkeys(sources, SimpleNamespace(type="generic"))
