"""A world that gets alerts: a source, runbooks with alert triggers, posts past the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autofix.core.alerts import Admission, Alert, Arrival, Delivery, Post
from autofix.core.conditions import ALL_ROOTS, Condition, parse
from autofix.core.door import Refused, read_json
from autofix.core.runbooks import AlertTrigger, Input, Runbook
from autofix.flow import deliveries
from autofix.testing.inventory import FakeInventory
from unit.flow.world import BOOK, World


@dataclass
class Monitor:
    """A source; most stories hand what its posts hold to `accept` directly."""

    name: str = "mon"
    type: str = "generic"
    runbooks: Sequence[str] = ()
    unknown_host: str = "record"
    no_runbook: str = "record"
    policy: str = "default"

    def handshake(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def admit(self, post: Post, now: float) -> Admission:
        return Admission("bearer")

    def alerts(self, post: Post) -> list[Alert]:
        """A list of mappings: `name`, `over` if it is, and labels."""
        found = read_json(post.body)
        if not isinstance(found, list):
            raise Refused("this is no list of alerts")
        return [Alert(one.pop("name", "High"), not one.pop("over", False), one) for one in found]


def label(text: str) -> Condition:
    return parse(text, roots=ALL_ROOTS)


MEMORY = replace(
    BOOK,
    triggers=(AlertTrigger("High", inputs={"note": label("labels.note")}),),
    inputs={**BOOK.inputs, "note": Input("note", max_length=200)},
)


class AlertWorld(World):
    def __init__(self, *books: Runbook, source: Monitor | None = None) -> None:
        super().__init__(*(books or (MEMORY,)))
        self.source = source or Monitor()
        hosts = {"redis": {"r1": {"ansible_host": "10.0.0.1"}, "r2": {}, "r3": {}}}
        self.ctx.book = replace(
            self.ctx.book,
            sources={self.source.name: self.source},  # type: ignore[dict-item]
            inventory=FakeInventory(hosts),
        )
        self.patient.state = {name: {"ratio": 0.95} for name in ("r1", "r2", "r3")}

    def arrival(self, *alerts: Alert, **more: Any) -> Arrival:
        post = Post(self.source.name, more.pop("headers", {}), more.pop("body", b"{}"), "10.9.9.9")
        given = {"admission": Admission("bearer"), "alerts": alerts, **more}
        return Arrival(post, **given)

    def post(self, *alerts: Alert, **more: Any) -> Delivery:
        (row,) = deliveries.accept(self.ctx, [self.arrival(*alerts, **more)])
        return row

    def fires(self, host: str = "r1", **labels: str) -> Delivery:
        return self.post(high(host, **labels))

    def over(self, host: str = "r1") -> Delivery:
        row = self.post(high(host, firing=False))
        self.settle()
        return row

    def events(self, action: str) -> list[Mapping[str, Any]]:
        with self.store.reading() as reads:
            found = reads.audit(action=action)
        return [{**entry.event.payload, "actor": entry.event.actor} for entry in found]

    def paged(self) -> list[str]:
        with self.store.reading() as reads:
            return [page.title for page in reads.pages()]


def high(host: str = "r1", *, firing: bool = True, name: str = "High", **labels: str) -> Alert:
    return Alert(name, firing, {"instance": host, **labels}, fingerprint=f"{name} {host}")
