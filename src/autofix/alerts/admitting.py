"""Is a post from the sender it names, and fresh? Pure: each way gives an Admission with its reason.

Secrets are compared in constant time, all of them each time, and never stand in a reason.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from autofix.alerts.options import SenderOptions
from autofix.core.alerts import Admission, Post
from autofix.core.inert import inert
from autofix.options import Secret

#: Seconds that a mark outlives its post, which may have waited to be written down.
LINGERS = 60.0


class Why(StrEnum):
    """Why a post is not let in: one named reason each."""

    ONLY_TOKENS = "this source takes only tokens made for it"
    NO_BEARER = "no bearer token"
    WRONG_BEARER = "the bearer token is not this source's"
    NO_USER = "no user and password"
    WRONG_USER = "the user or the password is wrong"
    NO_HEADER = "the header that shows who it is is missing"
    WRONG_HEADER = "the header that shows who it is has another value"
    NO_SIGNATURE = "it is not signed"
    WRONG_SIGNATURE = "the signature fits neither the body nor any secret of this source"
    NO_ID = "it has no id"
    NO_TIME = "it does not say when it was signed"
    TOO_OLD = "it was signed too long ago"
    TOO_NEW = "it was signed in the future: a clock is wrong"
    NO_PROXY = "it came by no trusted proxy, which alone can tell of a client's certificate"
    NO_SUBJECT = "the proxy tells of no client's certificate"
    WRONG_SUBJECT = "the client's certificate is another one"


def refused(why: Why) -> Admission:
    return Admission(why=str(why))


def admit(source: str, options: SenderOptions, post: Post, now: float) -> Admission:
    """By the way that the settings name."""
    return _WAYS[options.auth](source, options, post, now)


def _token(_source: str, _options: SenderOptions, _post: Post, _now: float) -> Admission:
    return refused(Why.ONLY_TOKENS)


def _bearer(_source: str, options: SenderOptions, post: Post, _now: float) -> Admission:
    scheme, _, token = post.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return refused(Why.NO_BEARER)
    return _if(is_one_of(token.strip(), options.secret), "bearer", Why.WRONG_BEARER)


def _basic(_source: str, options: SenderOptions, post: Post, _now: float) -> Admission:
    scheme, _, coded = post.headers.get("authorization", "").strip().partition(" ")
    try:
        shown = base64.b64decode(coded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        shown = ""
    user, colon, password = shown.partition(":")
    if scheme.lower() != "basic" or not colon:
        return refused(Why.NO_USER)
    good = same(user, options.user) & is_one_of(password, options.secret)
    return _if(good, f"basic {inert(options.user, 80)}", Why.WRONG_USER)


def _header(_source: str, options: SenderOptions, post: Post, _now: float) -> Admission:
    shown = post.headers.get(options.header, "").strip()
    if not shown:
        return refused(Why.NO_HEADER)
    return _if(is_one_of(shown, options.secret), f"header {options.header}", Why.WRONG_HEADER)


def _hmac(source: str, options: SenderOptions, post: Post, now: float) -> Admission:
    signature = post.headers.get(options.header, "").strip().removeprefix(options.prefix)
    if not signature:
        return refused(Why.NO_SIGNATURE)
    told, signed = post.headers.get(options.timestamp_header, "").strip(), post.body
    if options.timestamp_header:
        if not told:
            return refused(Why.NO_TIME)
        signed = told.encode(errors="replace") + b":" + post.body
    if not is_signed(signed, signature, options.secret):
        return refused(Why.WRONG_SIGNATURE)
    if not options.timestamp_header:
        return Admission(sender="hmac")
    at = seconds(told)
    why = stale(at, now, options.window)
    if why is not None or at is None:
        return refused(why or Why.NO_TIME)
    return once("hmac", source, signature.lower(), at + options.window)


def _mtls(_source: str, options: SenderOptions, post: Post, _now: float) -> Admission:
    if not post.proxied:
        return refused(Why.NO_PROXY)
    subject = post.headers.get(options.header, "").strip()
    if not subject:
        return refused(Why.NO_SUBJECT)
    good = same(subject, options.subject.strip())
    return _if(good, f"certificate {inert(options.subject, 200)}", Why.WRONG_SUBJECT)


_WAYS: Mapping[str, Callable[[str, SenderOptions, Post, float], Admission]] = {
    "token": _token,
    "bearer": _bearer,
    "basic": _basic,
    "header": _header,
    "hmac": _hmac,
    "mtls": _mtls,
}


def _if(good: bool, sender: str, why: Why) -> Admission:
    return Admission(sender=sender) if good else refused(why)


def same(shown: str, expected: str) -> bool:
    """In constant time, whatever their lengths."""
    return hmac.compare_digest(_digest(shown), _digest(expected))


def is_one_of(shown: str, secrets: Iterable[Secret]) -> bool:
    found = False
    for secret in secrets:
        found |= same(shown, secret.get_secret_value())
    return found


def is_signed(body: bytes, signature: str, secrets: Iterable[Secret]) -> bool:
    """Is this the HMAC-SHA256 in hex, by one of the secrets?"""
    found = False
    for secret in secrets:
        key = secret.get_secret_value().encode()
        found |= same(signature.lower(), hmac.new(key, body, hashlib.sha256).hexdigest())
    return found


def seconds(text: str) -> float | None:
    """Seconds since the epoch from a header; None for what is no such number."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def stale(at: float | None, now: float, window: float) -> Why | None:
    """Why something of this moment is not taken now."""
    if at is None:
        return Why.NO_TIME
    if at < now - window:
        return Why.TOO_OLD
    return Why.TOO_NEW if at > now + window else None


def once(sender: str, source: str, what: str, fresh: float) -> Admission:
    """Let in once: its mark, of a fixed length, is kept for longer than it would be `fresh`."""
    mark = hashlib.sha256(f"{source}\n{what}".encode(errors="replace")).hexdigest()
    return Admission(sender=sender, once=mark, until=fresh + LINGERS)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
