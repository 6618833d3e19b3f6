"""The story of an incident as moments, oldest first: what was seen, decided, run, told and done,
by whom, and how it came out. The words for people are the page's; here stands what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autofix.core.audit import AuditEntry
from autofix.core.inert import MASK, names_a_secret
from autofix.core.pages import Page, PageState
from autofix.core.runs import Outcome, Run, RunState
from autofix.core.stories import IncidentStory

#: What a person does; everything else autofix does.
BY_PEOPLE = frozenset(
    {"acknowledged", "approved", "rejected", "approval_refused", "triaged", "worked_around",
     "commented", "retried", "resolved", "closed", "cancel_requested"}
)  # fmt: skip
#: How a moment looks, where it is not plain.
TONES: Mapping[str, str] = {
    "opened": "bad", "acting": "busy", "held": "warn", "awaiting_approval": "warn",
    "escalated": "bad", "called": "bad", "not_healed": "warn", "rolling_back": "busy",
    "healed": "good", "done": "good", "recovered": "good", "resolved": "good", "closed": "good",
    "symptom_gone": "good", "rolled_back": "good", "acknowledged": "good", "approved": "good",
    "rejected": "warn", "approval_refused": "warn", "missed": "bad", "near": "warn",
}  # fmt: skip
#: The record of them only says what a run, a page or the moment after them says better.
_TOLD_ELSEWHERE = frozenset({"verifying"})


@dataclass(frozen=True)
class Moment:
    """`kind`: the verb of the record (`acting`, `commented`), or `run`, `looked`, `page`, `waits`.

    `at` in seconds since 1970, `seconds` how long it took, `seq` its place in the record (0:
    none). `told`: what was said then, in words, from the record. `count`: how many looks.
    """

    at: float
    kind: str
    seq: int = 0
    who: str = ""
    told: str = ""
    note: str = ""
    tone: str = ""
    step: int = 0  # from 1; 0: of no step
    seconds: float | None = None
    count: int = 1
    more: tuple[str, ...] = ()  # steps that were passed over; tries of a page that failed
    via: str = ""
    due_at: float | None = None
    run: Run | None = None
    page: Page | None = None

    @property
    def by_person(self) -> bool:
        return self.kind in BY_PEOPLE


def timeline(
    story: IncidentStory, *, earlier: bool = False, later: bool = False
) -> tuple[Moment, ...]:
    """All that happened. `earlier`, `later`: the record in the story is a part, before or after
    which more happened that is not to be told here."""
    entries = sorted(story.record, key=lambda each: each.seq)
    beside = [*_runs(story.runs, entries), *_pages([*story.pages, *story.digests], entries)]
    within = [each for each in beside if _within(each, entries, earlier, later)]
    found = sorted([*_entries(entries), *within], key=lambda each: (each.at, each.seq or 10**18))
    return tuple(_folded(found))


def _within(moment: Moment, entries: Sequence[AuditEntry], earlier: bool, later: bool) -> bool:
    """Is it told with these entries? By its own line of the record, where it has one: what is not
    written down any more is older than all of it, what waits to be is newer."""
    if moment.seq or not entries:
        return True
    return not (earlier if moment.at < entries[0].event.at else later)


def _entries(entries: Iterable[AuditEntry]) -> Iterator[Moment]:
    for entry in entries:
        noun, _, verb = entry.event.action.partition(".")
        known = noun == "incident" or entry.event.action == "run.cancel_requested"
        if known and verb not in _TOLD_ELSEWHERE:
            yield _moment(entry, verb)


def _moment(entry: AuditEntry, verb: str) -> Moment:
    event, told = entry.event, entry.event.payload
    kind = _deadline(verb)
    skipped = told.get("skipped")
    due = told.get("due_at")
    return Moment(
        event.at,
        kind,
        entry.seq,
        event.actor,
        _first(told, "saw", "error", "reason"),
        str(told.get("note") or ""),
        _tone(kind, told),
        _number(told.get("step")),
        more=tuple(str(each) for each in skipped) if isinstance(skipped, list | tuple) else (),
        via=str(told.get("via") or ""),
        due_at=float(due) if isinstance(due, int | float) else None,
    )


def _deadline(verb: str) -> str:
    return verb.removeprefix("deadline_")


def _tone(kind: str, told: Mapping[str, object]) -> str:
    if kind == "looked":
        return {"healed": "good", "wait": ""}.get(str(told.get("judgement")), "warn")
    return TONES.get(kind, "")


def _first(told: Mapping[str, object], *names: str) -> str:
    return next((str(told[name]) for name in names if told.get(name)), "")


def _number(step: object) -> int:
    return step if isinstance(step, int) else 0


def _runs(runs: Sequence[Run], entries: Sequence[AuditEntry]) -> Iterator[Moment]:
    started = {e.event.run: e.seq for e in entries if e.event.action == "run.started"}
    asked = {e.event.run: e.seq for e in entries if e.event.action == "run.planned"}
    for run in runs:
        if run.started_at is not None:
            end = run.finished_at
            took = end - run.started_at if end is not None else None
            at, seq = run.started_at, started.get(run.id, 0)
            yield Moment(
                at, "run", seq, told=run.reason, tone=_of_run(run), step=run.step + 1,
                seconds=took, run=run,
            )  # fmt: skip
        elif run.state is RunState.PLANNED and run.due_at is not None:
            seq = asked.get(run.id, 0)
            yield Moment(
                run.planned_at, "waits", seq, told=run.reason, tone="warn", step=run.step + 1,
                run=run,
            )  # fmt: skip


def _of_run(run: Run) -> str:
    if run.outcome is None:
        return "busy"
    tones = {Outcome.OK: "good", Outcome.CANCELLED: "warn"}
    return tones.get(run.outcome, "bad")


def _pages(pages: Sequence[Page], entries: Sequence[AuditEntry]) -> Iterator[Moment]:
    # Of thousands of pages each would look through tens of thousands of entries.
    about: dict[int, list[AuditEntry]] = {}
    for entry in entries:
        about.setdefault(_number(entry.event.payload.get("page")), []).append(entry)
    for page in pages:
        mine = about.get(page.id, [])
        tries = [
            f"{e.event.payload.get('channel', '')}: {e.event.payload.get('error', '')}"
            for e in mine
            if e.event.action == "page.failed"
        ]
        tone = {PageState.SENT: "good", PageState.QUEUED: "bad"}.get(page.state, "")
        yield Moment(
            page.created_at, "page", mine[0].seq if mine else 0, told=page.title, tone=tone,
            more=tuple(tries), page=page,
        )  # fmt: skip


def _folded(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Looks that follow one another are one: how many, for how long, and what the last one saw."""
    gathered: Moment | None = None
    for each in moments:
        if gathered is not None and each.kind == "looked":
            told = replace(each, at=gathered.at, seq=gathered.seq, count=gathered.count + 1)
            gathered = replace(told, seconds=each.at - gathered.at)
            continue
        if gathered is not None:
            yield gathered
        gathered = each if each.kind == "looked" else None
        if gathered is None:
            yield each
    if gathered is not None:
        yield gathered


def changes(
    before: Mapping[str, object], now: Mapping[str, object]
) -> list[tuple[str, object, object, bool]]:
    """(name, before, now, differs) of every fact, those that differ first; no secrets."""
    rows = [
        (name, *_masked(name, before.get(name), now.get(name)), before.get(name) != now.get(name))
        for name in sorted({*before, *now})
        if before.get(name) is not None or now.get(name) is not None
    ]
    return sorted(rows, key=lambda row: not row[3])


def _masked(name: str, *values: object) -> tuple[object, object]:
    one, other = (MASK if each and names_a_secret(name) else each for each in values)
    return one, other
