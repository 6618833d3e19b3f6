"""Whoever was reached: takes the incident, has something done once more, or mends it by hand."""

from __future__ import annotations

import random

from autofix.core import again as core_again
from autofix.core.incidents import Incident, State
from autofix.errors import AutofixError
from autofix.flow import again, people
from autofix.flow.context import Context
from crashkit.books import BOOKS, FACTS
from crashkit.lasting import Traces
from crashkit.world import wished


class People:
    """`refused`: what the last of them was told when he could not do it."""

    def __init__(self, seed: int, ctx: Context, traces: Traces) -> None:
        self._seed, self._ctx, self._traces = seed, ctx, traces
        self.refused = ""

    def act(self) -> bool:
        """Has anything been done, or tried in vain?"""
        try:
            return self._acted()
        except AutofixError as error:
            self.refused = str(error)
            self._ctx.clock.sleep(1.0)
            return True  # they try again

    def _acted(self) -> bool:
        with self._ctx.store.reading() as reads:
            live = reads.incidents(states=[State.ESCALATED, State.ACKNOWLEDGED])
        moved = False
        for incident in live:
            if incident.due_at is None and self._answers(incident):
                self._take(incident)
                moved = True
        return moved

    def _answers(self, incident: Incident) -> bool:
        """At the first call or at the second, as the story has it."""
        heard = incident.calls > (incident.id + self._seed) % 2
        return self._reached(incident) and (heard or incident.state is State.ACKNOWLEDGED)

    def _reached(self, incident: Incident) -> bool:
        return any(
            incident.id == line["incident"] or (line["runbook"] or "-") == incident.runbook
            for line in self._traces.all("rung")
        )

    def _take(self, incident: Incident) -> None:
        if incident.state is State.ESCALATED:
            people.acknowledge(self._ctx, incident.id, "bob")
            self._traces.add("promised", action="incident.acknowledged", incident=incident.id)
            return
        if not wished(self._traces, incident.id):
            # Noted first: who is refused, or cut off, does not ask again.
            self._traces.add("wished", incident=incident.id)
            if self._once_more(incident):
                return
        for fact, book in FACTS.items():
            if book.name == incident.runbook:
                self._traces.add("health", host=incident.host, fact=fact, value=0.5)
        people.resolve(self._ctx, incident.id, "bob")
        self._traces.add("promised", action="incident.resolved", incident=incident.id)

    def _once_more(self, incident: Incident) -> bool:
        """Before they do it by hand some have a step tried again, some have one undone."""
        book, dice = BOOKS[incident.runbook], random.Random(f"{self._seed} {incident.id} again")
        with self._ctx.store.reading() as reads:
            runs = reads.runs(incident=incident.id)
        undoable = core_again.undoable(incident, core_again.remedies(book), runs)
        if undoable:
            again.roll_back(self._ctx, incident.id, "bob", dice.choice(undoable))
            self._traces.add("promised", action="incident.rolling_back", incident=incident.id)
        elif not incident.check and dice.random() < 0.3:
            again.retry(self._ctx, incident.id, "bob", dice.randrange(len(book.fix)))
            self._traces.add("promised", action="incident.retried", incident=incident.id)
        else:
            return False
        return True
