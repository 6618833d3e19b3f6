"""A small OpenID provider on loopback: its own keys, codes that are good once, PKCE checked.

What it says is honest unless a test tells it to lie: `claims` and `forge`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jwt

CLIENT, SECRET = "autofix", "the client's secret"
Forge = Callable[[dict[str, Any]], str]


class OidcServer:
    """`with OidcServer() as provider:`; `provider.issuer` is its address."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.key: Any = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.claims: dict[str, Any] = {}
        self.forge: Forge = self.signed
        self.discovery: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.issuer = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> OidcServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def signed(
        self, claims: dict[str, Any], key: Any = None, alg: str = "RS256", **header: Any
    ) -> str:
        key = key or self.key
        head = {"alg": alg, "kid": key.kid, **header}
        return jwt.encode(head, claims, key, algorithms=[alg])

    def honest(self, nonce: str) -> dict[str, Any]:
        now = int(self.now())
        found = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "4711",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "preferred_username": "ann",
            "groups": ["ops"],
        }
        return {key: value for key, value in {**found, **self.claims}.items() if value is not None}

    def agree(self, url: str) -> dict[str, str]:
        """What its login page does when the person says yes: the parameters of the way back."""
        asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        good = (
            asked is not None
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form.get("redirect_uri")
            and (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        )
        if asked is None or not good:
            return 400, {"error": "invalid_grant"}
        token = self.forge(self.honest(asked["nonce"]))
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def _answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            places = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            return 200, {**places, **self.discovery}
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return self._token(form) if path == "/token" else (404, {})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
                self._say({key: value[0] for key, value in parse_qs(body).items()})

            def _say(self, form: dict[str, str]) -> None:
                server.asked.append(self.path)
                if self.path in server.answers:
                    status, headers, body = server.answers[self.path]
                else:
                    status, found = server._answer(self.path, form)
                    headers, body = {"content-type": "application/json"}, json.dumps(found).encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
