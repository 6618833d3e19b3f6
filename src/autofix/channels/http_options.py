"""What channels that post to a web address have in their settings, known without a web client."""

from __future__ import annotations

from typing import Any

from autofix.channels import urls
from autofix.options import Field, Options, Secret, model_validator


class HttpOptions(Options):
    """What every channel that posts to a web address has."""

    ca_file: str = Field(
        "", description="file of the certificate authority to trust instead of the public ones"
    )
    insecure: bool = Field(
        False, description="allow plain http to another machine; certificates are always checked"
    )

    def address(self) -> str:
        """The URL that is posted to."""
        url: Any = getattr(self, "url", "")
        return url.get_secret_value() if isinstance(url, Secret) else str(url)

    @model_validator(mode="after")
    def _address_is_fit(self) -> HttpOptions:
        if fault := urls.fault(self.address(), self.insecure):
            raise ValueError(fault)
        return self
