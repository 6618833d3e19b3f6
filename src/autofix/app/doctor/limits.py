"""What the system allows the service, and what the files of the project say."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.app.sentinel import files
from autofix.core.inert import inert
from autofix.errors import AutofixError

#: A run needs about ten files, a look one or two; there may be dozens of each.
FILES, MANY = 256, 1024
PROCESSES = 256


def open_files(patient: Patient) -> Iterator[Finding]:
    """Of the server, where one runs; else of this command."""
    soft = _server_limit(patient)
    if soft is None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    said = f"{soft} open files are allowed" if soft > 0 else "any number of open files"
    mend = "LimitNOFILE=4096 in the unit, or: ulimit -n 4096"
    if 0 < soft < FILES:
        yield fail("limits", said, mend)
    elif 0 < soft < MANY:
        yield warn("limits", said, mend)
    else:
        yield ok("limits", said)


def _server_limit(patient: Patient) -> int | None:
    tick = files.read_tick(patient.state)
    if tick is None or not patient.server:
        return None
    try:
        text = Path(f"/proc/{tick.pid}/limits").read_text()
    except OSError:
        return None
    line = next((each for each in text.splitlines() if each.startswith("Max open files")), "")
    word = line.removeprefix("Max open files").split()[:1]
    return int(word[0]) if word and word[0].isdigit() else None


def processes(_: Patient) -> Iterator[Finding]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if 0 < soft < PROCESSES:
        mend = "TasksMax= in the unit, or: ulimit -u 4096"
        yield warn("limits", f"{soft} processes are allowed", mend)


def project(patient: Patient) -> Iterator[Finding]:
    """What `check` says of every file."""
    try:
        problems = patient.site.check()
    except AutofixError as error:
        yield fail("files", str(error), "autofix check")
        return
    for each in problems:
        if each.level == "error":
            yield fail(
                "files", f"{each.file}:{each.line}: {each.message}", each.hint or "autofix check"
            )
    warned = sum(each.level != "error" for each in problems)
    if warned == len(problems):
        more = f", {warned} warnings (autofix check)" if warned else ""
        yield ok("files", f"settings, inventory, runbooks and playbooks are right{more}")


def paused(patient: Patient) -> Iterator[Finding]:
    """A pause that somebody forgot is a night without autofix."""
    for each in patient.site.killswitch.pauses():
        yield warn("pause", inert(each.words, 300), "autofix resume, if it was forgotten")
