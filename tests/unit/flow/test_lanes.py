"""A channel that hangs or fails holds up no other; what no channel takes is tried for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from autofix.core.escalation import simple
from autofix.core.pages import PageState
from autofix.flow import escalate
from autofix.flow.lanes import AT_ONCE, Lanes
from autofix.flow.outbox import send
from autofix.flow.pools import Pools
from autofix.flow.tick import Engine
from autofix.testing.channels import FailingChannel, HangingChannel, RecordingChannel
from unit.flow.alarms import Alarms, alarm
from unit.flow.world import BOOK, World


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def notices(world: World, policy: str, count: int) -> None:
    """So many pages for one policy, each of its own."""
    with world.store.transaction() as tx:
        for number in range(count):
            page = escalate.notify(
                world.ctx, tx, f"{policy} {number}", "text", f"{policy}:{number}", world.clock.now()
            )
            assert page is not None
            channels = world.ctx.book.policies[policy].channels
            tx.save_page(replace(page, policy=policy, channels=channels), None)


@pytest.fixture
def hanging() -> HangingChannel:
    return HangingChannel("stuck")


def test_a_channel_that_hangs_holds_up_no_other(hanging: HangingChannel) -> None:
    world = World()
    good = RecordingChannel("good")
    policies = {"default": simple("default", "stuck"), "ops": simple("ops", "good")}
    world.ctx.book = replace(
        world.ctx.book, channels={"stuck": hanging, "good": good}, policies=policies
    )
    world.ctx.lanes = Lanes(timeout=60.0)
    notices(world, "default", 40)  # far more than there are threads for it
    notices(world, "ops", 5)
    pools = Pools()
    engine = Engine(world.ctx, pools.start)
    thread = threading.Thread(target=lambda: engine.run(), name="engine")
    thread.start()
    try:
        began = time.monotonic()
        good.wait_for(5, seconds=10)
        assert time.monotonic() - began < 5
        until(lambda: hanging.tried == AT_ONCE)
    finally:
        engine.stop()
        thread.join()
        hanging.release()
        pools.close(wait=True)


def test_threads_that_hang_in_a_channel_are_bounded(hanging: HangingChannel) -> None:
    world = Alarms()
    world.alarm()
    page, lanes = world.pages()[0], Lanes(timeout=0.02)
    errors = [send(hanging, page, "stuck", lanes)[1] for _ in range(5)]
    hanging.release()
    assert errors[:AT_ONCE] == ["no answer within 0.02 s"] * AT_ONCE
    assert errors[AT_ONCE:] == ["earlier tries hang in it still"] * 3
    assert hanging.tried == AT_ONCE
    until(lambda: lanes.enter("stuck"))  # it came back


def test_a_channel_that_failed_lately_is_passed_over_by_the_next_page() -> None:
    world = Alarms(simple("default", "bell", "second"))
    broken = FailingChannel("bell")
    world.ctx.book = replace(world.ctx.book, channels={"bell": broken, "second": world.second})
    other = replace(BOOK, name="disk-full", title="Disk full")
    world.alarm()
    world.settle()
    world.pass_time(5)
    alarm(world.ctx, "r2", runbook=other)
    world.settle()
    assert broken.tried == 1  # the first page's try
    assert len(world.second.rung) == 2
    world.pass_time(3600, step=60)
    assert broken.tried > 1  # and it is tried again later


def test_when_all_channels_are_down_for_hours_one_that_comes_back_is_found() -> None:
    world = Alarms(simple("default", "bell", "second"))
    world.bell.broken = world.second.broken = "down"
    number = world.alarm()
    world.pass_time(6 * 3600, step=30)
    queued = [page for page in world.pages() if page.state is PageState.QUEUED]
    assert len(queued) == 1  # the later calls replaced the earlier ones
    tries = world.actions(number).count("page.failed")
    assert 6 * 3600 / 300 <= tries / 2 <= 6 * 3600 / 150 + 20
    world.second.broken = ""
    world.pass_time(301, step=5)
    assert len(world.second.rung) == 1


def test_of_many_pages_none_is_lost_when_all_channels_were_down() -> None:
    world = Alarms(simple("default", "bell", "second"))
    world.bell.broken = world.second.broken = "down"
    for number in range(20):
        alarm(world.ctx, "r1", runbook=replace(BOOK, name=f"book-{number}"))
    world.pass_time(2 * 3600, step=30)
    world.bell.broken = ""
    world.pass_time(600, step=10)
    assert {page.runbook for page in world.bell.rung} == {f"book-{n}" for n in range(20)}
