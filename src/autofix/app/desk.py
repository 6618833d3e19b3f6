"""The local desk, made from a site: for a command, and for a server that has its files loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autofix.app import wiring
from autofix.app.sentinel import files, lock
from autofix.app.shown import shown_settings
from autofix.app.site import Site
from autofix.app.witnessing import witness_names
from autofix.core.plain import plain
from autofix.core.roles import Principal
from autofix.core.synthetic import NAME
from autofix.desk.checker import Progress
from autofix.desk.denials import Denials
from autofix.desk.local import LocalDesk
from autofix.desk.place import Contexts, Place
from autofix.errors import NotFound
from autofix.flow.context import Context


class OfFiles:
    """`Contexts` of a command: a file is read when something asks for it."""

    def __init__(self, site: Site, owner: str) -> None:
        self._site, self._owner = site, owner

    def bare(self) -> Context:
        return self._site.context(self._owner)

    def good(self) -> Context:
        return self._site.context_of_good(self._owner)

    def whole(self) -> Context:
        return self._site.context(self._owner, full=True)

    def of(self, runbook: str) -> Context:
        return self._site.context_for(self._owner, self._site.runbook(runbook))

    def names(self) -> Sequence[str]:
        return sorted({each.name for each in self._site.project().files})


class OfServer:
    """`Contexts` of a server: the files that are in force."""

    def __init__(self, context: Callable[[], Context]) -> None:
        self.bare = self.good = self.whole = context

    def of(self, runbook: str) -> Context:
        ctx = self.bare()
        if runbook not in ctx.book.runbooks:  # it went away a moment ago
            raise NotFound(f"there is no runbook {runbook!r}", hint="see `autofix check`")
        return ctx

    def names(self) -> Sequence[str]:
        return sorted(name for name in self.bare().book.runbooks if name != NAME)


def desk_of(site: Site, principal: Principal) -> LocalDesk:
    """For one command, with no server between: what it is refused is on the record at once."""
    denials = Denials(site.store, site.clock)
    return LocalDesk(place_of(site, OfFiles(site, principal.actor), denials), principal)


def place_of(site: Site, contexts: Contexts, denials: Denials) -> Place:
    return Place(
        contexts,
        denied=denials.of_principal,
        probes=wiring.every_probe,
        verify=lambda progress: _verified(site, progress),
        export=lambda form: _exported(site, form),
        faults=lambda: [str(each) for each in site.settings.errors],
        machine=lambda: _machine(site),
        witnesses=lambda: witness_names(site),
        settings=lambda: shown_settings(site.settings),
        vault=lambda: site.sealer,
    )


def _machine(site: Site) -> Mapping[str, Any]:
    tick = files.read_tick(site.settings.state)
    return {
        "tick": {"at": tick.at, "state": tick.state, "pid": tick.pid} if tick else None,
        "sentinel": lock.holder(site.settings.state),
        "timezone": site.timezone,
        "watched": _watched(site),
    }


def _watched(site: Site) -> Mapping[str, Any]:
    settings = site.settings
    return {
        "after": settings.sentinel.after,
        "sentinel": settings.sentinel.enabled,
        "heartbeat": "heartbeat" in settings.parts,
        "synthetic": settings.synthetic.enabled,
    }


def _verified(site: Site, progress: Progress) -> Mapping[str, Any]:
    report = site.verify_audit(progress=progress)
    found: Mapping[str, Any] = plain({**vars(report), "holds": report.holds})
    return found


def _exported(site: Site, form: str) -> Iterator[str]:
    from autofix.store.export import text_lines

    return text_lines(site.store, form)
