"""Guards that people set: a silence, a runbook switched off, a pause, a freeze, working hours."""

from __future__ import annotations

from autofix.core.durations import human
from autofix.core.guards.situation import Brake, Situation
from autofix.core.incidents import Incident
from autofix.core.pauses import covering
from autofix.core.runbooks import Runbook


def paused(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    pause = covering(situation.pauses, runbook.name, incident.host)
    return Brake("pause", pause.words) if pause else None


def silenced(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    covering = [
        each
        for each in situation.silences
        if each.active(situation.now)
        and each.covers(runbook.name, incident.host, situation.groups, incident.labels)
    ]
    if not covering:
        return None
    last = max(covering, key=lambda silence: silence.until)
    left = human(last.until - situation.now)
    why = f"silence {last.id} ({last.scope}) by {last.by} for another {left}: {last.reason}"
    return Brake("silence", why, until=last.until, quiet=True)


def switched_off(runbook: Runbook, incident: Incident, _: Situation) -> Brake | None:
    # What its triggers began before does not go on either: whoever switched it off meant it.
    if runbook.enabled or incident.by_person:
        return None
    why = f"{runbook.name} is not enabled: it does nothing by itself"
    return Brake("enabled", why, final=True)


def frozen(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    if "freeze" in incident.accepted or incident.check:
        return None
    for each in situation.freezes:
        if each.active(situation.now) and each.covers(
            runbook.name, incident.host, situation.groups
        ):
            left = human(each.until - situation.now)
            why = f"a freeze for another {left}, nothing is done by itself: {each.reason}"
            # Nobody else looks after it meanwhile: a person hears of it at once.
            return Brake("freeze", why, until=each.until, page=not incident.by_person)
    return None


def out_of_hours(runbook: Runbook, incident: Incident, situation: Situation) -> Brake | None:
    name = runbook.guards.hours
    if not name or incident.by_person:
        return None
    if situation.calendar is None:
        return Brake("hours", f"there is no calendar {name} in the settings")
    opens = situation.calendar.next_open(situation.now)
    if opens is not None and opens <= situation.now:
        return None
    when = f"opens in {human(opens - situation.now)}" if opens is not None else "never opens"
    return Brake("hours", f"{name} is closed and {when}", until=opens)
