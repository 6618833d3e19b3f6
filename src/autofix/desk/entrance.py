"""Everything that stands at the entrance of a server, made together so that it shares its parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from autofix.desk.denials import Denials
from autofix.desk.doorman import Doorman
from autofix.desk.logins import Logins
from autofix.desk.own import Own
from autofix.desk.passwords import Passwords
from autofix.desk.rules import InForce
from autofix.desk.setup import Setup
from autofix.desk.vouched import Vouched
from autofix.ports import Clock, Sealer, Store


@dataclass(frozen=True)
class Entrance:
    """`denials.tell` and `logins.tend` are chores of the server, a minute apart."""

    denials: Denials
    doorman: Doorman
    logins: Logins
    own: Own
    setup: Setup
    vouched: Vouched
    passwords: Passwords


def entrance(
    store: Store,
    clock: Clock,
    rules: InForce,
    sealer: Sealer,
    *,
    denials: Denials | None = None,
    passwords: Passwords | None = None,
    uids: Collection[int] = (),
) -> Entrance:
    """`rules`: the settings' block `web` in force now."""
    told, checked = denials or Denials(store, clock), passwords or Passwords()
    logins = Logins(store, clock, rules, told, checked, sealer)
    return Entrance(
        told,
        Doorman(store, clock, rules, told, uids),
        logins,
        Own(store, clock, rules, told, checked, sealer, logins),
        Setup(store, clock, told, checked),
        Vouched(store, clock, told, logins),
        checked,
    )
