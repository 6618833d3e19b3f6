"""What requests carry: every field with its bounds, and no field that is not known."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from autofix.core.roles import Role
from autofix.web.api.common import LAST_MOMENT, ONE_LINE

Text = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
Named = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
Line = Annotated[str, Field(max_length=1000, pattern=ONE_LINE)]
Moment = Annotated[
    float,
    Field(ge=0, le=LAST_MOMENT, allow_inf_nan=False, description="Seconds since 1970, UTC."),
]
Input = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Value = str | bool | int | float | None
#: Written as its word.
OneRole = Annotated[Role, Field(strict=False)]
Runbooks = Annotated[list[Named], Field(max_length=1000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Start(Body):
    """Run a runbook on these hosts, by the same guards as always."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"hosts": ["redis1"], "inputs": {"target_ratio": 0.7}}]}
    )

    hosts: Annotated[list[Named], Field(min_length=1, max_length=1000)]
    subject: Text = ""
    inputs: Annotated[dict[Input, Value], Field(max_length=100)] = Field(default_factory=dict)
    accept: bool = Field(
        default=False, description="Accept a cooldown, a freeze, too many runs an hour."
    )
    check: bool = Field(default=False, description="Rehearse; nothing changes.")
    from_text: bool = Field(default=False, description="The inputs are texts as typed.")


class Previewing(Body):
    """A run as it would be asked for; nothing is started."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hosts": ["redis1"]}]})

    hosts: Annotated[list[Named], Field(max_length=1000)]
    subject: Text = ""
    inputs: Annotated[dict[Input, Value], Field(max_length=100)] = Field(default_factory=dict)
    check: bool = Field(default=False, description="Of a rehearsal.")
    from_text: bool = Field(default=False, description="The inputs are texts as typed.")


class Note(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "the disk was full"}]})

    note: Line = ""


Ordinal = Annotated[int, Field(ge=1, le=1000, description="Steps are counted from 1.")]


class Approving(Body):
    """Yes to this approval only: another step may wait by now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"asked": "1.0"}]})

    asked: Line = Field(
        default="", description="Its `attempt` and `step` with a dot between; empty: any."
    )


class Retrying(Body):
    """Start the fix again at this step."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": 2}]})

    step: Ordinal = 1
    accept: bool = Field(
        default=False, description="Accept a cooldown, a freeze, too many runs an hour."
    )


class RollingBack(Body):
    """Have undone what this step did."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": 2}]})

    step: Ordinal


class Reason(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "wrong host"}]})

    reason: Line = ""


class Comment(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "the vendor looks at it"}]})

    text: Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S")]


class Silencing(Body):
    """What fits all that is named is left alone from `starts_at` (now) to `until`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"until": 1900000000, "reason": "moving house", "host": "redis1"}]
        }
    )

    until: Moment
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=ONE_LINE)]
    starts_at: Moment | None = None
    runbook: Text = ""
    host: Text = ""
    group: Text = ""
    labels: Annotated[dict[Text, Line], Field(max_length=50)] = Field(default_factory=dict)


class Pausing(Body):
    """Nothing new starts: everywhere, or for one runbook or host."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"host": "redis1", "reason": "the vendor is on the line"}]}
    )

    runbook: Text = ""
    host: Text = ""
    reason: Line = ""
    cancel_running: bool = False


class Resetting(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"runbook": "redis-memory-high", "host": "redis1"}]}
    )

    runbook: Named
    host: Named
    subject: Text = ""
    reason: Line = ""


class Looking(Body):
    """`options` as a runbook in force has them; others are an administrator's."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"host": "redis1", "options": {"port": 6379}}]}
    )

    host: Named
    options: Annotated[dict[Text, Any], Field(max_length=100)] = Field(default_factory=dict)
    timeout: Annotated[float, Field(ge=0.1, le=60)] = 10.0


class Trying(Body):
    """An alert as a sender would post it; nothing is written and nothing fires."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"source": "alertmanager", "body": "{}", "headers": {}}]}
    )

    source: Annotated[str, Field(max_length=200, pattern=ONE_LINE)] = Field(
        "", description="May be left out when there is only one."
    )
    body: Annotated[str, Field(max_length=1_048_576)]
    headers: Annotated[dict[Text, Line], Field(max_length=100)] = Field(default_factory=dict)


class NewUser(Body):
    """Without a password he comes in by the identity provider only."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "ann", "roles": ["operator"]}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]
    roles: Annotated[list[OneRole], Field(max_length=10)]
    password: Annotated[str, Field(max_length=1000)] = ""
    runbooks: Runbooks | None = None


class ChangedUser(Body):
    """Only what is named changes; `all_runbooks` lifts the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roles": ["viewer"]}]})

    roles: Annotated[list[OneRole], Field(max_length=10)] | None = None
    runbooks: Runbooks | None = None
    all_runbooks: bool = False
    password: Annotated[str, Field(max_length=1000)] | None = None
    disabled: bool | None = None
    drop_second_factor: bool = False


class AddedToken(Body):
    """`lasts` in seconds. With `source` it is good for posting alerts there and nothing else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "deploy", "lasts": 2592000, "roles": ["operator"]}]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]
    lasts: Annotated[float, Field(gt=0, le=1e10, allow_inf_nan=False)]
    owner: Text = ""
    roles: Annotated[list[OneRole], Field(max_length=10)] = Field(default_factory=list)
    runbooks: Runbooks | None = None
    source: Text = ""


class KeptValue(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "what is to be kept"}]})

    value: Annotated[str, Field(min_length=1, max_length=65_536)]
