"""Why a post of a sender was not let in; as in `sentences`."""

from __future__ import annotations

from autofix.core.words import marked as _

POSTS: tuple[str, ...] = (
    _("there is no source of this name"),
    _("this source takes only tokens made for it"),
    _("this token is not for this source"),
    _("this token's owner may not come in"),
    _("no bearer token"),
    _("the bearer token is not this source's"),
    _("no user and password"),
    _("the user or the password is wrong"),
    _("the header that shows who it is is missing"),
    _("the header that shows who it is has another value"),
    _("it is not signed"),
    _("the signature fits neither the body nor any secret of this source"),
    _("it has no id"),
    _("it does not say when it was signed"),
    _("it was signed too long ago"),
    _("it was signed in the future: a clock is wrong"),
    _("it came by no trusted proxy, which alone can tell of a client's certificate"),
    _("the proxy tells of no client's certificate"),
    _("the client's certificate is another one"),
)
