"""What every noun of the API is made of: who asks, texts and numbers with bounds, answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin

from fastapi import Depends, Path, Query, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query as Q
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from autofix.core import cursors
from autofix.core.door import Refused, read_json
from autofix.core.inert import inert, without_secrets
from autofix.core.plain import plain
from autofix.core.roles import Principal
from autofix.ports import Desk
from autofix.web import bodies
from autofix.web.problems import Problem
from autofix.web.services import Services
from autofix.web.who import asker

#: The largest number that databases hold, and the end of the calendar in seconds.
LARGEST = 2**63 - 1
LAST_MOMENT = 253_402_300_799.0
#: No control characters: what stands in one line.
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f]*$"

Number = Annotated[int, Path(ge=1, le=LARGEST, description="Its number.", examples=[12])]
Name = Annotated[
    str, Path(min_length=1, max_length=200, pattern=ONE_LINE, description="Its exact name.")
]
Which = Annotated[
    str, Query(max_length=200, pattern=ONE_LINE, description="Only of this; empty: all.")
]
About = Annotated[
    int | None, Query(ge=1, le=LARGEST, description="Only of the incident with this number.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=cursors.PATTERN,
        description="`next` of the page before; nothing else is a cursor.",
    ),
]
Item = TypeVar("Item")


class StrictRequest(Request):
    """Bodies are read by the rules of the door: bounded, no key twice, no NaN, not too deep."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            length = self.headers.get("content-length", "")
            try:
                packed = await bodies.read(self.receive, length)
            except bodies.Gone:
                raise Problem(400, "the body was cut off") from None
            self._body = bodies.unpacked(packed, self.headers.get("content-encoding", ""))
            if self._body:
                _json_only(self.headers.get("content-type", ""))
        return self._body

    async def json(self) -> Any:
        try:
            return read_json(await self.body())
        except Refused as error:
            raise HTTPException(400, str(error)) from None


def _json_only(content_type: str) -> None:
    why = bodies.type_fault(content_type) if content_type else "a body needs its Content-Type"
    if why:
        raise Problem(415, why, "send application/json")


def _repeats(annotation: Any) -> bool:
    """May it stand several times?"""
    return list in {get_origin(each) for each in (annotation, *get_args(annotation))}


def _only_known(request: Request, known: Mapping[str, bool]) -> None:
    """Problem 422 for a parameter that is not known: a slip of the pen in `DELETE
    /pauses?hots=web1` must not lift the pause of everything."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            hint = f"known: {', '.join(sorted(known))}" if known else "there are none here"
            raise Problem(422, f"there is no parameter {inert(name, 80)!r}", hint)
        if given.count(name) > 1 and not known[name]:
            raise Problem(422, f"the parameter {name!r} is given twice")


class StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        asked = [each for each in get_flat_params(self.dependant) if isinstance(each.field_info, Q)]
        known = {each.alias: _repeats(each.field_info.annotation) for each in asked}

        async def strict(request: Request) -> Response:
            wanted = StrictRequest(request.scope, request.receive)
            _only_known(wanted, known)
            if self.body_field is not None:
                await wanted.body()  # here, where what is wrong with it is told in our words
            return await handler(wanted)

        return strict


def services_of(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def desk_of(request: Request, principal: Asker) -> Desk:
    return services_of(request).desk(principal)


Asker = Annotated[Principal, Depends(asker)]
AtDesk = Annotated[Desk, Depends(desk_of)]


def answer(value: Any, status: int = 200) -> Response:
    """Our values as JSON; None is an answer without a body."""
    if value is None:
        return Response(status_code=204)
    return JSONResponse(told(plain(value)), status)


def told(value: Any) -> Any:
    """Plain values without what inputs and variables hold under a secret's name. What was sealed
    in the record stays as it was sealed."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _told(name, each) for name, each in value.items()}


def _told(name: str, value: Any) -> Any:
    if name in ("inputs", "variables") and isinstance(value, dict):
        return without_secrets(value)
    return value if name == "payload" else told(value)


def place(kind: str, cursor: str | None) -> int | None:
    """Where a page begins. Problem 400 for a cursor that was made up."""
    if cursor is None:
        return None
    try:
        return cursors.decode(kind, cursor)
    except ValueError as error:
        raise Problem(400, str(error), "take `next` of the page before") from None


def page(
    kind: str, found: Sequence[Item], limit: int, number: Callable[[Item], int]
) -> dict[str, Any]:
    """A page of at most `limit`; `found` has one more if there is a next page."""
    items = found[:limit]
    more = len(found) > limit
    return {"items": items, "next": cursors.encode(kind, number(items[-1])) if more else None}
