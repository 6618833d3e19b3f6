"""The local desk: what a person may do, how refusals are told, and what is on the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from autofix.core.conditions import parse
from autofix.core.incidents import State
from autofix.core.roles import Role
from autofix.core.runbooks import Input, ProbeTrigger
from autofix.core.signals import SignalState
from autofix.desk.local import LocalDesk
from autofix.errors import Denied, HeldError, NotFound, UsageError
from autofix.flow import intake
from autofix.ports import Probe
from unit.desk.kit import desk, person, place
from unit.flow.world import BOOK, Patient, World


def actions(world: World) -> list[str]:
    with world.store.reading() as reads:
        return [each.event.action for each in reads.audit()]


def ill(world: World, host: str = "r1") -> int:
    """An incident that waits for a person, who was paged."""
    world.ill(host)
    world.pass_time(120)
    return world.incidents()[-1].id


ACTS: list[tuple[str, Callable[[LocalDesk], object]]] = [
    ("run", lambda d: d.start(BOOK.name, ["r1"])),
    ("cancel", lambda d: d.cancel(1)),
    ("acknowledge", lambda d: d.acknowledge(1)),
    ("acknowledge page", lambda d: d.acknowledge_page(1)),
    ("triage", lambda d: d.triage(1)),
    ("workaround", lambda d: d.workaround(1)),
    ("resolve", lambda d: d.resolve(1)),
    ("close", lambda d: d.close(1)),
    ("comment", lambda d: d.comment(1, "seen")),
    ("retry", lambda d: d.retry(1)),
    ("roll back", lambda d: d.roll_back(1, 1)),
    ("approve", lambda d: d.approve(1)),
    ("reject", lambda d: d.reject(1)),
    ("pause", lambda d: d.pause()),
    ("resume", lambda d: d.resume()),
    ("silence", lambda d: d.add_silence(until=9e9, reason="x", host="r1")),
    ("end silence", lambda d: d.end_silence(1)),
    ("reset breaker", lambda d: d.reset_breaker(BOOK.name, "r1")),
    ("look", lambda d: d.look("redis", "r1", {})),
    ("audit", lambda d: d.audit()),
    ("audit verify", lambda d: d.verify_audit()),
    ("audit export", lambda d: d.export_audit("jsonl")),
]


@pytest.mark.parametrize(("what", "act"), ACTS, ids=[each[0] for each in ACTS])
def test_a_viewer_may_do_nothing_of_it_and_the_record_says_so(
    what: str, act: Callable[[LocalDesk], object]
) -> None:
    world = World()
    with pytest.raises(Denied, match="ann may not do this: it needs the role"):
        act(desk(world, person("ann", Role.VIEWER)))
    assert actions(world) == ["access.denied"]


def test_a_viewer_sees_everything_else() -> None:
    world = World()
    number = ill(world)
    at = desk(world, person("eve", Role.VIEWER))
    assert at.status().incidents[0].id == number
    assert at.incident(number).incident.host == "r1"
    assert at.runs()[0].host == "r1"
    assert at.run_events(at.runs()[0].id)[0][0] == 1
    assert at.page(at.pages()[0].id).page.incident == number
    assert [each.name for each in at.runbooks()] == [BOOK.name]
    assert at.runbook(BOOK.name).hosts == ("r1", "r2", "r3")
    assert at.hosts() == ["r1", "r2", "r3"]
    assert f"incident {number}" in at.why(BOOK.name, "r1").verdict
    assert (at.silences(), at.pauses(), at.breakers()) == ([], [], [])
    assert "access.denied" not in actions(world)


def test_a_list_of_runbooks_narrows_acts_and_not_looks() -> None:
    world = World()
    number = ill(world)
    at = desk(world, person("ops", Role.OPERATOR, runbooks=["other"]))
    assert at.incident(number).incident.id == number
    with pytest.raises(Denied, match=f"may not do this with {BOOK.name} .allowed: other"):
        at.acknowledge(number)
    with pytest.raises(Denied):
        at.start(BOOK.name, ["r1"])
    with pytest.raises(Denied):
        at.cancel(1)
    until = world.clock.now() + 60
    silence = desk(world).add_silence(until=until, reason="x", runbook=BOOK.name)
    with pytest.raises(Denied):
        at.end_silence(silence.id)


class Asked(Patient):
    def check_options(self, _options: object) -> list[str]:
        return []


@pytest.mark.parametrize("probe", ["command", "sql", "http"])
def test_only_an_administrator_makes_up_what_a_probe_is_asked(probe: str) -> None:
    """Options name programs, queries, and where a password goes: an operator who may choose them
    is the server's own user."""
    world = World()
    here = replace(place(world), probes=lambda: {probe: cast(Probe, Asked())})
    own = {"argv": ["id"]}
    with pytest.raises(Denied, match="needs the role admin"):
        LocalDesk(here, person("ops", Role.OPERATOR)).look(probe, "r1", own)
    assert actions(world) == ["access.denied"]


