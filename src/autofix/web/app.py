"""The app: every router, the policy of each route, and problems as answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from autofix import __version__
from autofix.errors import AutofixError
from autofix.web.api.streams import Seats
from autofix.web.console import ROUTERS as CONSOLE_ROUTERS
from autofix.web.console.live import Pulse
from autofix.web.openapi import describe
from autofix.web.people import told
from autofix.web.policy import ROUTES
from autofix.web.problems import NUMBER, Problem, defect, status_of
from autofix.web.services import Services
from autofix.web.who import Guard, verified

#: Every room of routes: `module` with a `router`. A new one is a line here.
ROUTERS: tuple[str, ...] = (
    "health",
    "hooks",
    "metrics",
    "session",
    "setup",
    "oidc_login",
    "api.runbooks",
    "api.incidents",
    "api.readings",
    "api.runs",
    "api.pages",
    "api.alerts",
    "api.brakes",
    "api.probes",
    "api.places",
    "api.audit",
    "api.accounts",
    "ack",
    "assets",
    *CONSOLE_ROUTERS,
)


def make_app(services: Services) -> FastAPI:
    """Refuses to start with a route without a policy, or a policy without its route."""
    app = FastAPI(
        title="autofix",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(verified)],
    )
    app.state.services = services
    app.add_middleware(Guard, services=services)  # the innermost: what is added later lies around
    app.state.seats, app.state.pulse = Seats(), Pulse()
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    for name in ROUTERS:
        router: APIRouter = import_module(f"autofix.web.{name}").router
        app.include_router(router)
    _answers(app)
    if faults := unlisted(app):
        raise RuntimeError("; ".join(faults))
    return app


def unlisted(app: FastAPI) -> list[str]:
    """Routes without a policy, and policies without a route: there must be none."""
    here = set(_routes(app.routes))
    lost = [
        f"{method} {path} has no route" for method, path in ROUTES if (method, path) not in here
    ]
    free = [
        f"{method} {path} has no policy" for method, path in here if (method, path) not in ROUTES
    ]
    return sorted([*lost, *free])


def _routes(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in iter_route_contexts(list(routes))
        if route.path is not None
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def _answers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return told(request, error.status, error.detail, error.hint, error.headers)

    @app.exception_handler(AutofixError)
    async def ours(request: Request, error: AutofixError) -> Response:
        return told(request, status_of(error), str(error), error.hint)

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        return told(request, error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, _: Exception) -> Response:
        # It is raised anew after this, and the gate logs it under the same number.
        return told(request, 500, defect(request.scope.get(NUMBER, "")))

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        return told(request, 422, "; ".join(_words(each) for each in error.errors()))


#: What the checker of bodies calls them.
_SHOULD = re.compile(r"^(Input|String|List|Dictionary) should ")


def _words(fault: dict[str, object]) -> str:
    place = fault.get("loc")
    where = ".".join(str(each) for each in place[1:]) if isinstance(place, tuple) else ""
    if fault.get("type") == "extra_forbidden":
        return f"there is no field {where!r}"
    if fault.get("type") == "missing":
        return f"{where or 'the body'} is missing"
    said = str(fault.get("msg", "is wrong")).removeprefix("Value error, ")
    return f"{where or 'the request'}: {_SHOULD.sub('must ', said)}"
