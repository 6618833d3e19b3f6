"""All that a story touches outside: what it does leaves traces, which survive a kill."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autofix.core.alerts import Admission, Alert, Post
from autofix.core.pages import Page
from autofix.core.readings import Reading
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.errors import ChannelError
from crashkit.books import FACTS
from crashkit.lasting import Traces
from crashkit.scenes import does


def wished(traces: Traces, incident: int) -> bool:
    """Has a person had something done once more?"""
    return any(line["incident"] == incident for line in traces.all("wished"))


class Monitoring:
    """A source; its posts come in past the door."""

    name, type, policy = "mon", "generic", "default"
    runbooks: Sequence[str] = ()
    unknown_host = no_runbook = "record"

    def handshake(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {}

    def admit(self, post: Post, now: float) -> Admission:
        return Admission("bearer")

    def alerts(self, post: Post) -> list[Alert]:
        return []


class Senses:
    """The probe: what the world's traces say of a host."""

    name = "facts"
    facts: Mapping[str, Any] = {}
    open_ended = True

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def options_schema(self) -> Mapping[str, Any]:
        return {}

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return []

    def look(self, target: Any, options: Any, *, timeout: float, now: float) -> list[Reading]:
        facts: dict[str, float] = dict.fromkeys(FACTS, 0.5)
        for line in self._traces.all("health"):
            if line["host"] == target.host:
                facts[line["fact"]] = line["value"]
        return [Reading(target.host, now, {"reachable": True, "error": None, **facts})]


class Hands:
    """The runner: leaves a trace when a playbook begins to act, and when it is through."""

    def __init__(self, seed: int, traces: Traces) -> None:
        self._seed, self._traces = seed, traces

    def run(self, order: RunOrder, on_event: Callable[[RunEvent], None], cancel: Any) -> RunResult:
        on_event(RunEvent("start", 0.0))
        told = {name: order.variables[name] for name in ("runbook", "kind", "step", "incident")}
        self._traces.add("begun", run=order.run_id, playbook=order.playbook, **told)
        on_event(RunEvent("task", 0.0, task="a task", host=order.host))
        what = does(self._seed, order.host, order.playbook)
        if told["kind"] == "rollback" and wished(self._traces, told["incident"]):
            what = "nothing"  # whoever has it undone saw to it that this can be
        if what == "cures":
            fact = next(f for f, book in FACTS.items() if book.name == told["runbook"])
            self._traces.add("health", host=order.host, fact=fact, value=0.5)
        self._traces.add("ended", run=order.run_id)
        outcome = Outcome.FAILED if what == "fails" else Outcome.OK
        return RunResult(outcome, what, 0)

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        return []


class Bell:
    """The channel: whom it reached is a trace."""

    name, closes = "bell", False

    def __init__(self, traces: Traces, port: int) -> None:
        self._traces, self._port = traces, port

    def send(self, page: Page, *, timeout: float) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout):
                pass
        except OSError as error:
            raise ChannelError(f"nobody answers: {error}") from None
        self._traces.add("rung", page=page.id, incident=page.incident, runbook=page.runbook)
        return "rang"
