"""What the web works with, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from autofix.core.accounts import Visit
from autofix.core.alerts import Admission, Post
from autofix.core.roles import Principal
from autofix.desk.entrance import Entrance
from autofix.desk.vouched import Begun, Stranger
from autofix.flow.context import Context
from autofix.ports import Desk
from autofix.web.oidc_options import OidcOptions


class Doorman(Protocol):
    """Who somebody is: by token, session or the socket's other end. Blocking: call in a thread.

    Raises Denied in one line for who may not come in (`desk.doorman.TurnedAway`). A denial is on
    the record, gathered so that a flood of them can't fill it.
    """

    def by_token(self, token: str, *, address: str) -> Principal: ...
    def by_session(self, cookie: str, *, address: str) -> Visit | None:
        """None: this session is not known, or it is over."""

    def by_socket(self, uid: int, said: str = "") -> Principal:
        """`said`: the person behind root or the service's own user."""

    def hook(self, token: str, post: Post) -> Admission:
        """A token that is bound to a source, shown by a sender. Never raises Denied."""

    def denied(self, who: str, what: str, why: str, *, address: str) -> None:
        """Write down that somebody was turned away."""


class IdentityProvider(Protocol):
    """`web.oidc.Provider`, which needs the extra `autofix[oidc]`. Blocking: call in a thread."""

    @property
    def options(self) -> OidcOptions: ...
    def login_url(self, begun: Begun, back: str, now: float) -> str: ...
    def stranger(self, code: str, begun: Begun, back: str, now: float) -> Stranger:
        """Who came back with this code. Raises Denied, or StoreError when it can't be asked."""


def _nobody() -> None:
    """No identity provider is set up."""


@dataclass(frozen=True)
class Services:
    """`context()` is the flow's, with the files in force now: ask for it at each request."""

    context: Callable[[], Context]
    desk: Callable[[Principal], Desk]
    doorman: Doorman
    settings: Callable[[], Any]  # config.web_models.WebBlock in force
    entrance: Entrance | None = None  # logins; without it nobody logs in by a browser
    oidc: Callable[[], IdentityProvider | None] = _nobody
    ready: Callable[[], str] = lambda: ""  # why this server is not ready; empty when it is
    leads: Callable[[], bool] = lambda: True  # or it stands by
    language: Callable[[], str] = lambda: "en"  # of who has not chosen one
    extra: Mapping[str, Any] = field(default_factory=dict)
