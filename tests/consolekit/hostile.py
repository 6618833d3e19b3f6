"""Strings that are script where they are shown carelessly, in every place of the record where a
stranger's text may stand. What the door would refuse is put straight into the store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

from autofix.core.accounts import Token, User
from autofix.core.alerts import Delivery, DeliveryState, Judged, Verdict
from autofix.core.incidents import Origin, State
from autofix.core.pages import PageState
from autofix.core.pauses import Pause
from autofix.core.roles import Role
from autofix.core.runs import Outcome, RunEvent, RunKind, RunState
from autofix.core.silences import Silence
from autofix.core.triggers import Verdict as Seen
from autofix.core.triggers import Watch
from storekit import event, incident, page, run

STATES = (State.ESCALATED, State.HELD, State.AWAITING_APPROVAL, State.ACKNOWLEDGED, State.HEALED)
OUTCOMES = tuple(Outcome)
RUNBOOK = """\
name: hostile
title: {title}
severity: P1
about: {about}
triggers:
  - {{probe: host, hosts: web, every: 1m, when: load_1 > 50}}
inputs:
  text: {{type: string, default: {title}, help: {title}}}
{inputs}
fix:
  - {{playbook: restart.yml, timeout: 2m}}
verify: {{probe: host, until: load_1 < 10, within: 20s, hold: 5s, every: 5s}}
"""


def fill(stage: Any, corpus: Sequence[str]) -> None:
    """Every string once in each kind of place."""
    _runbook(stage, corpus)
    for at in range(0, len(corpus), 6):
        _incident(stage, at, corpus[at : at + 6])
    _run(stage, corpus)
    _delivery(stage, corpus)
    with stage.store.transaction() as tx:
        for number, text in enumerate(corpus[::2]):
            _others(tx, stage.clock.now(), number, text, " ".join(corpus[number::10]))
        tx.save_watches(list(_watches(stage, corpus)))
        # The newest, so that it is among those that are looked at.
        tx.record(event("hostile", stage.clock.now(), payload={text: text for text in corpus}))


def _runbook(stage: Any, corpus: Sequence[str]) -> None:
    fit = [text for text in corpus if text.isprintable() and "\u202e" not in text]
    about = "\n\n".join(f"{text}\n\n- [link](javascript:{text})" for text in fit)
    said = RUNBOOK.format(
        title=json.dumps(fit[0][:60], ensure_ascii=False),
        about=json.dumps(about[:9000], ensure_ascii=False),
        inputs="\n".join(
            f"  i{number}: {{type: string, help: {json.dumps(text, ensure_ascii=False)}}}"
            for number, text in enumerate(fit)
        ),
    )
    (stage.folder / "runbooks" / "hostile.yaml").write_text(said)
    stage.ctx.book = stage.site.load_book()


def _incident(stage: Any, at: int, texts: Sequence[str]) -> None:
    now, given = stage.clock.now() + at, cycle(texts)
    said = {
        "subject": next(given),
        "reason": next(given),
        "requested_by": next(given),
        "labels": {text: text for text in texts},
        "inputs": {"mount": next(given), next(given): next(given)},
        "facts_before": {"used_memory_ratio": next(given), next(given): 1},
        "facts": {"used_memory_ratio": next(given), next(given): next(given)},
        "approved": {"1.0": next(given)},
        "severity": "P1",
    }
    state = STATES[at // 6 % len(STATES)]
    ended = now if state is State.HEALED else None
    with stage.store.transaction() as tx:
        made = tx.add_incident(
            incident(
                f"h{at}", runbook="web-stuck", state=state, origin=Origin.ALERT, opened_at=now,
                updated_at=now, ended_at=ended, **said,
            ),
            event("incident.opened", now, incident=0, actor=next(given)),
        )  # fmt: skip
        for text in texts:
            note = {"note": text, "reason": text, text: text}
            tx.record(event("incident.commented", now, incident=made.id, actor=text, payload=note))


def _run(stage: Any, corpus: Sequence[str]) -> None:
    now, first = stage.clock.now(), corpus[0]
    with stage.store.transaction() as tx:
        for number, text in enumerate(corpus[::2]):
            made = tx.add_run(
                run(
                    1, runbook="web-stuck", host=f"h{number}", kind=RunKind.FIX, step=number,
                    playbook=text, state=RunState.FINISHED, planned_at=now, started_at=now,
                    finished_at=now, outcome=OUTCOMES[number % len(OUTCOMES)], reason=text,
                    cancel_requested=text, variables={text: text}, owner=text,
                    result={"rc": 1, "report": {text: text}, "stats": {text: {"ok": 1}}},
                ),
                event("run.planned", now, actor=text, payload={"playbook": text}),
            )  # fmt: skip
            if number == len(corpus[::2]) - 1:  # the newest is the first in every list
                tx.add_run_events(made.id, list(_events(corpus, now, first)))


def _watches(stage: Any, corpus: Sequence[str]) -> Iterator[Watch]:
    """What was seen of each host: a part of the strings in each place."""
    hosts = stage.ctx.book.inventory.hosts("all")
    for place, host in enumerate(hosts):
        mine = corpus[place :: len(hosts)]
        for text in mine[:8]:
            yield Watch(
                "web-stuck", 0, host, text, stage.clock.now(), verdict=Seen.UNKNOWN,
                why=" ".join(mine), facts={each: each for each in mine},
            )  # fmt: skip


def _events(corpus: Sequence[str], now: float, first: str) -> Iterator[RunEvent]:
    yield RunEvent("play", now, play=first)
    for kind, text in zip(cycle(("failed", "output", "notice", "ok", "task")), corpus):
        yield RunEvent(kind, now, play=text, task=text, host=text, text=text, data={text: text})


def _delivery(stage: Any, corpus: Sequence[str]) -> None:
    now = stage.clock.now()
    judged = [
        Judged(text, text, verdict, text, "web-stuck", text, text)
        for verdict, text in zip(cycle(Verdict), corpus[::5])
    ]
    body = json.dumps({"alerts": [{"labels": {text: text}} for text in corpus]})
    with stage.store.transaction() as tx:
        for state, at in zip(cycle(DeliveryState), range(0, len(corpus) - 7, 7)):
            refused = state is DeliveryState.REFUSED
            given = corpus[at : at + 7]
            made = Delivery(
                0, now, given[0], given[1], given[2], state, 403 if refused else 202, given[3],
                {"user-agent": given[4]}, body, len(body), tuple(judged), by=given[5],
            )  # fmt: skip
            tx.add_delivery(made, event("alerts.accepted", now, actor=given[6]))


def _others(tx: Any, now: float, number: int, text: str, more: str) -> None:
    name, ends = f"{text}{number}", now + 86400
    tx.add_silence(
        Silence(0, now, text, text, now, ends, text, text, text, {text: text}),
        event("silence.added", now, payload={"reason": text}),
    )
    tx.add_pause(Pause(now, text, text, host=name, id=f"p{number}"), event("pause.set", now))
    tx.add_page(
        page(
            1, policy=text, channels=(text,), title=text, text=f"{text} {more}", dedup_key=name,
            created_at=now, state=tuple(PageState)[number % 3], last_error=text, sent_by=text,
            data={text: text},
        ),
        event("page.queued", now, payload={text: text}),
    )  # fmt: skip
    user = User(0, name, frozenset({Role.VIEWER}), now, text, runbooks=(text,))
    tx.add_user(user, event("user.added", now, payload={"name": text}))
    token = Token(0, name, "ada", name, now, text, ends, runbooks=(text,))
    tx.add_token(token, event("token.made", now, payload={"name": text}))
