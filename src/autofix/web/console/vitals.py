"""How autofix itself is: each vital sign in a sentence, and for what is wrong the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofix.core.inert import inert
from autofix.core.overview import Overview

#: Seconds that something may have been due before it is called late.
LATE = 60.0


def _(text: str) -> str:
    """Marks it for the catalogues; the template asks for it in the reader's language."""
    return text


@dataclass(frozen=True)
class Vital:
    """`words` with `values` in it says how it stands, `at` since when; `step` what to do, empty
    when it is well."""

    key: str
    name: str
    words: str
    step: str = ""
    at: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return not self.step


def vitals(found: Overview, now: float) -> list[Vital]:
    """In the order in which they matter."""
    groups = (_server, _work, _files, _channels, _watchers, _record, _doctor)
    return [each for group in groups for each in group(found, now)]


def _server(found: Overview, now: float) -> Iterator[Vital]:
    name, tick = _("Server"), found.tick or {}
    since = tick.get("at")
    if not found.server:
        words = _("No server leads: nothing is watched and nothing is repaired.")
        yield Vital("server", name, words, _("Start one: autofix serve"))
    elif since is not None and now - since > found.watched.get("after", now):
        words, step = _("The engine has stopped ticking."), _("Restart it: autofix serve")
        yield Vital("server", name, words, step, since)
    else:
        words = _("%(server)s leads, and its engine ticks.")
        yield Vital("server", name, words, at=since, values={"server": inert(found.server, 80)})


def _work(found: Overview, now: float) -> Iterator[Vital]:
    name = _("Work")
    if found.late > LATE:
        words = _("What is due is late: too much at once, or the engine hangs.")
        yield Vital("work", name, words, _("See why: autofix doctor"), now - found.late)
    else:
        yield Vital("work", name, _("What is due is done in time."))


def _files(found: Overview, _now: float) -> Iterator[Vital]:
    name, step = _("Files"), _("See all of them: autofix check")
    if found.files:
        words = _("The files changed and are not in force, the last good ones are: %(why)s")
        why = {"why": inert(str(found.files["problems"][0]), 300)}
        yield Vital("files", name, words, step, found.files["at"], why)
    elif found.settings:
        words, why = _("Settings are wrong: %(why)s"), {"why": inert(found.settings[0], 300)}
        yield Vital("files", name, words, step, values=why)
    else:
        yield Vital("files", name, _("Runbooks and settings are in force as they are written."))


def _channels(found: Overview, _now: float) -> Iterator[Vital]:
    name, waiting = _("Channels"), found.queued.get("pages", 0)
    if found.refused:
        worst = found.refused[0]
        words = _("Pages do not leave (%(count)s at least): %(why)s")
        values = {"count": len(found.refused), "why": inert(worst.last_error, 300)}
        step = _("Try every channel: autofix doctor --send-test-pages")
        yield Vital("channels", name, words, step, worst.created_at, values)
    elif waiting:
        yield Vital(
            "channels", name, _("Pages on their way: %(count)s."), values={"count": waiting}
        )
    else:
        yield Vital("channels", name, _("Every page has left."))


def _watchers(found: Overview, _now: float) -> Iterator[Vital]:
    """What keeps it from falling silent; only what is in use."""
    if found.watched.get("sentinel"):
        step = "" if found.sentinel else _("Start the server anew: autofix serve")
        good, bad = _("A sentinel watches the server."), _("No sentinel watches the server.")
        yield Vital("sentinel", _("Sentinel"), bad if step else good, step)
    if found.watched.get("heartbeat"):
        yield _heartbeat(found.heartbeat or {})
    if found.watched.get("synthetic"):
        yield _synthetic(found.synthetic or {})


def _heartbeat(mark: Mapping[str, Any]) -> Vital:
    name, heard = _("Heartbeat"), mark.get("heard_at")
    if why := mark.get("trouble"):
        words, step = _("It is withheld: %(why)s"), _("Mend that; it is given again by itself.")
    elif why := mark.get("error"):
        words, step = _("The outside does not hear us: %(why)s"), _("See why: autofix doctor")
    else:
        words, step = (_("The outside hears us."), "") if heard else (_("None was given yet."), "")
    return Vital("heartbeat", name, words, step, heard, {"why": inert(str(why or ""), 300)})


def _synthetic(mark: Mapping[str, Any]) -> Vital:
    name, good = _("Synthetic check"), mark.get("good_at")
    if why := mark.get("error"):
        words, step = (
            _("The whole loop failed when it was tried: %(why)s"),
            _("See why: autofix doctor"),
        )
        return Vital("synthetic", name, words, step, good, {"why": inert(str(why), 300)})
    words = _("The whole loop works.") if good else _("The whole loop was not tried yet.")
    return Vital("synthetic", name, words, at=good)


def _record(found: Overview, _now: float) -> Iterator[Vital]:
    name, sealed = _("Record"), found.sealed or {}
    check = found.checked
    if check is not None and not (check.report or {}).get("holds"):
        words, step = (
            _("The last check of the record did not hold."),
            _("Look at it: autofix audit verify"),
        )
        yield Vital("record", name, words, step, check.ended_at)
    elif found.seal_failing:
        words, step = _("The record is not sealed: %(why)s"), _("See why: autofix doctor")
        why = {"why": inert(found.seal_failing, 300)}
        yield Vital("record", name, words, step, sealed.get("at"), why)
    else:
        words = _("The record is sealed.") if sealed else _("The record was not sealed yet.")
        yield Vital("record", name, words, at=sealed.get("at"))
    yield from _witnesses(found)
    if check is not None and (check.report or {}).get("holds"):
        yield Vital(
            "checked", _("Check"), _("The record held when it was checked."), at=check.ended_at
        )


def _witnesses(found: Overview) -> Iterator[Vital]:
    for name, told in found.witnesses.items():
        if told and told.get("failed"):
            words, step = _("%(name)s takes no seals: %(why)s"), _("See why: autofix doctor")
            values = {"name": inert(name, 80), "why": inert(str(told.get("why", "")), 300)}
            yield Vital(f"witness-{inert(name, 80)}", _("Witness"), words, step, values=values)


def _doctor(found: Overview, _now: float) -> Iterator[Vital]:
    name, last = _("Doctor"), found.doctor
    if not last:
        yield Vital("doctor", name, _("The doctor was not asked yet: autofix doctor"))
    elif faults := last.get("faults") or ():
        words, step = (
            _("The doctor found faults (%(count)s): %(why)s"),
            _("See them all: autofix doctor"),
        )
        values = {"count": last.get("fail", len(faults)), "why": inert(str(faults[0]), 300)}
        yield Vital("doctor", name, words, step, last["at"], values)
    else:
        yield Vital("doctor", name, _("The doctor found no fault."), at=last["at"])
