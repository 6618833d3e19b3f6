"""A night in the life of a fleet, so that every page has something to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consolekit.stage import Stage


def tell(stage: Stage) -> None:
    # cache1 is healed by the second step.
    stage.look("cache1", "cache2", "cache3", "web1", "web2", "web3", "web4")
    stage.cures("redis_evict_expiring.yml", "cache1", used_memory_ratio=0.79)
    stage.ill("cache1", used_memory_ratio=0.95)
    stage.pass_time(120)
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
