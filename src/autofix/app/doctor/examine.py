"""Every check, one after the other; one that breaks is a finding itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from autofix.app.doctor import clocks, hosts, limits, people, record, secrets, storage, web
from autofix.app.doctor.finding import Finding, Grade, count, fail
from autofix.app.doctor.patient import Check, Patient
from autofix.core.inert import inert
from autofix.core.marks import Mark
from autofix.errors import AutofixError

MARK = "doctor"
#: The whole list. A new check is a function and its line here.
CHECKS: tuple[Check, ...] = (
    storage.state_folder,
    storage.store,
    storage.disk_room,
    secrets.permissions,
    limits.project,
    people.server,
    web.web,
    people.sentinel,
    people.heartbeat,
    people.policies,
    people.channels,
    people.waiting_pages,
    people.synthetic,
    limits.paused,
    clocks.synchronised,
    clocks.steady,
    clocks.of_database,
    clocks.zones,
    clocks.calendars,
    hosts.ansible_version,
    hosts.isolated,
    hosts.vault_password,
    hosts.reachable,
    hosts.leftover_processes,
    record.checkpoints,
    record.witnesses,
    limits.open_files,
    limits.processes,
    storage.old_locks,
)


def examine(patient: Patient, say: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """All findings, in the order of the checks. `say` is told what is looked at."""
    found: list[Finding] = []
    for check in CHECKS:
        say(check.__name__.replace("_", " "))
        found += _one(check, patient)
    return found


def _one(check: Check, patient: Patient) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ")
    try:
        yield from check(patient)
    except AutofixError as error:
        yield fail(name, inert(str(error), 400), error.hint or "autofix status")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        yield fail(name, f"{where}{error.strerror or error}", "mend what the system says")
    except Exception as error:  # noqa: BLE001 - the other checks go on
        yield fail(name, f"a defect of the check: {type(error).__name__}: {error}", "report it")


def remember(patient: Patient, findings: list[Finding]) -> None:
    """For `status`: when it was, and what was worst. A store that takes nothing is said already."""
    faults = [f"{each.check}: {each.what}" for each in findings if each.grade is Grade.FAIL]
    data = {**count(findings), "faults": [inert(each, 200) for each in faults[:5]]}
    try:
        with patient.site.store.transaction() as tx:
            tx.set_mark(Mark(MARK, time.time(), data))
    except AutofixError:
        return
