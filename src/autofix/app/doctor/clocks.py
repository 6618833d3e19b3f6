"""The clock: schedules, deadlines and the record's times hang on it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient

#: adjtimex: the kernel's clock is not held by anybody.
_UNSYNCHRONISED = 5
#: Seconds that the wall's clock may leave the steady one within a look.
DRIFT = 0.5
#: Seconds that a database's may be away from ours.
APART = 2.0


def synchronised(_: Patient) -> Iterator[Finding]:
    """Does something hold the clock (NTP)?"""
    held = _timedatectl()
    if held is None:
        held = _adjtimex()
    if held is None:
        mend = "install chrony or systemd-timesyncd"
        yield warn("clock", "nobody can say whether the clock is held by NTP", mend)
    elif held:
        yield ok("clock", "held by NTP")
    else:
        mend = "timedatectl set-ntp true, or install chrony"
        yield warn("clock", "not held by NTP: deadlines and the record's times may be wrong", mend)


def _timedatectl() -> bool | None:
    if shutil.which("timedatectl") is None:
        return None
    try:
        done = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())


def _adjtimex() -> bool | None:
    """The kernel's own word: 5 means that nobody holds its clock."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        state: int = libc.adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _UNSYNCHRONISED


def steady(_: Patient) -> Iterator[Finding]:
    """Does the wall's clock go on like the steady one?"""
    wall, began = time.time(), time.monotonic()
    time.sleep(0.2)
    drift = abs((time.time() - wall) - (time.monotonic() - began))
    if drift > DRIFT:
        yield fail("clock", f"it jumped by {drift:.1f} s while looked at", "mend NTP's set-up")
    else:
        yield ok("clock", "goes on steadily")


def of_database(patient: Patient) -> Iterator[Finding]:
    """Is a database elsewhere at the same time? Leases and moments are compared over both."""
    before = time.time()
    theirs = patient.site.store.clock()
    if theirs is None:
        return
    apart = abs(theirs - (before + time.time()) / 2)
    if apart > APART:
        mend = "let both machines be held by NTP"
        yield fail("clock", f"the database's is {apart:.1f} s away from ours", mend)
    else:
        yield ok("clock", f"the database's is {apart * 1000:.0f} ms away")


def zones(patient: Patient) -> Iterator[Finding]:
    """Is there data for the settings' time zone?"""
    name = patient.settings.timezone
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        mend = "apt-get install tzdata, or pip install tzdata"
        yield fail("time zones", f"there is no data for {name}", mend)
    else:
        yield ok("time zones", f"{name} is known")


def calendars(patient: Patient) -> Iterator[Finding]:
    """Does every calendar have a working hour ahead?"""
    now = patient.now
    for name, calendar in patient.settings.calendars.items():
        opens = calendar.next_open(now)
        if opens is None:
            mend = "give it a working hour: calendars: in autofix.yaml"
            yield fail("calendars", f"{name} has no working hour any more", mend)
        elif opens - now > 14 * 86400:
            days = (opens - now) / 86400
            yield warn("calendars", f"{name} opens in {days:.0f} days only", "look at its holidays")
    if patient.settings.calendars:
        yield ok("calendars", f"{len(patient.settings.calendars)} read")
