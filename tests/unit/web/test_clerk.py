"""The clerk's thread outlives whatever goes wrong with some posts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from autofix.config.web_models import WebBlock
from autofix.core.alerts import Delivery, DeliveryState, Post
from autofix.web.clerk import Clerk
from autofix.web.services import Services
from unit.flow.world import World


def test_what_breaks_beside_the_writing_costs_one_answer_and_not_the_clerk() -> None:
    world, broken = World(), [True]

    def context() -> Any:
        if broken[0]:
            raise ZeroDivisionError
        return world.ctx

    services = Services(
        context=context,
        desk=lambda _: pytest.fail("no desk here"),
        doorman=None,  # type: ignore[arg-type]
        settings=WebBlock,
    )
    done = Delivery(1, 0.0, "am", "", "", DeliveryState.ACCEPTED, 202, "")
    clerk = Clerk(services, lambda _, arrivals: [done] * len(arrivals))
    clerk.start()

    async def story() -> Delivery:
        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(clerk.offer(Post("am", {}, b"{}"), loop).answer, 10)
        broken[0] = False
        return await asyncio.wait_for(clerk.offer(Post("am", {}, b"{}"), loop).answer, 10)

    try:
        assert asyncio.run(story()) == done
        assert clerk.alive
    finally:
        clerk.stop()
    assert not clerk.alive


def test_an_address_forges_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    def broken(_ctx: object, _arrivals: object) -> list[Delivery]:
        raise ZeroDivisionError

    services = Services(
        context=lambda: world.ctx,
        desk=lambda _: pytest.fail("no desk here"),
        doorman=None,  # type: ignore[arg-type]
        settings=WebBlock,
    )
    clerk = Clerk(services, broken)
    clerk.start()

    async def story() -> None:
        post = Post("am\nERROR forged \x1b[2J", {}, b"{}")
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(clerk.offer(post, asyncio.get_running_loop()).answer, 10)

    try:
        asyncio.run(story())
    finally:
        clerk.stop()
    [line] = [each.getMessage() for each in caplog.records if "judged" in each.getMessage()]
    assert line.isprintable()
