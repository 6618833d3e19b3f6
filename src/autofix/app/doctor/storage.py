"""State folder, store and disks: can what must be written down be written down?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.core.audit import AuditEvent
from autofix.core.marks import Mark
from autofix.errors import StoreError

#: Bytes and inodes free: below the first it is a fault, below the second a warning.
ROOM, ROOMY = 100 * 2**20, 2**30
INODES, MANY_INODES = 1_000, 20_000
#: Locks and folders of runs older than this are leftovers, in seconds.
OLD = 7 * 86400.0


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


def state_folder(patient: Patient) -> Iterator[Finding]:
    """It is there, ours, and takes a file."""
    state, name = patient.state, "state folder"
    if not state.is_dir():
        yield fail(
            name, f"{state} is not there", "start `autofix serve` once, or make it: mode 0700"
        )
        return
    found = state.stat()
    if found.st_uid != os.geteuid():
        mend = f"run autofix as the user who owns it (uid {found.st_uid}), or: chown -R … {state}"
        yield fail(name, f"{state} belongs to another user", mend)
        return
    try:
        with tempfile.NamedTemporaryFile(dir=state, prefix="doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield fail(name, f"{state} takes no file: {error.strerror}", "make room, or mount it rw")
        return
    yield ok(name, f"{state} takes files")


def store(patient: Patient) -> Iterator[Finding]:
    """A real write with its audit event, and its undoing."""
    now = patient.now
    try:
        with patient.site.store.transaction() as tx:
            tx.set_mark(Mark("doctor.trial", now))
            tx.record(AuditEvent(now, "doctor", "doctor.trial"))
            raise _Undo
    except _Undo:
        yield ok("store", "it took a write, which was undone")
    except StoreError as error:
        yield fail("store", str(error), error.hint or "see `autofix status`, and the disk's room")


def disk_room(patient: Patient) -> Iterator[Finding]:
    """Bytes and inodes where the state lies, and where temporary files do."""
    places = {"state": patient.state, "temporary files": Path(tempfile.gettempdir())}
    for what, place in places.items():
        try:
            found = os.statvfs(place)
        except OSError as error:
            yield fail("disk room", f"{place}: {error.strerror}", "mount the disk")
            continue
        free, inodes = found.f_bavail * found.f_frsize, found.f_favail
        said = f"{what}: {_size(free)} free in {place}"
        mend = f"make room below {place} (df -h; retention: in autofix.yaml)"
        if free < ROOM:
            yield fail("disk room", said, mend)
        elif found.f_files and inodes < INODES:
            yield fail("disk room", f"{what}: {inodes} inodes left in {place}", mend)
        elif free < ROOMY or (found.f_files and inodes < MANY_INODES):
            yield warn("disk room", said, mend)
        else:
            yield ok("disk room", said)


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def old_locks(patient: Patient) -> Iterator[Finding]:
    """What killed processes left: half-written files, folders of runs that nobody is at."""
    now, name = patient.site.clock.now(), "leftovers"
    halves = [each for each in patient.state.glob("*.new") if now - each.stat().st_mtime > 3600]
    runs = patient.state / "runs"
    folders = list(runs.iterdir()) if runs.is_dir() else []
    old = [each for each in folders if now - each.stat().st_mtime > OLD]
    if halves or old:
        listed = ", ".join(each.name for each in [*halves, *old][:5])
        yield warn(
            name, f"{len(halves) + len(old)} old files: {listed}", f"rm -r below {patient.state}"
        )
    else:
        yield ok(name, "no old files of runs or locks")
