"""The synthetic check's chore: break, wait, judge, close; and call when it went wrong for long."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from autofix.app import synthetic
from autofix.config.alive_models import SyntheticBlock
from autofix.core.durations import human
from autofix.core.incidents import WITH_A_PERSON, Incident, State
from autofix.core.inert import inert
from autofix.core.marks import Mark
from autofix.core.reasons import told
from autofix.core.synthetic import NAME, Act, Proof, looked, must_alarm, next_act, proof_of
from autofix.core.words import Words
from autofix.flow import people
from autofix.flow.context import Context, log
from autofix.flow.escalate import notify
from autofix.flow.record import AUTOFIX

MARK = "synthetic"
#: Seconds between two writes of the mark when nothing has changed.
WRITE_EVERY = 60.0


class Prover:
    """One server's. What it remembers stands in the store, so that a restart goes on with it."""

    def __init__(self, ctx: Context, block: Callable[[], SyntheticBlock], state: Path) -> None:
        self._ctx, self._block, self._state = ctx, block, state

    def tend(self) -> None:
        """Do what is due. Quick: runs and looks are the flow's."""
        block = self._block()
        if not block.enabled or NAME not in self._ctx.book.runbooks:
            return
        now = self._ctx.clock.now()
        with self._ctx.store.reading() as reads:
            mark = reads.mark(MARK)
            newest = next(iter(reads.incidents(runbook=NAME, limit=1)), None)
        before = proof_of(mark.data) if mark else Proof()
        after = self._step(looked(before, now), newest, now, block)
        changed = replace(after, looked_at=0.0) != replace(before, looked_at=0.0)
        if changed or now - before.looked_at >= WRITE_EVERY:
            self._write(after, now, block)

    def _step(
        self, proof: Proof, newest: Incident | None, now: float, block: SyntheticBlock
    ) -> Proof:
        found = next_act(proof, newest, now, block.every)
        if found.act is Act.BREAK:
            self._break(newest)
            return replace(proof, tried_at=now)
        if found.act is Act.CLOSE and newest is not None:
            people.close(self._ctx, newest.id, AUTOFIX, newest.reason)
            return replace(proof, good_at=now, error="")
        if found.act is Act.FAILED:
            log.error("the synthetic check failed: %s", found.why)
            self._clean_up(newest)
            return replace(proof, failed_at=now, error=inert(found.why, 400))
        return proof

    def _break(self, newest: Incident | None) -> None:
        self._clean_up(newest)
        synthetic.prepare(self._state)
        os.close(os.open(synthetic.failure(self._state), os.O_CREAT | os.O_WRONLY, 0o600))

    def _clean_up(self, newest: Incident | None) -> None:
        """Nothing of a failed one is left for a person to do."""
        with suppress(FileNotFoundError):
            synthetic.failure(self._state).unlink()
        if newest is None:
            return
        if newest.state in WITH_A_PERSON:
            people.resolve(self._ctx, newest.id, AUTOFIX, "the synthetic check failed")
        if newest.state in (*WITH_A_PERSON, State.RECOVERED, State.RESOLVED):
            people.close(self._ctx, newest.id, AUTOFIX, newest.reason)

    def _write(self, proof: Proof, now: float, block: SyntheticBlock) -> None:
        """The mark; with it, in one commit, the call when there was no success for too long."""
        with self._ctx.store.transaction() as tx:
            if must_alarm(proof, now, block.alarm_after):
                title, text = alarm(proof, now, self._ctx.book.words)
                notify(self._ctx, tx, title, text, f"autofix:{NAME}", now, synthetic=True)
                proof = replace(proof, alarmed_at=now)
            tx.set_mark(Mark(MARK, now, asdict(proof)))


def alarm(proof: Proof, now: float, words: Words) -> tuple[str, str]:
    """(title, text) of the page: what does not work, and where to look."""
    last = words.gettext("since it was turned on")
    if proof.good_at:
        last = words.gettext("for {span}").format(span=human(now - proof.good_at))
    title = words.gettext(
        "[P1] autofix's own check has not succeeded {last}: would a real failure be mended?"
    ).format(last=last)
    text = words.gettext(
        "autofix opens, fixes and closes a fake incident on this machine, to prove that its whole "
        "flow works. It has not succeeded {last}.\n"
        "the last one: {why}\n\n"
        "next: autofix doctor\nlook: autofix incidents list --runbook {runbook}; autofix status"
    )
    why = told(proof.error, words) if proof.error else words.gettext("it is still under way")
    return title, text.format(last=last, why=why, runbook=NAME)
