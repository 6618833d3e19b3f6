"""The identity provider (OpenID Connect): where it is, what it says. The home of Authlib.

Authorization code with PKCE. What comes back counts only signed by a key of the provider with an
algorithm of the allow-list, for us, by this issuer, in time, and with this login's nonce.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from autofix.core.door import Refused, read_json
from autofix.core.inert import inert
from autofix.desk.vouched import Begun, Stranger
from autofix.errors import Denied, StoreError
from autofix.outgoing.pinned import PinnedTransport
from autofix.web.oidc_options import OidcOptions

#: Seconds: of one question; for which an answer about the provider holds; between two looks for
#: a key that is not known; by which clocks may differ. Bytes of an answer.
TIMEOUT, HOLDS, ANEW, LEEWAY, LARGEST = 10.0, 600.0, 30.0, 60, 1024 * 1024


class Unreachable(StoreError):
    """The provider can't be asked just now: 503."""


class Provider:
    """One identity provider; safe from any thread."""

    def __init__(self, options: OidcOptions) -> None:
        self.options = options
        self._client = httpx.Client(
            transport=PinnedTransport(ssl.create_default_context()),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "autofix"},
        )
        self._lock = threading.Lock()
        self._places: tuple[float, Mapping[str, str]] = (float("-inf"), {})
        self._keys: tuple[float, KeySet | None] = (float("-inf"), None)

    def close(self) -> None:
        self._client.close()

    def login_url(self, begun: Begun, back: str, now: float) -> str:
        """Where the browser is sent; it comes back to `back`."""
        asked = {
            "response_type": "code",
            "client_id": self.options.client_id,
            "redirect_uri": back,
            "scope": " ".join(dict.fromkeys(["openid", *self.options.scopes])),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": create_s256_code_challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        place = self._place("authorization_endpoint", now)
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def stranger(self, code: str, begun: Begun, back: str, now: float) -> Stranger:
        """Who came back with this code. Denied for what does not hold, Unreachable."""
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": begun.verifier,
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret.get_secret_value(),
        }
        said = self._asked("POST", self._place("token_endpoint", now), given)
        token, access = said.get("id_token"), said.get("access_token")
        if not isinstance(token, str):
            raise Denied("the identity provider did not say who you are", hint="begin anew")
        return self._stranger(self.claims(token, begun.nonce, now, access))

    def claims(self, token: str, nonce: str, now: float, access: Any = None) -> Mapping[str, Any]:
        """What a signed token says, when it holds. Denied when it does not."""
        try:
            found = self._decoded(token, now)
            wanted = CodeIDToken(
                found.claims,
                found.header,
                {
                    "iss": {"essential": True, "value": self.options.issuer},
                    "aud": {"essential": True, "value": self.options.client_id},
                },
                {"nonce": nonce, "client_id": self.options.client_id, "access_token": access},
            )
            wanted.validate(now=int(now), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            why = f"what the identity provider says does not hold: {inert(str(error), 120)}"
            raise Denied(why, hint="begin anew") from error
        if wanted.get("nonce") != nonce or not nonce:
            raise Denied("what the identity provider says is not about this login")
        claims: Mapping[str, Any] = dict(wanted)
        return claims

    def _decoded(self, token: str, now: float) -> jwt.Token:
        keys, asked = self._known_keys(now)
        try:
            return jwt.decode(token, keys, algorithms=list(self.options.algorithms))
        except (JoseError, ValueError):
            if now - asked < ANEW:
                raise
        # The provider may have changed its keys.
        return jwt.decode(token, self._fresh_keys(now), algorithms=list(self.options.algorithms))

    def _stranger(self, claims: Mapping[str, Any]) -> Stranger:
        name, subject = claims.get(self.options.name_claim), claims.get("sub")
        if not isinstance(name, str) or not isinstance(subject, str) or not subject:
            raise Denied(
                f"the identity provider tells no {inert(self.options.name_claim, 80)}",
                hint="see `oidc.name_claim` in the settings",
            )
        groups = _at(claims, self.options.roles_claim)
        listed = [groups] if isinstance(groups, str) else groups
        known = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        return Stranger(self.options.issuer, subject, name, tuple(known[:1000]))

    def _known_keys(self, now: float) -> tuple[KeySet, float]:
        at, keys = self._keys
        if keys is None or not 0 <= now - at < HOLDS:
            return self._fresh_keys(now), now
        return keys, at

    def _fresh_keys(self, now: float) -> KeySet:
        found = self._asked("GET", self._place("jwks_uri", now))
        try:
            listed = [key for key in found["keys"] if key.get("kty") in ("RSA", "EC", "OKP")]
            keys = KeySet.import_key_set({"keys": listed})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise Unreachable("the identity provider's keys can't be read") from error
        with self._lock:
            self._keys = (now, keys)
        return keys

    def _place(self, name: str, now: float) -> str:
        at, places = self._places
        if not 0 <= now - at < HOLDS:
            places = self._discovered()
            with self._lock:
                self._places = (now, places)
        return places[name]

    def _discovered(self) -> Mapping[str, str]:
        issuer = self.options.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._asked("GET", url)
        if found.get("issuer") != issuer:
            raise Unreachable("the identity provider calls itself something else than the settings")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        places = {name: found.get(name) for name in names}
        for name, place in places.items():
            if not isinstance(place, str) or not _as_safe(place, issuer):
                raise Unreachable(f"the identity provider's {name} is no https address")
        return {name: str(place) for name, place in places.items()}

    def _asked(
        self, method: str, url: str, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Its answer in JSON. No redirect is followed, and not more than LARGEST bytes are read."""
        try:
            with self._client.stream(method, url, data=dict(form) if form else None) as said:
                body = b""
                for part in said.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise Unreachable("the identity provider says too much")
                status = said.status_code
        except (httpx.HTTPError, OSError) as error:
            why = inert(str(error) or type(error).__name__, 160)
            raise Unreachable(f"the identity provider can't be asked: {why}") from error
        if form is not None and status in (400, 401, 403):
            raise Denied("the identity provider took this login back", hint="begin anew")
        if status != 200:
            raise Unreachable(f"the identity provider answers {status}")
        try:
            found = read_json(body)
        except Refused as error:
            raise Unreachable("the identity provider's answer can't be read") from error
        if not isinstance(found, dict):
            raise Unreachable("the identity provider's answer can't be read")
        return found


def _as_safe(url: str, issuer: str) -> bool:
    """By https, or, where the issuer itself is on this machine, as it is."""
    parts, own = urlsplit(url), urlsplit(issuer)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == own.scheme and parts.hostname == own.hostname


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """`groups`, and `realm_access.roles` where a provider nests them."""
    found: Any = claims
    if path in claims:
        return claims[path]
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
