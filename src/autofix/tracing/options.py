"""The settings' block `tracing`."""

from __future__ import annotations

from typing import Annotated

from autofix.options import Duration, Field, Options, Secret


class TracingOptions(Options):
    """Where finished incidents are told as traces: an OTLP/HTTP endpoint."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    token: Secret | None = None  # sent as a bearer token
    service: Annotated[str, Field(min_length=1, max_length=200)] = "autofix"
    timeout: Annotated[Duration, Field(ge=1, le=60)] = 10.0
