"""The API in the small world of the flow, without a network: a client for each role."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI

from autofix.config.web_models import WebBlock
from autofix.core.alerts import Admission, Post
from autofix.core.roles import Principal, Role
from autofix.desk.entrance import entrance
from autofix.desk.local import LocalDesk
from autofix.errors import Denied
from autofix.testing.memory import MemoryStore
from autofix.web.api.streams import Seats
from autofix.web.app import make_app
from autofix.web.metrics import Exposition
from autofix.web.services import Services
from unit.desk.kit import Box, person, place
from unit.flow.world import World


class Tokens:
    """A doorman who knows people by one word each; whom he turns away he remembers."""

    def __init__(self, known: Mapping[str, Principal]) -> None:
        self.known = dict(known)
        self.away: list[tuple[str, str]] = []

    def by_token(self, token: str, *, address: str) -> Principal:
        if token not in self.known:
            raise Denied("this token is not known")
        return self.known[token]

    def by_session(self, cookie: str, *, address: str) -> None:
        return None

    def by_socket(self, uid: int, said: str = "") -> Principal:
        raise Denied("there is no socket here")

    def hook(self, token: str, post: Post) -> Admission:
        """`af_sender` is a token for every source."""
        known = token == "af_sender"
        return Admission("sender") if known else Admission(why="this token is not known")

    def denied(self, who: str, what: str, why: str, *, address: str) -> None:
        self.away.append((who, what))


PEOPLE = {str(role): person(f"{role}1", role) for role in Role}


class Api:
    """`api.get("/runs", as_="viewer")`; the administrator asks when nobody else is named.

    The app is made once and serves the world that was made last: its routes take a while.
    """

    last: Api

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.doorman = Tokens(PEOPLE)
        self.app = _app()
        self.app.state.seats = Seats()
        self.entrance = entrance(self.world.store, self.world.clock, WebBlock, Box())
        Api.last = self

    def ask(self, method: str, path: str, *, as_: str = "admin", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {as_}", **more.pop("headers", {})}
        return self.raw(method, f"/api/v1{path}", headers=headers, **more)

    def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As it comes, without a token. What the app does not catch is raised."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://autofix") as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.ask("POST", path, **more)


class _Doorman:
    """Whoever stands at the door of the world that was made last."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Api.last.doorman, name)


class _Entrance:
    """Likewise, for who logs in by a browser."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Api.last.entrance, name)


@cache
def services() -> Services:
    return Services(
        context=lambda: Api.last.world.ctx,
        desk=lambda who: LocalDesk(place(Api.last.world), who),
        doorman=_Doorman(),
        settings=WebBlock,
        entrance=_Entrance(),
        extra={"metrics": Exposition(MemoryStore())},
    )


@cache
def _app() -> FastAPI:
    return make_app(services())
