"""Whatever is sent to the API: no answer is a defect of ours, and each is as the API describes it.

SAFETY 27. The short form asks some hundred times in memory; `make fuzz` asks many thousand times.
"""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from unit.flow.world import World
from unit.web.api_kit import Api

#: Cases for each operation; `make fuzz` sets more.
LONG = "FUZZ_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
TOKEN = {"Authorization": "Bearer admin"}


def lived_in() -> Api:
    """A server at which something has happened: what is asked for is there at times."""
    world = World()
    for host in ("r1", "r2"):
        world.ill(host)
        world.pass_time(130)
    return Api(world)


schema = schemathesis.openapi.from_dict(lived_in().app.openapi())
schema.app = Api.last.app
schema.config.phases.coverage.enabled = LONG  # every edge of every parameter: thousands of cases
schema = schema.exclude(path_regex="^/hooks/")  # posts of senders: see test_hooks_fuzz


@pytest.fixture(autouse=True)
def api() -> Api:
    return lived_in()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: Case) -> None:
    answer = case.call(headers=TOKEN)
    assert answer.status_code < 500
    # Rules that no schema tells (that host is not there, this cursor was made up) may say no.
    case.validate_response(answer, excluded_checks=[positive_data_acceptance])
