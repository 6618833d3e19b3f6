"""SAFETY test 4 for alerts: whatever a label names as the host, only the approved hosts run.

And test 5: whatever stands for a name in an alert, nothing outside of the project is opened.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autofix.ansible.inventory import AnsibleInventory
from autofix.core.alerts import Alert, Verdict
from autofix.core.runbooks import AlertTrigger
from autofix.flow import deliveries
from safety.payloads import PAYLOADS
from safety.test_limits import HOSTS, KNOWN_BAD, fuzzed
from servers.site import Site
from unit.flow.alerting import MEMORY, AlertWorld, label

PATHS = (
    "../redis-memory-high", "/etc/passwd", "..", ".", "redis-memory-high/../x", "~root",
    "redis-memory-high\x00", "runbooks/redis-memory-high.yaml", "%2e%2e%2f", "file:///etc/passwd",
    "redis-memory-high.yaml", "C:\\x", "\\\\host\\share", "${HOME}", "1", "-1", "0", "1e999",
)  # fmt: skip


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> AnsibleInventory:
    return AnsibleInventory.read(Site(tmp_path_factory.mktemp("site"), HOSTS).options)


@pytest.mark.parametrize("strip", [False, True], ids=["exact", "strip_port"])
@pytest.mark.parametrize("count", [pytest.param(300), pytest.param(5000, marks=pytest.mark.long)])
def test_the_hosts_that_run_are_the_approved_set(
    inventory: AnsibleInventory, count: int, strip: bool
) -> None:
    runbook = replace(MEMORY, triggers=(AlertTrigger("High", strip_port=strip),))
    runbook = replace(runbook, guards=replace(runbook.guards, at_once=1000))
    world = AlertWorld(runbook)
    world.ctx.book = replace(
        world.ctx.book,
        inventory=inventory.table,
        limits=replace(
            world.ctx.book.limits, hosts_at_once=1000, percent_of_group=100.0, runs_per_hour=10_000
        ),
    )
    world.patient.state = {name: {"ratio": 0.95} for name in inventory.names()}
    texts = fuzzed([*inventory.names(), "alias-1"], count)
    posts = [world.arrival(Alert("High", True, {"instance": text})) for text in texts]
    rows = deliveries.accept(world.ctx, posts)
    world.pass_time(2)
    judged = [(text, row.judged[0]) for text, row in zip(texts, rows, strict=True)]
    approved = {host for text in texts if (host := inventory.resolve(text))}
    fired = {each.host for _, each in judged if each.verdict is Verdict.FIRES}
    executed = {order.host for order in world.hands.orders}
    assert executed == fired
    assert approved <= fired <= set(inventory.names())
    assert fired == approved or strip
    for text, each in judged:
        known = inventory.resolve(text) or strip
        assert each.host == "" or known, text
        assert each.host in ("", *inventory.names())


@pytest.mark.parametrize("text", [text for text in KNOWN_BAD if text not in ("alias-1",)])
def test_what_ansible_would_expand_fires_nothing(inventory: AnsibleInventory, text: str) -> None:
    world = AlertWorld()
    world.ctx.book = replace(world.ctx.book, inventory=inventory.table)
    row = world.post(Alert("High", True, {"instance": text}))
    world.settle()
    assert [each.verdict for each in row.judged] == [Verdict.IGNORED]
    assert (world.hands.orders, world.incidents()) == ([], [])


@pytest.mark.parametrize("text", [*PATHS, *PAYLOADS])
def test_names_in_an_alert_name_nothing_of_ours(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the alert's name, its fingerprint, a subject and a value: no runbook and no playbook that
    the files in force do not have, and no path."""
    monkeypatch.chdir(tmp_path)
    runbook = replace(MEMORY, triggers=(AlertTrigger("High", subject=label("labels.port")),))
    world = AlertWorld(runbook)
    world.post(
        Alert(text, True, {"instance": "r1", "runbook": text, "playbook": text}, {}, text),
        Alert("High", True, {"instance": "r1", "port": text, "playbook": text}, {text: text}, text),
    )
    world.settle()
    known = {step.playbook for step in runbook.fix}
    assert set(world.hands.played) <= known
    assert {order.host for order in world.hands.orders} <= {"r1"}
    assert {each.runbook for each in world.incidents()} <= {runbook.name}
    assert list(tmp_path.iterdir()) == []
