"""The sealed record: is it sealed in time, and are copies of its head taken elsewhere?"""

from __future__ import annotations

from collections.abc import Iterator

from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.app.witnessing import witnesses as made_witnesses
from autofix.core.checkpoints import SECONDS
from autofix.core.durations import human
from autofix.errors import AutofixError

#: Seconds that a checkpoint may be late.
LATE = 120.0


def checkpoints(patient: Patient) -> Iterator[Finding]:
    """What was written is signed within a minute or so."""
    name = "checkpoints"
    with patient.site.store.reading() as reads:
        last, (size, _) = reads.last_checkpoint(), reads.audit_head()
        entries = reads.audit(after=last.size if last else 0, limit=1)
    if not size:
        yield ok(name, "the record is empty")
    elif not entries:
        yield ok(name, f"all {size} entries are sealed")
    elif patient.now - entries[0].event.at > SECONDS + LATE:
        age = human(patient.now - entries[0].event.at)
        count = size - (last.size if last else 0)
        mend = "autofix audit key; then start the server, whose log says what is in the way"
        yield fail(name, f"{count} entries are unsealed, the oldest for {age}", mend)
    else:
        yield ok(name, f"sealed up to {last.size if last else 0} of {size}")


def witnesses(patient: Patient) -> Iterator[Finding]:
    """Each takes the last checkpoint once more; those that call a person are not asked."""
    name = "witnesses"
    found = made_witnesses(patient.settings, patient.site.context("doctor"))
    if not found:
        mend = "audit: {witnesses: [{type: syslog}]} in autofix.yaml"
        yield warn(name, "none: whoever can write the store can cut the record unseen", mend)
        return
    with patient.site.store.reading() as reads:
        last = reads.last_checkpoint()
    for each in found:
        if each.every or last is None:
            why = "there is no checkpoint yet" if last is None else "it calls people"
            yield ok(name, f"{each.name}: not tried: {why}")
            continue
        try:
            each.tell(last, timeout=patient.timeout)
        except AutofixError as error:
            yield fail(name, f"{each.name}: {error}", "mend it, or name another: audit: witnesses:")
        else:
            yield ok(name, f"{each.name} takes checkpoints")
