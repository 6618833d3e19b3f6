"""The settings' block `oidc`: logging in by an identity provider."""

from __future__ import annotations

import re
from typing import Annotated

from autofix.core.roles import Role
from autofix.options import AfterValidator, Field, Options, Secret, suggest

#: Signatures by a key pair: a shared secret, or none, proves nothing here.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "PS384", "PS512", "EdDSA")
_LOCAL = re.compile(r"http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/.*)?")


def _issuer(url: str) -> str:
    if url.startswith("http:") and not _LOCAL.fullmatch(url):
        raise ValueError("an issuer on another machine is asked by https only")
    return url


def _algorithm(name: str) -> str:
    if name not in ALGORITHMS:
        raise ValueError(f"{name!r} is no signature that is taken ({', '.join(ALGORITHMS)})")
    return name


def _role(name: str) -> str:
    known = [role.value for role in Role]
    if name not in known:
        raise ValueError(f"{name!r} is no role; {suggest(name, known)}")
    return name


class OidcOptions(Options):
    """`roles` maps a value of the claim to a role of autofix; who has none may not come in."""

    issuer: Annotated[
        str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500), AfterValidator(_issuer)
    ]
    client_id: Annotated[str, Field(min_length=1, max_length=500)]
    client_secret: Secret
    algorithms: list[Annotated[str, AfterValidator(_algorithm)]] = Field(
        default=["RS256"], min_length=1
    )
    scopes: list[str] = Field(default=["openid", "profile", "email"])
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    roles: dict[str, Annotated[str, AfterValidator(_role)]] = Field(default_factory=dict)
