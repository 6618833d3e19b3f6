"""Whatever senders post, in whatever order: nothing is lost, and nothing is there twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from autofix.core.alerts import DeliveryState, Verdict
from autofix.core.signals import SignalState
from autofix.flow import deliveries
from unit.flow.alerting import AlertWorld, high

ALERT = st.builds(
    high,
    st.sampled_from(["r1", "r2", "10.0.0.1", "r9", "redis"]),
    firing=st.booleans(),
    name=st.sampled_from(["High", "High", "Low"]),
)
STEP = st.one_of(
    st.lists(st.lists(ALERT, max_size=4), min_size=1, max_size=4),  # posts that come together
    st.sampled_from([0.0, 5.0, 400.0]),  # time that passes, with all that is due
    st.tuples(st.sampled_from(["r1", "r2"]), st.sampled_from([0.5, 0.95])),  # a host's health
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_every_post_is_kept_and_every_target_has_one_incident(steps: list[object]) -> None:
    world = AlertWorld()
    sent, fired = 0, []
    for step in steps:
        if isinstance(step, float):
            world.clock.advance(step)
            world.settle()
        elif isinstance(step, tuple):
            world.patient.state[step[0]] = {"ratio": step[1]}
        elif isinstance(step, list):
            rows = deliveries.accept(world.ctx, [world.arrival(*alerts) for alerts in step])
            sent += len(rows)
            assert [len(row.judged) for row in rows] == [len(alerts) for alerts in step]
            fired += [one for row in rows for one in row.judged if one.verdict is Verdict.FIRES]
        live = Counter((each.host, each.subject) for each in world.incidents() if each.live)
        assert all(count == 1 for count in live.values())
    world.settle()
    with world.store.reading() as reads:
        kept = reads.deliveries(limit=1000)
        signals = [reads.signal(each.signal or 0) for each in fired]
        waiting = reads.signals(received=True)
    assert len(kept) == sent
    assert all(row.state is DeliveryState.ACCEPTED for row in kept)
    assert waiting == []
    assert all(each and each.state is not SignalState.RECEIVED for each in signals)
    assert all(each and (each.incident or each.reason) for each in signals)
    assert len({each.signal for each in fired}) == len(fired)
    assert {order.host for order in world.hands.orders} <= {"r1", "r2"}