def test_an_operator_looks_as_a_runbook_does() -> None:
    trigger = ProbeTrigger("redis", "redis", parse("ratio > 0.9"), options={"ports": [6379]})
    world = World(replace(BOOK, triggers=(trigger,)))
    here = replace(place(world), probes=lambda: {"redis": cast(Probe, Asked())})
    at = LocalDesk(here, person("ops", Role.OPERATOR))
    assert at.look("redis", "r1", {})[0].host == "r1"
    assert at.look("redis", "r1", {"ports": [6379]})[0].host == "r1"
    with pytest.raises(Denied):
        at.look("redis", "r1", {"ports": [22]})


def test_acts_are_on_the_record_under_the_name_of_who_did_them() -> None:
    world = World()
    number = ill(world)
    bot = replace(person("ann", Role.OPERATOR), via="token deploy")
    at = desk(world, bot)
    assert at.acknowledge(number).state is State.ACKNOWLEDGED
    assert at.comment(number, "the disk is old\nsee ticket").id == number
    assert at.resolve(number, "mended by hand").state is State.RESOLVED
    assert at.close(number).state is State.CLOSED
    with world.store.reading() as reads:
        said = {
            each.event.action: each.event
            for each in reads.audit(incident=number)
            if each.event.actor != "autofix"
        }
    by = {said[f"incident.{verb}"].actor for verb in ("acknowledged", "commented", "closed")}
    assert by == {"ann (token deploy)"}
    assert said["incident.commented"].payload["note"] == "the disk is old\nsee ticket"


def test_a_run_begins_as_a_signal_for_each_host() -> None:
    world = World()
    at = desk(world, person("ops", Role.OPERATOR))
    started = at.start(BOOK.name, ["r1", "r2", "r1"], inputs={"target": 0.7}, accept=True)
    assert [(each.host, each.by, each.state) for each in started] == [
        ("r1", "ops", SignalState.RECEIVED),
        ("r2", "ops", SignalState.RECEIVED),
    ]
    assert started[0].inputs == {"target": 0.7}
    assert "cooldown" in started[0].accepted
    assert intake.handle(world.ctx, started[0]).state is not SignalState.RECEIVED
    assert at.signal(started[0].id).state is not SignalState.RECEIVED


def test_an_input_that_nobody_gave_and_that_has_no_default_holds_no_run_back() -> None:
    book = replace(BOOK, inputs={**BOOK.inputs, "loud": Input("loud", "boolean")})
    world = World(book)
    [started] = desk(world).start(BOOK.name, ["r1"])
    assert intake.handle(world.ctx, started).state is SignalState.MATCHED


@pytest.mark.parametrize(
    ("runbook", "hosts", "inputs", "words"),
    [
        (BOOK.name, [], {}, "no host is named"),
        (BOOK.name, ["redis"], {}, "'redis' is a group, not a host"),
        (BOOK.name, ["r*"], {}, "'r.' is not a host of the inventory"),
        (BOOK.name, ["r1,r2"], {}, "is not a host of the inventory"),
        ("redis-memory-hig", ["r1"], {}, "there is no runbook 'redis-memory-hig'"),
        (BOOK.name, ["r1"], {"target": "0.7"}, "input 'target'"),
        (BOOK.name, ["r1"], {"ansible_user": "root"}, "there is no input 'ansible_user'"),
    ],
)
def test_a_run_that_is_asked_for_wrongly_leaves_nothing(
    runbook: str, hosts: list[str], inputs: dict[str, object], words: str
) -> None:
    world = World()
    with pytest.raises(UsageError, match=words) as caught:
        desk(world).start(runbook, hosts, inputs=inputs)
    assert actions(world) == []
    assert caught.value.hint.startswith("its hosts: r1") is (hosts == ["redis"])


