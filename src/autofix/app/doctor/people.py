"""Would a person be reached? Channels, policies, the sentinel, what tells the outside."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autofix.app import wiring
from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.app.sentinel import files
from autofix.channels.trial import trial
from autofix.core.durations import human
from autofix.core.pages import Page, PageKind, PageState
from autofix.core.watching import Tick
from autofix.errors import ChannelError
from autofix.flow.outbox import send
from autofix.ports import Channel

#: Seconds: how old a sentinel's sign may be, and how long a page may wait.
SIGN, WAITS = 60.0, 300.0
#: Seconds: a tick further ahead was written by a clock that leaves ours; how long the next is
#: waited for.
AHEAD, LOOKS = 2.0, 4.0
SYNTHETIC = "synthetic"


def policies(patient: Patient) -> Iterator[Finding]:
    """A page would reach somebody, by more than one way."""
    settings = patient.settings
    default = settings.policies.get("default")
    if default is None:
        yield fail("policies", "there is no policy `default`", "policies: in autofix.yaml")
    for name, policy in settings.policies.items():
        good = [each for each in policy.channels if each in settings.channels]
        if not good:
            mend = "name a channel that works: policies: in autofix.yaml"
            yield fail("policies", f"{name} reaches nobody: none of its channels is right", mend)
        elif len(good) == 1:
            said = f"{name} has one channel: when {good[0]} fails, nobody is paged"
            yield warn("policies", said, "add a second one of another provider")
        else:
            yield ok("policies", f"{name}: {', '.join(good)}")


def channels(patient: Patient) -> Iterator[Finding]:
    """Each channel as far as it can be tried; with `--send-test-pages` by a page."""
    made = wiring.channels(patient.settings)
    broken = [each for each in patient.settings.errors if "channel" in each.message]
    for problem in broken[:5]:
        yield fail("channels", str(problem), problem.hint or "autofix check")
    if not made:
        yield fail("channels", "there is none that works", "channels: in autofix.yaml")
        return
    with ThreadPoolExecutor(min(len(made), 8)) as pool:
        yield from pool.map(lambda each: _channel(patient, each), made.values())


def _channel(patient: Patient, channel: Channel) -> Finding:
    name = f"channel {channel.name}"
    mend = f"channels: {channel.name}: in autofix.yaml; try: autofix doctor --send-test-pages"
    if patient.send_pages:
        answer, error = send(channel, _test_page(patient.now), channel.name)
        return fail(name, error, mend) if error else ok(name, f"took a test page: {answer}")
    options = patient.settings.channels[channel.name].options
    try:
        return ok(name, trial(channel, options, timeout=patient.timeout))
    except ChannelError as error:
        return fail(name, str(error), mend)


def _test_page(now: float) -> Page:
    host = socket.gethostname()
    return Page(
        0, None, "default", (), "P3", f"[test] autofix on {host}: this is a test page",
        f"`autofix doctor --send-test-pages` was run on {host}.\nNothing has failed; nobody has "
        "to do anything.", f"autofix:test:{host}", now, None, kind=PageKind.NOTICE,
    )  # fmt: skip


def waiting_pages(patient: Patient) -> Iterator[Finding]:
    """Pages that no channel takes."""
    with patient.site.store.reading() as reads:
        queued = reads.pages(states=[PageState.QUEUED], limit=1000)
    # One that gathers waits on purpose; one that no channel was asked to take waits in vain.
    before = patient.now - WAITS
    late = [
        each
        for each in queued
        if each.created_at < before and (each.tried or (each.due_at or 0.0) < before)
    ]
    if late:
        why = late[0].last_error or "no channel was asked to take them"
        said = f"{len(late)} wait for more than {human(WAITS)}: {why}"
        yield fail("pages", said, "mend the channel; autofix status")
    else:
        yield ok("pages", f"{len(queued)} on their way" if queued else "none waits")


def sentinel(patient: Patient) -> Iterator[Finding]:
    """Somebody pages when the server has stopped."""
    name = "sentinel"
    if not patient.settings.sentinel.enabled:
        yield warn(
            name, "turned off: nobody pages when autofix has stopped", "sentinel: in autofix.yaml"
        )
        return
    if not patient.sentinel:
        said = "none watches" if patient.server else "none watches, and no server runs"
        yield fail(
            name, said, "autofix serve starts one; or: systemctl enable --now autofix-sentinel"
        )
        return
    memory = files.read_object(patient.state / files.MEMORY) or {}
    at, pid = memory.get("at"), memory.get("pid")
    age = patient.now - at if isinstance(at, int | float) else float("inf")
    if age > SIGN:
        said = f"{patient.sentinel} gave no sign for {human(age)}" if at else "it gave no sign yet"
        yield fail(name, said, f"kill {pid}: serve starts another")
        return
    if age < -SIGN:  # it signs every few seconds: by a clock that was right a moment ago
        said = f"its last sign is {human(-age)} ahead of the clock, which was set back since"
        yield fail(name, said, f"look again in a minute; if it says so still: kill {pid}")
        return
    yield ok(name, patient.sentinel)
    if (shared := _same_unit(patient, pid)) and memory.get("child"):
        mend = (
            "cp contrib/systemd/autofix-sentinel.service, systemctl enable --now autofix-sentinel"
        )
        yield warn(name, f"it lives in the server's unit {shared}, and is ended with it", mend)


def _same_unit(patient: Patient, pid: object) -> str:
    """The service unit that the server and the sentinel share; empty when they don't."""
    tick = files.read_tick(patient.state)
    if tick is None or not isinstance(pid, int):
        return ""
    ours, theirs = _unit(tick.pid), _unit(pid)
    return ours if ours == theirs and ours.endswith(".service") else ""


