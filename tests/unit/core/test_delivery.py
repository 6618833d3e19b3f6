"""Which channel tries a page next."""

from __future__ import annotations

import pytest

from autofix.core.delivery import REST_LIMIT, Try, Wait, choose, rest

CHANNELS = ("ding", "mail", "phone")


@pytest.mark.parametrize(
    ("tried", "resting", "goes"),
    [
        (0, {}, Try("ding")),
        (1, {}, Try("mail")),
        (3, {}, Try("ding")),
        (0, {"ding": 60.0}, Try("mail", 1)),  # what failed for others is passed over at once
        (0, {"ding": 5.0}, Try("ding")),  # it has rested
        (2, {"phone": 60.0, "ding": 60.0}, Try("mail", 2)),
        (1, dict.fromkeys(CHANNELS, 60.0), Try("mail")),  # not been round yet: it does not wait
        (3, {"ding": 90.0, "mail": 60.0, "phone": 70.0}, Wait(60.0)),
    ],
)
def test_which_channel_is_next(tried: int, resting: dict[str, float], goes: object) -> None:
    assert choose(CHANNELS, tried, resting, now=10.0) == goes


def test_a_channel_rests_longer_with_each_failure_up_to_five_minutes() -> None:
    assert [rest(failures) for failures in (1, 2, 3)] == [15.0, 30.0, 60.0]
    assert rest(5000) == REST_LIMIT
