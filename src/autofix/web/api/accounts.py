"""Users, tokens and kept secrets: who may come in. What they show is never readable here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from autofix.web.api.bodies import AddedToken, ChangedUser, KeptValue, NewUser
from autofix.web.api.common import AtDesk, Name, Number, StrictRoute, answer
from autofix.web.api.once import AtMostOnce
from autofix.web.api.views import (
    KeptView,
    Listed,
    NewToken,
    Rotated,
    TokenView,
    UserView,
    token_view,
    user_view,
)
from autofix.web.policy import V1

router = APIRouter(prefix=V1, route_class=StrictRoute, tags=["accounts"])
Everybody = Annotated[bool, Query(alias="all", description="Those of others, too: administrators.")]
Secret = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", description="What it is called.")
]


@router.get("/users", response_model=Listed[UserView])
def users(desk: AtDesk) -> Response:
    """Everybody who may come in."""
    return answer({"items": [user_view(each) for each in desk.users()]})


@router.post("/users", status_code=201, response_model=UserView)
def add_user(desk: AtDesk, once: AtMostOnce, body: NewUser) -> Response:
    """A new person."""

    def act() -> dict[str, Any]:
        made = desk.add_user(body.name, body.roles, password=body.password, runbooks=body.runbooks)
        return user_view(made)

    return once(act, body, status=201)


@router.patch("/users/{name}", response_model=UserView)
def change_user(desk: AtDesk, name: Name, body: ChangedUser) -> Response:
    """Change what is named: roles, runbooks, the password, whether he may come in."""
    changed = desk.change_user(
        name,
        roles=body.roles,
        runbooks=body.runbooks,
        all_runbooks=body.all_runbooks,
        password=body.password,
        disabled=body.disabled,
        drop_second_factor=body.drop_second_factor,
    )
    return answer(user_view(changed))


@router.delete("/users/{name}", status_code=204, response_class=Response)
def remove_user(desk: AtDesk, name: Name) -> Response:
    """He may not come in any more; his sessions end and his tokens are revoked."""
    desk.remove_user(name)
    return answer(None)


@router.get("/tokens", response_model=Listed[TokenView])
def tokens(desk: AtDesk, everybody: Everybody = False) -> Response:
    """One's own tokens."""
    return answer({"items": [token_view(each) for each in desk.tokens(everybody=everybody)]})


@router.post("/tokens", status_code=201, response_model=NewToken)
def add_token(desk: AtDesk, once: AtMostOnce, body: AddedToken) -> Response:
    """A new token, shown this once. Given again by its Idempotency-Key, the answer has none:
    it is kept nowhere."""

    def act() -> dict[str, Any]:
        token, secret = desk.add_token(
            body.name,
            lasts=body.lasts,
            owner=body.owner,
            roles=body.roles,
            runbooks=body.runbooks,
            source=body.source,
        )
        return {"token": token_view(token), "secret": secret}

    return once(act, body, status=201, hidden=lambda said: {**said, "secret": None})


@router.delete("/tokens/{number}", response_model=TokenView)
def revoke_token(desk: AtDesk, number: Number) -> Response:
    """It is good no more."""
    return answer(token_view(desk.revoke_token(number)))


@router.get("/secrets", response_model=Listed[KeptView])
def secrets(desk: AtDesk) -> Response:
    """The secrets that are kept: their names, never their values."""
    return answer({"items": desk.kept_secrets()})


@router.put("/secrets/{name}", status_code=204, response_class=Response)
def keep_secret(desk: AtDesk, name: Secret, body: KeptValue) -> Response:
    """Keep a secret, or put another in its place."""
    desk.keep_secret(name, body.value)
    return answer(None)


@router.delete("/secrets/{name}", status_code=204, response_class=Response)
def remove_secret(desk: AtDesk, name: Secret) -> Response:
    """It is gone."""
    desk.remove_secret(name)
    return answer(None)


@router.post("/keys/rotate", response_model=Rotated)
def rotate_keys(desk: AtDesk, once: AtMostOnce) -> Response:
    """A new key; everything that is kept is sealed anew with it."""
    return once(desk.rotate_keys)
