"""Hosts as autofix sees them now, and the settings in force. A room of the local desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autofix.core.fleet import Fleet, FleetHost, HostStory, worst
from autofix.core.incidents import LIVE, Incident
from autofix.core.inforce import SettingsInForce
from autofix.core.pauses import Pause, merged
from autofix.core.roles import Permission
from autofix.core.runbooks import AlertTrigger, Runbook
from autofix.core.runs import Run, RunState
from autofix.core.silences import Silence
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.core.triggers import Watch
from autofix.desk.base import Room, known_group, known_host
from autofix.desk.status import rejected
from autofix.flow.context import Book
from autofix.ports import Reads

#: How many open incidents are looked at, and how many of a host's are told.
OPEN, LAST = 10_000, 20
LOADED = ("settings.loaded", "server.started")


class Places(Room):
    def fleet(
        self,
        *,
        name: str = "",
        group: str = "",
        open_only: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Fleet:
        self.may(Permission.READ, "fleet")
        ctx = self.place.contexts.good()
        inventory = ctx.book.inventory
        if group:
            known_group(inventory, group)
        with ctx.store.reading() as reads:
            seen = _seen(reads, ctx.switch.pauses(), ctx.clock.now())
            wanted = sorted(
                each
                for each in inventory.hosts(group or "all")
                if name.casefold() in each.casefold() and (not open_only or each in seen.open)
            )
            portion = [each for each in wanted if each > after][: limit + 1]
            hosts = tuple(_host(ctx.book, reads, seen, each) for each in portion[:limit])
        following = portion[limit - 1] if len(portion) > limit else ""
        return Fleet(hosts, following, len(wanted), _groups(ctx.book))

    def host(self, name: str) -> HostStory:
        self.may(Permission.READ, "host")
        ctx = self.place.contexts.good()
        book = ctx.book
        known_host(book.inventory, name)
        with ctx.store.reading() as reads:
            seen = _seen(reads, ctx.switch.pauses(), ctx.clock.now())
            return HostStory(
                _host(book, reads, seen, name),
                book.inventory.target(name).address,
                tuple(sorted(each.name for each in _meant_for(book, name))),
                tuple(reads.watches(host=name)),
                tuple(reads.incidents(host=name, limit=LAST)),
                tuple(reads.runs(host=name, limit=LAST)),
                tuple(seen.silences_of(name, book.groups_of(name))),
                tuple(each for each in seen.pauses if each.host in ("", name)),
            )

    def settings(self) -> SettingsInForce:
        self.may(Permission.READ, "settings")
        shown = self.place.settings()
        with self.ctx.store.reading() as reads:
            loaded = [
                entry.event.at
                for action in LOADED
                for entry in reads.audit(action=action, newest_first=True, limit=1)
            ]
            noted = reads.mark("doctor")
            return SettingsInForce(
                shown.get("values", {}),
                shown.get("files", {}),
                shown.get("hooks", {}),
                tuple(self.place.faults()),
                max(loaded, default=None),
                rejected(reads),
                {"at": noted.at, **noted.data} if noted else None,
            )


@dataclass(frozen=True)
class _Seen:
    """What is asked once for all hosts."""

    open: Mapping[str, Sequence[Incident]]
    running: Mapping[str, int]
    silences: Sequence[Silence]
    pauses: Sequence[Pause]

    def silences_of(self, host: str, groups: Iterable[str]) -> list[Silence]:
        """Those that cover all of it; of one runbook, or by a label, covers less."""
        return [
            each
            for each in self.silences
            if (not each.host or each.host == host) and (not each.group or each.group in groups)
        ]


def _seen(reads: Reads, files: Sequence[Pause], now: float) -> _Seen:
    found: dict[str, list[Incident]] = {}
    for each in reads.incidents(states=LIVE, limit=OPEN):
        found.setdefault(each.host, []).append(each)
    at_work = reads.runs(states=[RunState.CLAIMED, RunState.STARTED], limit=OPEN)
    return _Seen(
        found,
        {each.host: each.id for each in at_work},
        reads.silences(active_at=now),
        merged(files, reads.pauses()),
    )


def _host(book: Book, reads: Reads, seen: _Seen, name: str) -> FleetHost:
    watches: list[Watch] = reads.watches(host=name)
    worse, incidents, groups = worst(watches), seen.open.get(name, ()), book.groups_of(name)
    whole = [each for each in seen.silences_of(name, groups) if not (each.runbook or each.labels)]
    held = [each for each in seen.pauses if not each.runbook and each.host in ("", name)]
    last: list[Run] = reads.runs(host=name, limit=1)
    return FleetHost(
        name,
        tuple(sorted(groups)),
        str(worse.verdict) if worse else "",
        worse.why if worse else "",
        max((each.at for each in watches), default=None),
        len(incidents),
        min((each.severity for each in incidents), default=""),
        seen.running.get(name),
        whole[0].reason if whole else "",
        held[0].words if held else "",
        (last[0].started_at or last[0].planned_at) if last else None,
    )


def _groups(book: Book) -> tuple[str, ...]:
    """Those that have a host; `all` is no choice."""
    found = {group for host in book.inventory.hosts("all") for group in book.groups_of(host)}
    return tuple(sorted(found - {"all"}))


def _meant_for(book: Book, host: str) -> list[Runbook]:
    return [
        each
        for each in book.runbooks.values()
        if each.name != SYNTHETIC
        and (
            not each.triggers
            or any(
                isinstance(trigger, AlertTrigger) or host in book.inventory.hosts(trigger.hosts)
                for trigger in each.triggers
            )
        )
    ]
