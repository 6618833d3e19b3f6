"""`/healthz` and `/readyz`: for load balancers, and for whoever watches the watchman."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from autofix.web.problems import Problem
from autofix.web.services import Services

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Does it answer?")
async def healthz() -> JSONResponse:
    """The process is there, and answers."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    summary="Can it do its work?",
    responses={503: {"description": "It can't; `detail` says why"}},
)
async def readyz(request: Request) -> JSONResponse:
    """The store can be read, and the engine goes round, or this server stands by."""
    services: Services = request.app.state.services
    if why := await run_in_threadpool(services.ready):
        raise Problem(503, why, headers={"Retry-After": "5"})
    return JSONResponse({"status": "ok", "leads": services.leads()})
