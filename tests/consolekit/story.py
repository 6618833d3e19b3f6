"""A night in the life of a fleet, so that every page has something to show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consolekit.stage import Stage


def tell(stage: Stage) -> None:
    # cache1 is healed by the second step.
    stage.look("cache1", "cache2", "cache3", "web1", "web2", "web3", "web4")
    stage.cures("redis_evict_expiring.yml", "cache1", used_memory_ratio=0.79)
    for minute in range(15):  # a calm while, then it fills up
        stage.facts.of["cache1"] = {"used_memory_ratio": 0.61 + 0.002 * max(0, minute - 6) ** 2}
        stage.look("cache1")
        stage.clock.advance(60)
    stage.ill("cache1", used_memory_ratio=0.95)
    stage.pass_time(120)
    for ratio in (0.79, 0.80, 0.79, 0.81, 0.80):
        stage.facts.of["cache1"] = {"used_memory_ratio": ratio}
        stage.look("cache1")
        stage.clock.advance(60)
    # cache2 can't be healed without an approval: it waits for one.
    stage.playbooks.does.pop("redis_evict_expiring.yml")
    stage.ill("cache2", used_memory_ratio=0.97)
    stage.pass_time(90)
    # web1 fails and is escalated; web2 is acknowledged by olga.
    stage.fails("compress.yml", "rc 1: no space left on device")
    stage.fails("purge.yml")
    stage.ill("web1", disk_used_ratio=0.99)
    stage.pass_time(30)
    stage.fails("restart.yml", "the unit did not come up")
    stage.ill("web2", load_1=80.0)
    stage.pass_time(30)
    desk = stage.desk()
    for each in desk.incidents(host="web2", limit=1):
        desk.acknowledge(each.id)
        desk.comment(each.id, "I look at it now, the load comes from the backup")
    # web3 is held by a pause, web4 is silenced.
    desk.pause(host="web3", reason="the disk is being changed")
    stage.ill("web3", load_1=90.0)
    until = stage.clock.now() + 7200
    desk.add_silence(until=until, reason="rebuilt this morning", host="web4")
    stage.ill("web4", load_1=70.0)
    # cache3 goes away by itself before anything was done.
    stage.pass_time(10)
    # Alertmanager posts what repeats, what no runbook is for, and once without a credential.
    stage.post(alerts({"alertname": "WebStuck", "instance": "web2"}))
    stage.post(alerts({"alertname": "DiskSlow", "instance": "web1"}, {"alertname": "WebStuck"}))
    stage.post(alerts({"alertname": "WebStuck"}), why="no credential was shown", status=401)


def alerts(*labels: dict[str, str]) -> str:
    """A body as Alertmanager posts it."""
    made = [
        {
            "status": "firing", "labels": each, "annotations": {"summary": "it hangs"},
            "startsAt": "2026-01-01T00:00:00Z", "fingerprint": f"f{number}",
        }
        for number, each in enumerate(labels)
    ]  # fmt: skip
    return json.dumps({"version": "4", "status": "firing", "alerts": made}, indent=1)