def _unit(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return ""
    return os.path.basename(text.strip().rpartition(":")[2])  # noqa: PTH119 - a cgroup's name


def server(patient: Patient) -> Iterator[Finding]:
    """It runs, and its loop goes round."""
    tick = files.read_tick(patient.state)
    if not patient.server:
        yield fail(
            "server", "none runs: nothing is watched", "systemctl start autofix, or: autofix serve"
        )
    elif tick is None:
        yield warn("server", f"{patient.server} leads, and has not ticked here", "autofix status")
    elif patient.now < tick.at - AHEAD and not _ticks(patient, tick):
        said = f"{patient.server} does not tick, by a clock that is ahead of ours: it hangs"
        yield fail("server", said, f"look at its log; kill -9 {tick.pid}, then start it again")
    elif patient.now - tick.at > patient.settings.sentinel.after:
        said = f"{patient.server} has not ticked for {human(patient.now - tick.at)}: it hangs"
        yield fail("server", said, f"look at its log; kill -9 {tick.pid}, then start it again")
    else:
        yield ok("server", patient.server)


def _ticks(patient: Patient, tick: Tick) -> bool:
    """A time that lies ahead says nothing: does the next sign come?"""
    until = time.monotonic() + LOOKS
    while time.monotonic() < until:
        found = files.read_tick(patient.state)
        if found is not None and found.stamp != tick.stamp:
            return True
        time.sleep(0.1)
    return False


def heartbeat(patient: Patient) -> Iterator[Finding]:
    """The outside hears us, or nobody would notice the death of this machine."""
    name, options = "heartbeat", patient.settings.parts.get("heartbeat")
    if options is None:
        mend = "heartbeat: {url: …} in autofix.yaml, to any dead-man's switch"
        yield warn(name, "none: nobody outside notices when this machine dies", mend)
        return
    mark = patient.mark(name)
    every = float(getattr(options, "every", 60.0))
    heard = mark.data.get("heard_at") if mark else None
    if not patient.server:
        yield warn(name, "none is given: no server runs", "autofix serve")
    elif mark is None or patient.now - mark.at > 3 * every + 30:
        yield warn(
            name, "none was given lately", "wait for a minute; then look at the server's log"
        )
    elif mark.data.get("trouble"):
        yield fail(name, f"withheld: {mark.data['trouble']}", "mend that; autofix status")
    elif mark.data.get("error"):
        since = f"; last heard {human(patient.now - heard)} ago" if heard else ""
        yield fail(
            name, f"{mark.data['error']}{since}", "mend heartbeat: in autofix.yaml, or the network"
        )
    else:
        yield ok(name, f"{mark.data.get('place', '')} heard it {human(patient.now - mark.at)} ago")


def synthetic(patient: Patient) -> Iterator[Finding]:
    """The fake incident was opened, fixed and closed lately."""
    block = patient.settings.synthetic
    if not block.enabled:
        mend = "synthetic: {enabled: true} in autofix.yaml"
        yield warn(SYNTHETIC, "turned off: the whole flow is not proven regularly", mend)
        return
    mark = patient.mark(SYNTHETIC)
    good = mark.data.get("good_at") if mark else None
    if good is None:
        mend = "a running server tries it: autofix incidents list --all"
        yield warn(SYNTHETIC, "it has not succeeded yet", mend)
    elif patient.now - good > block.alarm_after:
        why = mark.data.get("error", "") if mark else ""
        said = f"last succeeded {human(patient.now - good)} ago: {why}"
        yield fail(SYNTHETIC, said, "autofix incidents list --runbook autofix-synthetic")
    else:
        yield ok(SYNTHETIC, f"succeeded {human(patient.now - good)} ago")
