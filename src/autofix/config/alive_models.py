"""The settings' blocks that keep autofix from falling silent: `sentinel` and `synthetic`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from autofix.config.fields import Block
from autofix.options import Duration


class SentinelBlock(Block):
    """The second process, which pages when the server has stopped ticking."""

    enabled: bool = True
    after: Annotated[Duration, Field(ge=2, le=600)] = 30.0
    repeat: Annotated[Duration, Field(ge=10, le=86400)] = 900.0
    stopped_after: Annotated[Duration, Field(ge=5, le=86400)] = 300.0


class SyntheticBlock(Block):
    """A fake incident on a schedule, through the real flow, from signal to closing."""

    enabled: bool = False
    every: Annotated[Duration, Field(ge=10, le=7 * 86400)] = 3600.0
    alarm_after: Annotated[Duration, Field(ge=30, le=30 * 86400)] = 3 * 3600.0

    @model_validator(mode="after")
    def _alarmed_for_a_reason(self) -> SyntheticBlock:
        if self.enabled and self.alarm_after <= self.every:
            raise ValueError("alarm_after must be longer than every, or each wait is an alarm")
        return self
