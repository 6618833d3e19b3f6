"""The settings in force; for administrators people, tokens, kept secrets and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import ValidationError

from autofix.core.roles import Role
from autofix.desk.passwords import SHORTEST
from autofix.web.api.bodies import ChangedUser, KeptValue, NewUser
from autofix.web.api.common import LARGEST, ONE_LINE, AtDesk
from autofix.web.console.acting import act, failed
from autofix.web.console.flat import flat
from autofix.web.console.frame import Looking, Viewer, show
from autofix.web.console.tokens import OWN_LASTS, first_fault, made_page, named
from autofix.web.forms import Form, form
from autofix.web.problems import Problem

router = APIRouter(prefix="/settings", include_in_schema=False)
Fields = Annotated[Form, Depends(form)]
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=ONE_LINE)]
USERS, TOKENS, SECRETS = ("settings", "users"), ("settings", "tokens"), ("settings", "secrets")
#: Blocks that have a section of their own on the page.
TOLD = ("channels", "policies", "severities", "calendars", "freezes", "limits", "sources")


@router.get("")
def settings(request: Request, looking: Looking, desk: AtDesk) -> Response:
    found = desk.settings()
    rest = {name: value for name, value in found.values.items() if name not in TOLD}
    return show(
        request,
        looking,
        "settings.html",
        room="settings",
        found=found,
        values=found.values,
        rest={name: flat(value) for name, value in sorted(rest.items())},
        flat=flat,
    )


@router.get("/users")
def users(request: Request, looking: Looking, desk: AtDesk) -> Response:
    return show(
        request,
        looking,
        "users.html",
        room="settings",
        users=desk.users(),
        roles=list(Role),
        shortest=SHORTEST,
    )


@router.post("/users")
def add_user(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    def body() -> NewUser:
        if "password" not in fields:
            raise Problem(
                422, "a password is not kept", "fill in the form on the page of people again"
            )
        return NewUser(
            name=fields.get("name", "").strip(),
            roles=[Role(each) for each in fields.all("role")],
            password=fields.get("password", ""),
            runbooks=named(fields.get("runbooks", "")),
        )

    def do(given: NewUser) -> Any:
        return desk.add_user(
            given.name, given.roles, password=given.password, runbooks=given.runbooks
        )

    return _act(request, looking, fields, body, do, to=USERS, said="user_added")


@router.post("/users/{name}")
def change_user(
    request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields
) -> Response:
    """`what`: the one thing about him that this form changes."""

    def do(body: ChangedUser) -> Any:
        return desk.change_user(
            name,
            roles=body.roles,
            runbooks=body.runbooks,
            all_runbooks=body.all_runbooks,
            password=body.password,
            disabled=body.disabled,
            drop_second_factor=body.drop_second_factor,
        )

    def body() -> ChangedUser:
        return ChangedUser(**_changes(fields))

    return _act(request, looking, fields, body, do, to=USERS, said="user_changed")


@router.post("/users/{name}/remove")
def remove_user(
    request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields
) -> Response:
    return act(
        request, looking, fields, lambda: desk.remove_user(name), to=USERS, said="user_removed"
    )


@router.get("/tokens")
def tokens(request: Request, looking: Looking, desk: AtDesk) -> Response:
    return show(
        request,
        looking,
        "tokens.html",
        room="settings",
        tokens=desk.tokens(everybody=True),
        owners=[each.name for each in desk.users() if each.disabled_at is None],
        sources=sorted(desk.settings().hooks),
        roles=list(Role),
        lasts=OWN_LASTS,
    )


@router.post("/tokens")
def add_token(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    return made_page(request, looking, desk, fields, back=TOKENS)


@router.post("/tokens/{number}/revoke")
def revoke_token(
    request: Request, looking: Looking, desk: AtDesk, number: Number, fields: Fields
) -> Response:
    return act(
        request, looking, fields, lambda: desk.revoke_token(number), to=TOKENS, said="revoked"
    )


@router.get("/secrets")
def secrets(request: Request, looking: Looking, desk: AtDesk) -> Response:
    kept = desk.kept_secrets()
    return show(request, looking, "secrets.html", room="settings", kept_secrets=kept)


@router.post("/secrets")
def keep_secret(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    name = fields.get("name", "").strip()

    def body() -> KeptValue:
        return KeptValue(value=fields.get("secret_value", ""))

    def do(given: KeptValue) -> None:
        desk.keep_secret(name, given.value)

    return _act(request, looking, fields, body, do, to=SECRETS, said="secret_kept")


@router.post("/secrets/{name}/remove")
def remove_secret(
    request: Request, looking: Looking, desk: AtDesk, name: Name, fields: Fields
) -> Response:
    return act(
        request, looking, fields, lambda: desk.remove_secret(name), to=SECRETS, said="secret_gone"
    )


@router.post("/keys/rotate")
def rotate(request: Request, looking: Looking, desk: AtDesk, fields: Fields) -> Response:
    return act(request, looking, fields, desk.rotate_keys, to=SECRETS, said="keys_rotated")


def _act(
    request: Request,
    looking: Viewer,
    fields: Form,
    body: Callable[[], Any],
    do: Callable[[Any], Any],
    *,
    to: tuple[str, ...],
    said: str,
) -> Response:
    """The form is read by the API's own bounds first."""
    try:
        given = body()
    except Problem as error:
        return failed(request, looking, fields, error, back=to)
    except ValueError as error:  # what pydantic raises is one, too
        why = first_fault(error) if isinstance(error, ValidationError) else "it is not known here"
        return failed(request, looking, fields, Problem(422, "this can't be", why), back=to)
    return act(request, looking, fields, lambda: do(given), to=to, said=said)


def _narrowed(fields: Form) -> Mapping[str, Any]:
    """An empty list is never all of them: that is a choice of its own."""
    runbooks = named(fields.get("runbooks", ""))
    if (runbooks is None) != ("all_runbooks" in fields):
        hint = "name some, or choose all of them" if runbooks is None else "choose one of both"
        raise Problem(422, "all runbooks, or which of them?", hint)
    return {"all_runbooks": True} if runbooks is None else {"runbooks": runbooks}


def _changes(fields: Form) -> Mapping[str, Any]:
    what = fields.get("what", "")
    known: Mapping[str, Mapping[str, Any]] = {
        "roles": {"roles": [Role(each) for each in fields.all("role")]},
        "runbooks": _narrowed(fields) if what == "runbooks" else {},
        "disable": {"disabled": True},
        "enable": {"disabled": False},
        "factor": {"drop_second_factor": True},
        "password": {"password": fields.get("password")},
    }
    if what not in known:
        raise Problem(422, "nothing is to be changed", "choose what")
    return known[what]
