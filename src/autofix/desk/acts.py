"""What people do about incidents and runs; each act is on the record under their name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autofix.core.door import text_fault
from autofix.core.incidents import Incident, Origin
from autofix.core.inert import inert
from autofix.core.inputs import check_inputs
from autofix.core.plain import plain
from autofix.core.readings import Reading
from autofix.core.roles import Permission
from autofix.core.runbooks import ProbeTrigger, Runbook, Verify
from autofix.core.runs import Run
from autofix.core.signals import Signal
from autofix.desk.base import Room, known_host, meant, settled
from autofix.errors import NotFound, UsageError
from autofix.flow import again, approvals, comments, intake, people, progress, stopping, taking
from autofix.flow.context import Context
from autofix.flow.looking import look

#: The guards that `accept` overrides, on the record.
ACCEPTED = ("cooldown", "freeze", "runs_per_hour")
#: The longest line that a person may leave on the record, and a comment.
LINE, COMMENT = 1000, 10_000
#: Incidents of one page that are looked at for their runbooks; a digest has one runbook.
PAGEFUL = 1000
#: Hosts of one request.
HOSTS = 1000


class Acts(Room):
    def start(
        self,
        runbook: str,
        hosts: Sequence[str],
        *,
        subject: str = "",
        inputs: Mapping[str, Any] | None = None,
        accept: bool = False,
        check: bool = False,
        from_text: bool = False,
    ) -> list[Signal]:
        self.may(Permission.OPERATE, "run", runbook)
        self._known_runbook(runbook)
        ctx = self.place.contexts.of(runbook)
        book = ctx.book.runbooks[runbook]
        named = targets(ctx, hosts)
        values, wrong = check_inputs(book.inputs, dict(inputs or {}), from_text=from_text)
        if wrong:
            raise UsageError("; ".join(wrong))
        line("subject", subject)
        together = len(named) > 1 and not check
        accepted = (*(ACCEPTED if accept else ()), *(("batches",) if together else ()))
        known = {name: each for name, each in values.items() if each is not None}
        draft = self._drafted(ctx, book, subject, known, accepted, check)
        return intake.receive_all(ctx, [draft(host) for host in named])

    def _drafted(
        self,
        ctx: Context,
        book: Runbook,
        subject: str,
        inputs: Mapping[str, Any],
        accepted: tuple[str, ...],
        check: bool,
    ) -> Callable[[str], Signal]:
        def draft(host: str) -> Signal:
            return Signal(
                0,
                Origin.PERSON,
                ctx.clock.now(),
                host,
                book.name,
                subject,
                inputs=inputs,
                by=self.actor,
                accepted=accepted,
                check=check,
                reason=f"{self.actor} runs it by hand",
            )

        return draft

    def cancel(self, run: int, reason: str = "") -> Run:
        self.may(Permission.OPERATE, "cancel")
        line("reason", reason)
        ctx = self.ctx
        with ctx.store.reading() as reads:
            found = reads.run(run)
        if found is not None:
            self.may(Permission.OPERATE, "cancel", found.runbook)
        return settled(lambda: stopping.cancel(ctx, run, self.actor, reason))

    def acknowledge(self, incident: int) -> Incident:
        return self._act("acknowledge", incident, people.acknowledge)

    def acknowledge_page(self, page: int) -> list[Incident]:
        self.may(Permission.OPERATE, "acknowledge")
        for runbook in self._runbooks_of_page(page):
            self.may(Permission.OPERATE, "acknowledge", runbook)
        return settled(lambda: taking.all_of(self.ctx, page, self.actor))

    def _runbooks_of_page(self, number: int) -> set[str]:
        """What a page is about, as far as it waits for somebody."""
        with self.ctx.store.reading() as reads:
            page = reads.page(number)
            one = reads.incident(page.incident) if page and page.incident else None
            waiting = [one] if one else reads.asking(number, PAGEFUL)
        return {incident.runbook for incident in waiting}

    def triage(self, incident: int, note: str = "") -> Incident:
        return self._noted("triage", incident, note, progress.triage)

    def workaround(self, incident: int, note: str = "") -> Incident:
        return self._noted("workaround", incident, note, progress.work_around)

    def resolve(self, incident: int, note: str = "") -> Incident:
        return self._noted("resolve", incident, note, people.resolve)

    def close(self, incident: int, note: str = "") -> Incident:
        return self._noted("close", incident, note, people.close)

    def comment(self, incident: int, text: str) -> Incident:
        if not text.strip():
            raise UsageError("a comment needs words")
        line("text", text, COMMENT, lines=True)
        return self._act("comment", incident, lambda c, i, by: comments.comment(c, i, by, text))

    def retry(self, incident: int, step: int = 1, *, accept: bool = False) -> Incident:
        ctx = self._asked(Permission.OPERATE, incident, "retry")
        accepted = ACCEPTED if accept else ()
        return settled(lambda: again.retry(ctx, incident, self.actor, step - 1, accepted))

    def roll_back(self, incident: int, step: int) -> Incident:
        ctx = self._asked(Permission.OPERATE, incident, "roll back")
        return settled(lambda: again.roll_back(ctx, incident, self.actor, step - 1))

    def approve(self, incident: int, asked: str = "") -> Incident:
        line("asked", asked)
        ctx = self._asked(Permission.APPROVE, incident, "approve")
        groups = self.principal.groups
        return settled(lambda: approvals.approve(ctx, incident, self.actor, groups, asked))

    def reject(self, incident: int, note: str = "") -> Incident:
        line("note", note)
        ctx = self._asked(Permission.APPROVE, incident, "reject")
        return settled(lambda: approvals.reject(ctx, incident, self.actor, note))

    def _asked(self, permission: Permission, incident: int, what: str) -> Context:
        """With every runbook that has no errors: what is asked for hangs on its file."""
        self.may(permission, what)
        self.may(permission, what, self._runbook_of(incident))
        return self.place.contexts.good()

    def _noted(
        self,
        what: str,
        incident: int,
        note: str,
        act: Callable[[Context, int, str, str], Incident],
    ) -> Incident:
        line("note", note)
        return self._act(what, incident, lambda ctx, number, by: act(ctx, number, by, note))

    def _act(
        self, what: str, incident: int, act: Callable[[Context, int, str], Incident]
    ) -> Incident:
        self.may(Permission.OPERATE, what)
        self.may(Permission.OPERATE, what, self._runbook_of(incident))
        ctx = self.ctx
        return settled(lambda: act(ctx, incident, self.actor))

    def look(
        self, probe: str, host: str, options: Mapping[str, Any], timeout: float = 10.0
    ) -> list[Reading]:
        self.may(Permission.OPERATE, "look")
        known = self.place.probes()
        if probe not in known:
            raise NotFound(f"there is no probe {inert(probe, 80)!r}", hint=meant(probe, known))
        ctx = self.place.contexts.whole()
        known_host(ctx.book.inventory, host)
        if options and not _asked_by_a_runbook(ctx, probe, options):
            self.may(Permission.ADMIN, f"look by {inert(probe, 80)} with options of one's own")
        wrong = known[probe].check_options(options)
        if wrong:
            raise UsageError(f"probe {probe}: {'; '.join(wrong)}")
        return look(ctx, probe, host, options, timeout)


def _asked_by_a_runbook(ctx: Context, probe: str, options: Mapping[str, Any]) -> bool:
    """Does a runbook in force look in just this way? Options may name a program to run, a query,
    or where a password is sent: who may not write runbooks may not make them up."""
    try:
        wanted = plain(options)
    except ValueError:
        return False
    looks: list[ProbeTrigger | Verify] = []
    for runbook in ctx.book.runbooks.values():
        looks += [each for each in runbook.triggers if isinstance(each, ProbeTrigger)]
        looks += [runbook.verify] if runbook.verify else []
    return any(each.probe == probe and plain(each.options) == wanted for each in looks)


def targets(ctx: Context, hosts: Sequence[str]) -> list[str]:
    """Exact names, each once. An empty set is nothing to do, never everything."""
    if not hosts:
        raise UsageError("no host is named", hint="give one at least: hosts are never guessed")
    if len(hosts) > HOSTS:
        raise UsageError(f"{len(hosts)} hosts at once; at most {HOSTS} are taken")
    return list(dict.fromkeys(known_host(ctx.book.inventory, host) for host in hosts))


def line(name: str, text: str, most: int = LINE, *, lines: bool = False) -> None:
    """UsageError for what is no line of text."""
    if len(text) > most:
        raise UsageError(f"{name}: {len(text)} characters; at most {most} are kept")
    fault = text_fault(text, lines=lines)
    if fault:
        raise UsageError(f"{name}: it holds a {fault}")
