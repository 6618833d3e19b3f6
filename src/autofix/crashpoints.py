"""Crash points: named places where a test makes this process die as kill -9 would make it.

`AUTOFIX_CRASH_POINT=run.claimed:2` kills it at the second pass of that point; with `:stop` behind
(`run.claimed:2:stop`) it only stops itself, so that a test can kill what it likes at that moment.
Without the variable a pass is one call of an empty function.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

VARIABLE = "AUTOFIX_CRASH_POINT"

#: Every point, in the order in which a failure travels, and what has happened there.
POINTS: Mapping[str, str] = {
    "watch.observing": "a probe's looks are judged, not committed",
    "watch.observed": "they are committed",
    "alert.receiving": "posts of senders are written with their signals, not committed",
    "alert.received": "that is committed, and no sender is told",
    "signal.receiving": "a signal is written, not committed",
    "signal.received": "it is committed, and nothing is done about it",
    "signal.matching": "it is matched or ignored, not committed",
    "signal.matched": "that is committed",
    "incident.opened": "an incident is opened, not committed",
    "decision.deciding": "a decision is written with what follows from it, not committed",
    "decision.decided": "that is committed",
    "run.planned": "a run is planned with what is owed after it, not committed",
    "run.claiming": "a run has its host's lock, not committed",
    "run.claimed": "that is committed, and no executor is started",
    "executor.started": "its executor is started, and nothing is heard of it",
    "run.event": "the playbook told an event",
    "run.ended": "the playbook has ended, and nothing of that is written",
    "run.finishing": "its end is written with what follows, not committed",
    "run.finished": "that is committed",
    "verify.looking": "a look at the symptom begins",
    "verify.looked": "it is over, and nothing of it is written",
    "verify.judging": "what it means is written, not committed",
    "verify.judged": "that is committed",
    "step.healed": "the incident is healed, not committed",
    "step.next": "the next step, or the same again, is decided on, not committed",
    "step.rolling_back": "a rollback is planned, not committed",
    "step.rolled_back": "the end of a rollback is written, not committed",
    "again.retrying": "a person starts the fix again, not committed",
    "again.undoing": "a rollback that a person asked for is planned, not committed",
    "again.undone": "its end is written, not committed",
    "owed.due": "an `afterwards` has become due, not committed",
    "owed.again": "a lost `afterwards` is owed once more, not committed",
    "incident.escalated": "an incident is escalated, not committed",
    "page.queued": "a page is in the outbox, not committed",
    "page.sending": "a page is about to be given to a channel",
    "page.sent": "a channel took it, and nothing of that is written",
    "page.writing": "that is written, not committed",
    "page.written": "that is committed",
    "level.called": "the next level of a policy is called, not committed",
    "pause.filed": "a pause stands in its file, and not in the store",
    "resume.recorded": "a resume is committed, and the files of its pauses still lie there",
    "recover.leftovers": "a new server knows the lost runs, and ended no process of theirs yet",
    "recover.ended": "their processes are ended, and nothing is written",
    "recover.losing": "one of them is written down as lost, not committed",
    "recover.lost": "that is committed, and the next one is not looked at",
    "audit.sealed": "an entry of the record is appended, not committed",
    "checkpoint.signed": "a checkpoint over the record is signed, not committed",
    "commit.before": "any transaction of the store, just before its commit",
    "commit.after": "any transaction of the store, just after its commit",
    "head.written": "the file `audit.head` is about to be replaced",
}


def _pass_by(_name: str) -> None:
    """No crash point is armed: nothing happens."""


#: What happens when a point is passed. Called through the module, so that it can be replaced.
reach: Callable[[str], None] = _pass_by


def arm(wish: str) -> None:
    """Take `NAME[:PASS][:stop]` into force for this process; SystemExit when it means nothing."""
    global reach
    name, _, rest = wish.partition(":")
    count, _, how = rest.partition(":")
    if count == "stop":
        count, how = "", count
    if name not in POINTS or not (count or "1").isdigit() or how not in ("", "stop"):
        raise SystemExit(f"{VARIABLE}={wish!r}: write NAME[:PASS][:stop]; see crashpoints.POINTS")
    number = signal.SIGSTOP if how else signal.SIGKILL
    print(f"{VARIABLE}={wish}: this process will not survive it", file=sys.stderr, flush=True)
    reach = _fuse(name, int(count or 1), number)


def _fuse(wanted: str, count: int, number: signal.Signals) -> Callable[[str], None]:
    lock, left = threading.Lock(), count

    def burn(name: str) -> None:
        nonlocal left
        if name != wanted:
            return
        with lock:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), number)
                # A signal to oneself is delivered before this returns; kill -9 does not return.

    return burn


if os.environ.get(VARIABLE):
    arm(os.environ[VARIABLE])