def test_what_was_typed_is_read_by_its_type() -> None:
    typed = desk(World()).start(BOOK.name, ["r1"], inputs={"target": "0.7"}, from_text=True)
    assert typed[0].inputs == {"target": 0.7}


@pytest.mark.parametrize(
    "ask",
    [
        lambda d: d.incident(99),
        lambda d: d.acknowledge(99),
        lambda d: d.approve(99),
        lambda d: d.comment(99, "x"),
        lambda d: d.run(99),
        lambda d: d.run_events(99),
        lambda d: d.cancel(99),
        lambda d: d.page(99),
        lambda d: d.acknowledge_page(99),
        lambda d: d.signal(99),
        lambda d: d.end_silence(99),
        lambda d: d.runbook("nope"),
        lambda d: d.why(BOOK.name, "nope"),
        lambda d: d.why("nope", "r1"),
        lambda d: d.reset_breaker("nope", "r1"),
        lambda d: d.add_silence(until=1.70001e9, reason="x", group="r1"),
        lambda d: d.look("nope", "r1", {}),
        lambda d: d.audit_entry(99),
    ],
)
def test_what_is_not_there_is_said_to_be_so(ask: Callable[[LocalDesk], object]) -> None:
    world = World()
    with pytest.raises(NotFound):
        ask(desk(world))
    assert actions(world) == []


def test_two_who_approve_at_once_and_the_second_hears_of_the_first() -> None:
    asking = replace(BOOK, guards=replace(BOOK.guards, approval="always"))
    world = World(asking)
    world.ill()
    with world.store.reading() as reads:
        waiting = reads.incidents(states=[State.AWAITING_APPROVAL])[0]
    desk(world, person("ann", Role.APPROVER)).approve(waiting.id)
    with pytest.raises(HeldError, match="was approved by ann already"):
        desk(world, person("bob", Role.APPROVER)).approve(waiting.id)


def test_a_pause_of_nothing_is_no_pause() -> None:
    world = World()
    at = desk(world, person("ops", Role.OPERATOR))
    with pytest.raises(NotFound, match="'r9' is not a host"):
        at.pause(host="r9")
    assert (at.pauses(), world.ctx.switch.pauses()) == ([], [])
    assert at.pause(host="r1", reason="look first").pause.scope == "r1"
    assert [each.words for each in at.pauses()] == ["r1 paused by ops: look first"]
    assert [each.host for each in at.resume(host="r1").lifted] == ["r1"]


def test_words_for_the_record_are_lines_of_text() -> None:
    at = desk(World())
    with pytest.raises(UsageError, match="note: it holds a control character"):
        at.resolve(1, "red \x1b[31m")
    with pytest.raises(UsageError, match="at most 1000"):
        at.pause(reason="x" * 1001)
    with pytest.raises(UsageError, match="needs words"):
        at.comment(1, "  ")


def test_who_is_narrowed_holds_everything_and_lets_go_only_of_his_own() -> None:
    world = World()
    his = desk(world, person("olaf", Role.OPERATOR, runbooks=[BOOK.name]))
    his.pause(reason="the fire")
    with pytest.raises(Denied, match=f"with every runbook .allowed: {BOOK.name}"):
        his.resume()
    until = world.clock.now() + 3600
    with pytest.raises(Denied, match="every runbook"):
        his.add_silence(until=until, reason="noise", host="r1")
    own = his.add_silence(until=until, reason="noise", runbook=BOOK.name)
    wide = desk(world).add_silence(until=until, reason="disks", host="r1")
    with pytest.raises(Denied, match="every runbook"):
        his.end_silence(wide.id)
    his.end_silence(own.id)
    desk(world).resume()
