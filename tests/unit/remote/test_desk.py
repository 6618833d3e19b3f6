"""A server's desk gives the same values and raises the same errors as the one on its store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from autofix.core import cursors
from autofix.core.record_checks import CheckState
from autofix.core.roles import Principal, Role
from autofix.core.runs import RunState
from autofix.core.signals import SignalState
from autofix.desk.local import LocalDesk
from autofix.errors import AutofixError, Denied, HeldError, NotFound, StoreError, UsageError
from autofix.remote.address import of_url
from autofix.remote.client import Client
from autofix.remote.desk import RemoteDesk
from autofix.remote.live import Live
from autofix.remote.wire import Broken, Reply, Request, Wire
from autofix.testing.clock import FakeClock
from unit.desk.kit import desk as local_desk
from unit.desk.kit import person
from unit.flow.world import BOOK
from unit.web.api_kit import Api


class InProcess(Wire):
    """No network: the app itself, in the small world of the flow."""

    def __init__(self, api: Api) -> None:
        super().__init__(of_url("http://127.0.0.1:1"))
        self.api = api
        self.asked: list[Request] = []

    def ask(self, request: Request, *, twice: bool = False) -> Reply:
        self.asked.append(request)
        found = self.api.raw(
            request.method, request.path, content=request.body, headers=dict(request.headers)
        )
        return Reply(found.status_code, dict(found.headers), found.content)

    @contextmanager
    def lines(self, request: Request) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        found = self.ask(request)
        yield found, iter(found.body.splitlines(keepends=True))


class Both:
    """A world, and the two desks of one person in it."""

    def __init__(self, role: Role = Role.ADMIN) -> None:
        self.api = Api()
        self.world = self.api.world
        self.wire = InProcess(self.api)
        self.remote = RemoteDesk(Client(self.wire, token=str(role)), Principal(""))
        self.local: LocalDesk = local_desk(self.world, person(f"{role}1", role))

    def same(self, ask: Callable[[Any], Any]) -> Any:
        """What both of them answer, or the error that both of them raise."""
        here, there = told(ask, self.local), told(ask, self.remote)
        assert there == here
        return there

    def ill(self, *hosts: str) -> None:
        for host in hosts:
            self.world.ill(host)
            self.world.pass_time(130)


def told(ask: Callable[[Any], Any], desk: Any) -> Any:
    try:
        return ask(desk)
    except AutofixError as error:
        kind = next(each for each in (NotFound, Denied, HeldError, UsageError, StoreError)
                    if isinstance(error, each))  # fmt: skip
        return kind, str(error), error.hint


@pytest.fixture
def both() -> Both:
    return Both()


# questions


def test_how_things_stand_and_what_there_is(both: Both) -> None:
    both.ill("r1", "r2")
    assert len(both.same(lambda desk: desk.status()).incidents) == 2
    assert both.same(lambda desk: desk.overview()).open == 2
    assert len(both.same(lambda desk: desk.overview(limit=1)).worst) == 1
    assert [each.name for each in both.same(lambda desk: desk.runbooks())] == [BOOK.name]
    assert both.same(lambda desk: desk.runbook(BOOK.name)).inputs
    assert both.same(lambda desk: desk.hosts())
    assert both.same(lambda desk: desk.probes()) == []
    assert both.same(lambda desk: desk.why(BOOK.name, "r1")).lines
    assert both.same(lambda desk: desk.histories())[0].fired == 2
    assert both.same(lambda desk: desk.history(BOOK.name)).fired == 2
    assert both.same(lambda desk: desk.runbook_source(BOOK.name)).runbook == BOOK.name
    assert both.same(lambda desk: desk.preview(BOOK.name, ["r1", "r3"])).hosts[0].incident == 1
    assert both.same(lambda desk: desk.preview(BOOK.name, [])).faults
    assert both.same(lambda desk: desk.preview("nothing", ["r1"]))[0] is NotFound


def test_lists_by_every_narrowing(both: Both) -> None:
    both.ill("r1", "r2", "r3")
    both.local.pause(host="r1", reason="the vendor is on the line")
    until = both.world.clock.now() + 60
    both.local.add_silence(until=until, reason="x", labels={"team": "db"})
    both.local.add_user("ann", [Role.VIEWER])
    both.local.add_token("ci", lasts=3600, owner="ann", roles=[Role.VIEWER])
    lists: list[Callable[[Any], Any]] = [
        lambda desk: desk.incidents(),
        lambda desk: desk.incidents(host="r2", runbook=BOOK.name),
        lambda desk: desk.incidents(limit=2),
        lambda desk: desk.incident(1, before=8, entries=3),
        lambda desk: desk.incidents(before=3, limit=1),
        lambda desk: desk.runs(),
        lambda desk: desk.runs(incident=1, states=[RunState.FINISHED]),
        lambda desk: desk.runs(host="r3", limit=1),
        lambda desk: desk.pages(),
        lambda desk: desk.silences(everything=True),
        lambda desk: desk.pauses(),
        lambda desk: desk.audit(limit=3),
        lambda desk: desk.audit(incident=2, action="incident.opened"),
        lambda desk: desk.audit(before=5),
        lambda desk: desk.audit(until=FakeClock().now() + 40.0),
        lambda desk: desk.audit(since=FakeClock().now() + 30.0, until=FakeClock().now() + 90.0),
        lambda desk: desk.audit(after=4, limit=2),
        lambda desk: desk.audit(after=4, limit=2, newest_first=False),
        # How often a row was written, and a secret's digest, stay in the store.
        lambda desk: [replace(each, version=0) for each in desk.users()],
        lambda desk: [replace(each, version=0, digest="") for each in desk.tokens(everybody=True)],
    ]
    empty: list[Callable[[Any], Any]] = [
        lambda desk: desk.incidents(severity="P9"),
        lambda desk: desk.incidents(states=frozenset()),
        lambda desk: desk.pages(incident=1, waiting=True),
        lambda desk: desk.alerts(source="none"),
        lambda desk: desk.breakers(),
        lambda desk: desk.kept_secrets(),
    ]
    found = [both.same(ask) for ask in lists]
    assert [number for number, each in enumerate(found) if not each] == []
    assert not any(isinstance(each, tuple) and isinstance(each[0], type) for each in found)
    assert [both.same(ask) for ask in empty] == [[]] * len(empty)


def test_a_list_that_is_longer_than_a_server_gives_at_once(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autofix.remote.looks.MOST", 2)
    both.ill("r1", "r2")
    assert len(both.same(lambda desk: desk.audit(limit=7))) == 7
    everything = both.same(lambda desk: desk.audit(newest_first=False, limit=1000))
    assert [each.seq for each in everything] == list(range(1, len(everything) + 1))
    assert both.same(lambda desk: desk.audit(after=3, limit=2))


def test_one_of_each(both: Both) -> None:
    both.ill("r1")
    assert both.same(lambda desk: desk.incident(1)).runs
    assert both.same(lambda desk: desk.run(1)).id == 1
    assert both.same(lambda desk: desk.run_events(1))
    assert both.same(lambda desk: desk.run_events(1, after=1)) == []
    assert both.same(lambda desk: desk.run_events(1, before=9, limit=1, cut=0))[0][0] == 1
    assert both.same(lambda desk: desk.run_events(1, failed=True)) == []
    assert both.same(lambda desk: desk.usual(1)) is not None
    assert both.same(lambda desk: desk.runs(outcomes=["ok", "failed"]))
    assert both.same(lambda desk: desk.runs(outcomes=[])) == []
    assert both.same(lambda desk: desk.page(1)).page.id == 1
    assert both.same(lambda desk: desk.signal(1)).host == "r1"
    assert both.same(lambda desk: desk.audit_entry(2)).seq == 2
    assert both.same(lambda desk: desk.verify_audit())["holds"] is True
    assert both.same(lambda desk: desk.record_check()).state is CheckState.NEVER
    begun = both.remote.check_record()
    assert begun.state in (CheckState.RUNNING, CheckState.OVER)
    assert both.same(lambda desk: list(desk.export_audit("csv"))) == ["csv"]


def test_what_is_refused_is_refused_in_the_same_words(both: Both) -> None:
    both.ill("r1")
    refused: list[Callable[[Any], Any]] = [
        lambda desk: desk.incident(99),
        lambda desk: desk.run(99),
        lambda desk: desk.page(99),
        lambda desk: desk.signal(99),
        lambda desk: desk.alert(99),
        lambda desk: desk.audit_entry(99_999),
        lambda desk: desk.runbook("nothing"),
        lambda desk: desk.why(BOOK.name, "nowhere"),
        lambda desk: desk.start(BOOK.name, ["nowhere"]),
        lambda desk: desk.start(BOOK.name, ["r1"], inputs={"nothing": 1}),
        lambda desk: desk.cancel(99),
        lambda desk: desk.approve(1),
        lambda desk: desk.retry(1, 9),
        lambda desk: desk.roll_back(1, 1),
        lambda desk: desk.roll_back(99, 1),
        lambda desk: desk.add_silence(until=1.0, reason="x", host="r1"),
        lambda desk: desk.end_silence(99),
        lambda desk: desk.reset_breaker(BOOK.name, "r1"),
        lambda desk: desk.change_user("nobody", roles=[Role.VIEWER]),
        lambda desk: desk.revoke_token(99),
        lambda desk: desk.look("nothing", "r1", {}),
    ]
    for ask in refused:
        found = both.same(ask)
        assert isinstance(found, tuple)
        assert issubclass(found[0], AutofixError)


def test_whose_role_is_not_enough_is_denied() -> None:
    viewer = Both(Role.VIEWER)
    viewer.ill("r1")
    with pytest.raises(Denied, match="needs the role"):
        viewer.remote.acknowledge(1)
    with pytest.raises(Denied) as caught:
        RemoteDesk(Client(viewer.wire, token="wrong-token"), Principal("")).status()
    assert "AUTOFIX_TOKEN" in caught.value.hint


# acts


def test_a_run_is_started_once_however_often_its_request_travels(both: Both) -> None:
    both.world.patient.state["r1"] = {"ratio": 0.95}
    [signal] = both.remote.start(BOOK.name, ["r1"], inputs={"target": "0.7"}, from_text=True)
    assert (signal.state, signal.inputs["target"]) == (SignalState.RECEIVED, 0.7)
    again = both.wire.ask(both.wire.asked[-1])
    assert again.headers["idempotent-replayed"] == "true"
    assert [each["id"] for each in json.loads(again.body)["items"]] == [signal.id]


def test_acts_about_an_incident(both: Both) -> None:
    both.ill("r1")
    assert both.remote.acknowledge(1).acknowledged_at is not None
    assert both.remote.triage(1, "the disk").triaged_at is not None
    assert both.remote.workaround(1).worked_around_at is not None
    assert both.remote.comment(1, "two\nlines").id == 1
    assert both.remote.resolve(1, "mended").reason == "mended"
    assert both.remote.close(1).state == "closed"


def test_a_step_tried_again_and_one_that_has_no_rollback(both: Both) -> None:
    both.ill("r1")
    asked = both.remote.retry(1, 1, accept=True)
    assert (asked.step, asked.due_at) == (0, both.world.clock.now())
    assert "cooldown" in asked.accepted


def test_all_that_a_page_is_about(both: Both) -> None:
    both.ill("r1")
    assert [each.id for each in both.remote.acknowledge_page(1)] == [1]


def test_brakes(both: Both) -> None:
    paused = both.remote.pause(host="r1", reason="the vendor is on the line")
    assert (paused.pause.host, paused.asked) == ("r1", ())
    assert both.same(lambda desk: desk.pauses()) == [paused.pause]
    assert [each.host for each in both.remote.resume(host="r1").lifted] == ["r1"]
    now = both.world.clock.now()
    made = both.remote.add_silence(until=now + 60, reason="x", labels={"team": "db"})
    assert made == both.local.silences()[0]
    assert both.remote.end_silence(made.id) == 0


def test_accounts(both: Both) -> None:
    both.remote.add_user("ann", [Role.ADMIN])
    made = both.remote.add_user("bob", [Role.OPERATOR], password="correct horse 42 battery")
    assert (made.name, bool(made.password)) == ("bob", True)
    assert "horse" not in made.password
    changed = both.remote.change_user("bob", roles=[Role.VIEWER])
    assert changed.roles == {Role.VIEWER}
    token, secret = both.remote.add_token("ci", lasts=3600, owner="bob", roles=[Role.VIEWER])
    assert secret.startswith(f"af_{token.id}_")
    assert both.remote.revoke_token(token.id).revoked_at is not None
    both.remote.keep_secret("sender", "value")
    assert [each["name"] for each in both.remote.kept_secrets()] == ["sender"]
    both.remote.remove_secret("sender")
    assert both.remote.rotate_keys()["new"] == "k2"
    both.remote.remove_user("bob")
    assert [each.name for each in both.remote.users()] == ["ann"]


def test_a_token_whose_secret_was_lost_on_the_way(both: Both) -> None:
    both.remote.add_user("bob", [Role.OPERATOR], password="correct horse 42 battery")

    class Twice(InProcess):
        def ask(self, request: Request, *, twice: bool = False) -> Reply:
            super().ask(request)
            return super().ask(request)

    desk = RemoteDesk(Client(Twice(both.api), token="admin"), Principal(""))
    with pytest.raises(StoreError, match="its secret was lost on the way") as caught:
        desk.add_token("ci", lasts=3600, owner="bob", roles=[Role.VIEWER])
    assert "revoke" in caught.value.hint


# live


def test_output_is_told_live_to_its_end(both: Both) -> None:
    both.ill("r1")
    assert list(both.remote.live(1)) == both.local.run_events(1)
    assert list(both.remote.live(1, after=1)) == []


def test_it_goes_on_where_the_stream_broke_off() -> None:
    answers = [
        ": hello\nid: 1\nevent: event\ndata: {\"kind\": \"ok\", \"at\": 1}\n\n",
        None,
        "retry: 2000\n\nid: 1\nevent: event\ndata: {\"kind\": \"ok\", \"at\": 1}\n\n"
        "id: 2\nevent: event\ndata: {\"kind\":\ndata: \"ok\", \"at\": 2}\n\n",
        f"event: end\ndata: {json.dumps(RUN)}\n\n",
    ]  # fmt: skip
    wire = Streams(answers)
    desk = RemoteDesk(Client(wire, sleep=lambda _: None), Principal(""))
    assert [number for number, _ in live(desk)] == [1, 2]
    assert [each.headers.get("Last-Event-ID") for each in wire.asked] == [None, "1", "1", "2"]


def test_a_server_that_stays_away_is_given_up() -> None:
    wire = Streams([None] * 9)
    with pytest.raises(Broken, match="gone"):
        list(live(RemoteDesk(Client(wire), Principal(""))))
    assert len(wire.asked) == 5


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ("event: end\ndata: {}\n\n", "not understood"),
        ("event: end\ndata: {\n\n", "not understood"),
        ("id: 4\nevent: event\ndata: 7\n\n", "not understood"),
    ],
)
def test_a_stream_that_is_none(stream: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        list(live(RemoteDesk(Client(Streams([stream])), Principal(""))))


RUN = {"id": 1, "incident": 1, "runbook": "b", "host": "h", "kind": "fix", "step": 0,
       "attempt": 1, "playbook": "p.yml", "state": "finished"}  # fmt: skip


class Streams(Wire):
    """Each time the next of these texts; None: the connection can't be made."""

    def __init__(self, texts: list[str | None]) -> None:
        super().__init__(of_url("http://127.0.0.1:1"))
        self.texts, self.asked = list(texts), list[Request]()

    @contextmanager
    def lines(self, request: Request) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        self.asked.append(request)
        text = self.texts.pop(0)
        if text is None:
            raise Broken("the server is gone")
        yield Reply(200, {}, b""), iter(text.encode().splitlines(keepends=True))


def live(desk: RemoteDesk) -> Iterator[tuple[int, Any]]:
    return Live(desk.client, 1, sleep=lambda _: None).events()


def test_cursors_are_the_servers(both: Both) -> None:
    both.ill("r1", "r2")
    both.remote.incidents(before=2)
    assert f"cursor={cursors.encode('incidents', 2)}" in both.wire.asked[-1].path


def test_hosts_and_settings_are_the_same_from_afar() -> None:
    both = Both(Role.VIEWER)
    both.ill("r1")
    assert both.same(lambda desk: desk.fleet(limit=2)).total > 0
    both.same(lambda desk: desk.fleet(name="r", open_only=True))
    both.same(lambda desk: desk.fleet(group="nobody"))
    both.same(lambda desk: desk.host("r1"))
    both.same(lambda desk: desk.host("nobody"))
    both.same(lambda desk: desk.settings())
