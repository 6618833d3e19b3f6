"""`POST /hooks/{source}`: what monitoring posts. The door for strangers: quick, and strict.

A source that does not exist and a wrong secret get the same answer; the record knows which it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from autofix.core.addresses import near
from autofix.core.alerts import Delivery, DeliveryState, Post
from autofix.web.bodies import Gone, read, type_fault, unpacked
from autofix.web.clerk import Clerk, Full
from autofix.web.peers import peer_of
from autofix.web.problems import MEDIA_TYPE, Problem, document
from autofix.web.services import Services

router = APIRouter()

PREFIX = "/hooks/"
#: Where the scope holds the clerk.
CLERK = "autofix.clerk"
NOBODY = "there is no such source, or this is not what its sender shows"
HINT = "why it was refused is on the server: autofix alerts list"
#: Seconds after which a sender may come again.
AGAIN = "5"
_JSON = (b"content-type", b"application/json")


@router.post(
    "/hooks/{source}",
    status_code=202,
    summary="Post alerts",
    tags=["alerts"],
    responses={
        202: {"description": "Written down, durably"},
        400: {"description": "Not what this sender's bodies look like"},
        401: {"description": "No such source, or not what its sender shows"},
        413: {"description": "Larger than 1 MiB"},
        415: {"description": "Not JSON"},
        503: {"description": "It could not be written down: come again"},
    },
)
async def post_alerts(source: str, request: Request) -> Response:
    """Body and headers as the source's type wants them. 2xx says that it is written down durably;
    what the alerts mean is decided after that."""
    return await answered(source, request.scope, request.receive)


@router.options("/hooks/{source}", status_code=200, summary="May I post?", tags=["alerts"])
async def handshake(source: str, request: Request) -> Response:
    """CloudEvents' abuse protection: asked before the first post."""
    services: Services = request.app.state.services
    found = services.context().book.sources.get(source)
    headers = {name.lower(): value for name, value in request.headers.items()}
    more = found.handshake(headers) if found is not None else {}
    return Response(None, 200, {"allow": "POST, OPTIONS", **more})


async def answered(source: str, scope: Any, receive: Any) -> Response:
    """One post, from its headers to its answer."""
    try:
        status, document = await _answered(source, scope, receive)
    except Problem as error:
        return problem(error)
    body = json.dumps(document).encode()
    return Response(body, status, media_type="application/json")


def problem(error: Problem) -> Response:
    found = document(error.status, error.detail, error.hint)
    return Response(json.dumps(found), error.status, error.headers, MEDIA_TYPE)


async def _answered(source: str, scope: Any, receive: Any) -> tuple[int, Mapping[str, Any]]:
    clerk: Clerk = scope[CLERK]
    peer, headers = peer_of(scope), _headers(scope["headers"])
    fault, body = None, b""
    try:
        with clerk.reading.of(near(peer.address)) as hold:
            body = await read(receive, headers.get("content-length", ""), hold=hold)
        body = unpacked(body, headers.get("content-encoding", ""))
        if why := type_fault(headers.get("content-type", "")):
            fault = None if "ce-specversion" in headers else (415, why)
    except Problem as error:
        if error.status == 503:
            raise  # it says nothing of the post, which is not read
        fault = (error.status, error.detail)
    except Gone:
        raise Problem(400, "the body was cut off") from None
    post = Post(source, headers, body, peer.address, peer.proxied, _query(scope))
    delivery = await _written(clerk, post, fault)
    return _said(delivery)


async def _written(clerk: Clerk, post: Post, fault: tuple[int, str] | None) -> Delivery:
    loop = asyncio.get_running_loop()
    try:
        answer = clerk.offer(post, loop, fault).answer
    except Full:
        raise _later("too many posts are waiting to be written down") from None
    timer = loop.call_later(clerk.patience, answer.cancel)
    try:
        return await answer
    except asyncio.CancelledError:
        if not answer.cancelled():
            raise  # the server stops
        raise _later("it could not be written down in time") from None
    except Exception:  # noqa: BLE001 - the clerk has logged it; a sender must come again
        raise _later("it could not be written down") from None
    finally:
        timer.cancel()


def _later(why: str) -> Problem:
    return Problem(503, why, "send it again", {"retry-after": AGAIN})


def _said(delivery: Delivery) -> tuple[int, Mapping[str, Any]]:
    if delivery.state is DeliveryState.REFUSED:
        if delivery.status == 401:
            raise Problem(401, NOBODY, HINT, {"www-authenticate": 'Bearer realm="autofix"'})
        raise Problem(delivery.status, delivery.why)
    verdicts: dict[str, int] = {}
    for each in delivery.judged:
        verdicts[each.verdict] = verdicts.get(each.verdict, 0) + 1
    return delivery.status, {"delivery": delivery.id, "verdicts": verdicts}


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Those that stand several times are joined, so that none of them hides another."""
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(found) != len(raw):
        found = {}
        for name, value in raw:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _query(scope: Any) -> Mapping[str, str]:
    if not scope["query_string"]:
        return {}
    from urllib.parse import parse_qsl

    text = scope["query_string"].decode("latin-1")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return {}
