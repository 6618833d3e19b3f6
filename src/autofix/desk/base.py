"""What every room of the desk begins with, and whether what is named is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from autofix.core.inert import inert
from autofix.core.roles import Principal
from autofix.desk.bound import Bound
from autofix.desk.place import Place
from autofix.errors import Conflict, NotFound
from autofix.options import hosts_of, suggest
from autofix.ports import Inventory

#: How often an act is tried when others move the same row meanwhile.
TRIES = 5
Value = TypeVar("Value")


class Room(Bound):
    """A room of the local desk that needs more than the store: see `Place`."""

    def __init__(self, place: Place, principal: Principal) -> None:
        super().__init__(place.contexts.bare(), principal, place.denied)
        self.place = place

    @property
    def actor(self) -> str:
        return self.principal.actor

    def _runbook_of(self, incident: int) -> str:
        """NotFound when there is no such incident."""
        with self.ctx.store.reading() as reads:
            found = reads.incident(incident)
        if found is None:
            raise NotFound(f"there is no incident {incident}", hint="see `autofix incidents list`")
        return found.runbook

    def _known_runbook(self, name: str) -> None:
        known = sorted(self.place.contexts.names())
        if name not in known:
            raise NotFound(f"there is no runbook {inert(name, 80)!r}", hint=meant(name, known))


def meant(name: str, known: Iterable[str]) -> str:
    """What may have been meant, in words."""
    return suggest(name, sorted(known)) or "names are compared exactly"


def known_host(inventory: Inventory, name: str) -> str:
    """This host, or NotFound with what may be meant. A group is no host."""
    if inventory.known(name) and inventory.hosts(name) == [name]:
        return name
    group = inventory.known(name)
    said = "a group, not a host" if group else "not a host of the inventory"
    hint = hosts_of(inventory.hosts(name)) if group else meant(name, inventory.hosts("all"))
    raise NotFound(f"{inert(name, 120)!r} is {said}", hint=hint)


def known_group(inventory: Inventory, name: str) -> str:
    """This group, or NotFound. A host is no group."""
    if not inventory.known(name):
        raise NotFound(
            f"{inert(name, 120)!r} is not a group of the inventory",
            hint="names are compared exactly",
        )
    if inventory.hosts(name) == [name]:
        raise NotFound(f"{inert(name, 120)!r} is a host, not a group", hint="name it as the host")
    return name


def settled(act: Callable[[], Value]) -> Value:
    """Do it; when somebody else moved the row first, look again: what then stands decides."""
    for left in reversed(range(TRIES)):
        try:
            return act()
        except Conflict:
            if not left:
                raise
    raise AssertionError("an act has one try at least")
