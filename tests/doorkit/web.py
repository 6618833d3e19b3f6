"""The whole app behind a door of tests, without a network."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI

from autofix.core.roles import Role
from autofix.testing.memory import MemoryStore
from autofix.web.api.streams import Seats
from autofix.web.app import make_app
from autofix.web.metrics import Exposition
from autofix.web.policy import V1
from autofix.web.protocol import UID
from autofix.web.services import Services
from doorkit import PASSWORD, Door


class House:
    """A door with the app behind it. The app is made once, and serves the house made last."""

    last: House

    def __init__(self, door: Door | None = None, *, scheme: str = "http") -> None:
        self.door = door or Door()
        self.scheme = scheme
        self.oidc: Any = None  # web.oidc.Provider
        self.app = _app()
        self.app.state.seats = Seats()
        House.last = self

    @property
    def origin(self) -> str:
        return f"{self.scheme}://autofix.test"

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        address: str = "192.0.2.7",
        uid: int | None = None,
        **more: Any,
    ) -> httpx.Response:
        """What no handler catches is raised."""
        given = {"authorization": f"Bearer {token}"} if token else {}

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if uid is not None:
                scope = {**scope, UID: uid}
            await self.app(scope, receive, send)

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(address, 4711))
            async with httpx.AsyncClient(transport=transport, base_url=self.origin) as client:
                return await client.request(
                    method, path, headers={**given, **(headers or {})}, **more
                )

        return asyncio.run(asked())

    def browser(self, name: str, *roles: Role, **more: Any) -> Browser:
        """A person of this name, made if need be, who has logged in."""
        with self.door.store.reading() as reads:
            known = reads.user(name)
        if known is None:
            self.door.user(name, *roles)
        found = Browser(self)
        found.login(name, **more)
        return found


class Browser:
    """Keeps its cookie, and sends what a page of ours would send."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.cookie: dict[str, str] = {}
        self.csrf = ""
        self.said: httpx.Response

    def login(self, name: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
        body = {"name": name, "password": password, "code": code}
        said = self.ask("POST", f"{V1}/session", json=body)
        if said.status_code == 200:
            self.cookie = dict(said.cookies)
            self.csrf = json.loads(said.text)["csrf"]
        self.said = said
        return said

    def ask(
        self,
        method: str,
        path: str,
        *,
        origin: str | None = "",
        csrf: str | None = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """`origin` and `csrf`: the right ones, unless others (None: none) are given."""
        sent = {"cookie": "; ".join(f"{key}={value}" for key, value in self.cookie.items())}
        if origin is not None:
            sent["origin"] = origin or self.house.origin
        if csrf is not None:
            sent["x-csrf-token"] = csrf or self.csrf
        return self.house.ask(method, path, headers={**sent, **(headers or {})}, **more)


class _Late:
    """Stands for a part of the house that was made last."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        part: Any = House.last.door.entrance
        for each in filter(None, self._name.split(".")):
            part = getattr(part, each)
        return getattr(part, name)


@cache
def _app() -> FastAPI:
    return make_app(
        Services(
            context=lambda: House.last.door.context,
            desk=lambda who: House.last.door.desk(who),
            doorman=_Late("doorman"),
            settings=lambda: House.last.door.web,
            entrance=_Late(""),  # type: ignore[arg-type]
            oidc=lambda: House.last.oidc,
            extra={"metrics": Exposition(MemoryStore())},
        )
    )
