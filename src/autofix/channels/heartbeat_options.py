"""The block `heartbeat` of the settings. Every command reads the settings, and few give signs of
life: so it is known without what gives them."""

from __future__ import annotations

from typing import Literal

from autofix.channels.http_options import HttpOptions
from autofix.options import Duration, Field, Secret


class HeartbeatOptions(HttpOptions):
    url: Secret = Field(description="the address to ask, such as https://hc-ping.com/<uuid>")
    every: Duration = Field(60.0, ge=1, le=3600, description="how often")
    method: Literal["get", "post"] = Field("post", description="how the address is asked")
    style: Literal["plain", "healthchecks"] = Field(
        "plain",
        description="healthchecks: a known trouble is told at once, at <url>/fail; plain: in "
        "trouble no sign is given",
    )
    timeout: Duration = Field(10.0, ge=1, le=60, description="how long one sign may take")
