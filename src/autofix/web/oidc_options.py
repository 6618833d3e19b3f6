"""The settings' block `oidc`: logging in by an identity provider."""

from __future__ import annotations

from typing import Annotated

from autofix.options import Field, Options, Secret

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "PS384", "PS512", "EdDSA")


class OidcOptions(Options):
    """`roles` maps a value of the claim to a role of autofix; who has none may not come in."""

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: Secret
    algorithms: list[str] = Field(default=["RS256"], min_length=1)
    scopes: list[str] = Field(default=["openid", "profile", "email"])
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    roles: dict[str, str] = Field(default_factory=dict)
