"""SAFETY 34: who may come in. A table of ways and faults, and properties of the signatures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofix import alerts
from autofix.alerts.admitting import Why
from autofix.core.alerts import Admission, Post
from autofix.options import faults
from servers.senders import (
    NOW,
    OLD_WHSEC,
    OTHER,
    SECRET,
    WHSEC,
    fixture,
    hex_signature,
    post,
    source,
    standard_signature,
)

BODY = b'{"alerts": []}'
HMAC = {"auth": "hmac", "header": "X-Signature", "secret": [SECRET]}
TIMED = {**HMAC, "timestamp_header": "X-Time", "window": "5m"}
MTLS = {"auth": "mtls", "header": "X-Client-DN", "subject": "CN=grafana,O=Example"}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def admit(options: Mapping[str, Any], headers: Mapping[str, str], **post: Any) -> Admission:
    found: Admission = source("grafana", **options).admit(
        Post("grafana", headers, BODY, **post), NOW
    )
    return found


BEARER, BASIC, HEADER = (
    {"auth": "bearer", "secret": [SECRET, OTHER]},
    {"auth": "basic", "user": "grafana", "secret": [SECRET, OTHER]},
    {"auth": "header", "header": "X-Secret", "secret": [SECRET, OTHER]},
)


@pytest.mark.parametrize(
    ("options", "headers", "sender"),
    [
        (BEARER, {"authorization": f"Bearer {SECRET}"}, "bearer"),
        (BEARER, {"authorization": f"bearer  {OTHER} "}, "bearer"),
        (BASIC, {"authorization": basic("grafana", SECRET)}, "basic grafana"),
        (BASIC, {"authorization": basic("grafana", OTHER)}, "basic grafana"),
        (HEADER, {"x-secret": SECRET}, "header x-secret"),
        (HEADER, {"x-secret": OTHER}, "header x-secret"),
        (HMAC, {"x-signature": hex_signature(BODY)}, "hmac"),
        (HMAC, {"x-signature": hex_signature(BODY).upper()}, "hmac"),
        ({**HMAC, "prefix": "sha256="}, {"x-signature": "sha256=" + hex_signature(BODY)}, "hmac"),
    ],
)
def test_what_is_let_in(options: Any, headers: Any, sender: str) -> None:
    assert admit(options, headers) == Admission(sender=sender)


@pytest.mark.parametrize(
    ("options", "headers", "why"),
    [
        ({}, {}, Why.ONLY_TOKENS),
        ({}, {"authorization": f"Bearer {SECRET}"}, Why.ONLY_TOKENS),
        (BEARER, {}, Why.NO_BEARER),
        (BEARER, {"authorization": "Bearer "}, Why.NO_BEARER),
        (BEARER, {"authorization": SECRET}, Why.NO_BEARER),
        (BEARER, {"authorization": basic("x", SECRET)}, Why.NO_BEARER),
        (BEARER, {"authorization": f"Bearer {SECRET}x"}, Why.WRONG_BEARER),
        (BEARER, {"authorization": f"Bearer {SECRET[:-1]}"}, Why.WRONG_BEARER),
        (BEARER, {"authorization": "Bearer \ud800é"}, Why.WRONG_BEARER),
        (BASIC, {}, Why.NO_USER),
        (BASIC, {"authorization": "Basic %%%"}, Why.NO_USER),
        (BASIC, {"authorization": "Basic " + base64.b64encode(b"\xff:x").decode()}, Why.NO_USER),
        (BASIC, {"authorization": "Basic é"}, Why.NO_USER),
        (BASIC, {"authorization": basic("grafana", "")}, Why.WRONG_USER),
        (BASIC, {"authorization": basic("grafana2", SECRET)}, Why.WRONG_USER),
        (BASIC, {"authorization": basic("grafana", SECRET + " ")}, Why.WRONG_USER),
        (HEADER, {}, Why.NO_HEADER),
        (HEADER, {"x-secret": " "}, Why.NO_HEADER),
        (HEADER, {"x-secret": SECRET.upper()}, Why.WRONG_HEADER),
        (HMAC, {}, Why.NO_SIGNATURE),
        (HMAC, {"x-signature": "é" * 64}, Why.WRONG_SIGNATURE),
        (HMAC, {"x-signature": hex_signature(BODY, OTHER)}, Why.WRONG_SIGNATURE),
        (HMAC, {"x-signature": hex_signature(BODY + b" ")}, Why.WRONG_SIGNATURE),
        (TIMED, {"x-signature": hex_signature(BODY)}, Why.NO_TIME),
        (TIMED, {"x-signature": hex_signature(BODY), "x-time": str(int(NOW))}, Why.WRONG_SIGNATURE),
        (MTLS, {"x-client-dn": MTLS["subject"]}, Why.NO_PROXY),
    ],
)
def test_what_is_refused(options: Any, headers: Any, why: Why) -> None:
    found = admit(options, headers)
    assert found == Admission(why=str(why))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"x-client-dn": "CN=grafana,O=Example"}, ""),
        ({"x-client-dn": "CN=grafana"}, Why.WRONG_SUBJECT),
        ({"x-client-dn": "CN=grafana,O=Example,CN=x"}, Why.WRONG_SUBJECT),
        ({}, Why.NO_SUBJECT),
    ],
)
def test_a_certificate_that_a_trusted_proxy_tells_of(headers: Any, why: str) -> None:
    assert admit(MTLS, headers, proxied=True).why == str(why)


# ── HMAC with a time, as Grafana signs ──────────────────────────────────────────────────────────


def timed(at: float, *, body: bytes = BODY, secret: str = SECRET, told: str = "") -> dict[str, str]:
    text = told or str(int(at))
    return {"x-time": text, "x-signature": hex_signature(text.encode() + b":" + body, secret)}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW, ""),
        (NOW - 300, ""),
        (NOW + 300, ""),
        (NOW - 301, Why.TOO_OLD),
        (NOW - 86400, Why.TOO_OLD),
        (NOW + 301, Why.TOO_NEW),
    ],
)
def test_the_window_is_into_both_past_and_future(at: float, why: str) -> None:
    assert admit(TIMED, timed(at)).why == str(why)


@pytest.mark.parametrize("told", ["now", "-5", "1e9", "9" * 16, "½", "1795417800.5", "0x10"])
def test_times_that_are_none_are_refused_though_they_are_signed(told: str) -> None:
    assert admit(TIMED, timed(0, told=told)).why == str(Why.NO_TIME)


def test_a_replay_is_shut_out_for_as_long_as_it_would_be_fresh() -> None:
    first, again = admit(TIMED, timed(NOW)), admit(TIMED, timed(NOW))
    assert first.once == again.once != ""
    assert first.until > NOW + 300, "its mark outlives it"
    upper = {name: value.upper() for name, value in timed(NOW).items()}
    assert admit(TIMED, upper).once == first.once, "the same signature in other letters"
    assert admit(TIMED, timed(NOW - 1)).once != first.once
    another = source("alertmanager", **TIMED).admit(Post("x", timed(NOW), BODY), NOW)
    assert another.once != first.once, "of another source"


def test_two_secrets_are_good_while_they_rotate() -> None:
    rotating = {**TIMED, "secret": [SECRET, OTHER]}
    assert admit(rotating, timed(NOW, secret=SECRET)).why == ""
    assert admit(rotating, timed(NOW, secret=OTHER)).why == ""
    assert admit(rotating, timed(NOW, secret="a third one")).why == str(Why.WRONG_SIGNATURE)


# ── PagerDuty ───────────────────────────────────────────────────────────────────────────────────


def pagerduty(body: bytes, header: str, now: float = NOW, **options: Any) -> Admission:
    found: Admission = source("pagerduty", **options).admit(
        post(body, "pagerduty", x_pagerduty_signature=header), now
    )
    return found


PD = post(fixture("pagerduty/triggered")).body


def test_any_good_signature_of_pagerduty_will_do() -> None:
    good, other = hex_signature(PD), hex_signature(PD, OTHER)
    assert pagerduty(PD, f"v1={good}").why == ""
    assert pagerduty(PD, f"v1={other},v1={good}").why == "", "its side rotates"
    assert pagerduty(PD, f"v1={other}", secret=[SECRET, OTHER]).why == "", "our side rotates"
    assert pagerduty(PD, f"v1={other}").why == str(Why.WRONG_SIGNATURE)
    assert pagerduty(PD, f"v2={good}").why == str(Why.NO_SIGNATURE)
    assert pagerduty(PD, good).why == str(Why.NO_SIGNATURE)
    many = ",".join(["v1=0"] * 20)
    assert pagerduty(PD, f"{many},v1={good}").why == str(Why.WRONG_SIGNATURE), "bounded work"


def test_an_event_of_pagerduty_is_taken_once_and_not_when_it_is_old() -> None:
    header = f"v1={hex_signature(PD)}"
    first, later = pagerduty(PD, header), pagerduty(PD, header, NOW + 3600)
    assert first.once == later.once != ""
    assert first.until == later.until > 1795421400 + 86400, "its mark outlives it"
    assert pagerduty(PD, header, first.until + 1).why == str(Why.TOO_OLD)
    assert pagerduty(PD, header, NOW - 7 * 86400).why == str(Why.TOO_NEW)


@pytest.mark.parametrize(
    ("event", "why"),
    [({"occurred_at": "2026-11-23T08:10:00Z"}, Why.NO_ID), ({"id": "1"}, Why.NO_TIME)],
)
def test_signed_events_without_id_or_time_are_refused(event: Any, why: Why) -> None:
    body = post({"event": event}).body
    assert pagerduty(body, f"v1={hex_signature(body)}").why == str(why)


# ── Standard Webhooks ───────────────────────────────────────────────────────────────────────────


def standard(
    *, at: float = NOW, number: str = "msg_1", body: bytes = BODY, signature: str | None = None,
    secret: str = WHSEC, told: str | None = None, **options: Any,
) -> Admission:  # fmt: skip
    signed = standard_signature(number, int(at), body, secret) if signature is None else signature
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(int(at)) if told is None else told,
        "webhook-signature": signed,
    }
    found: Admission = source("standard", **options).admit(Post("standard", headers, body), NOW)
    return found


def test_a_standard_webhook_is_let_in_once() -> None:
    first = standard()
    assert (first.why, first.sender) == ("", "standard webhooks")
    assert first.until > NOW + 300, "its mark outlives it"
    assert standard(at=NOW - 100).once == first.once, "an id is taken once, whenever it was signed"
    assert standard(number="msg_2").once != first.once


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"at": NOW - 301}, Why.TOO_OLD),
        ({"at": NOW + 301}, Why.TOO_NEW),
        ({"number": ""}, Why.NO_ID),
        ({"told": ""}, Why.NO_TIME),
        ({"told": f"0{int(NOW)}"}, Why.NO_TIME),
        ({"told": "9" * 14}, Why.NO_TIME),
        ({"signature": ""}, Why.NO_SIGNATURE),
        ({"signature": "v1,AAAA"}, Why.WRONG_SIGNATURE),
        ({"signature": "v1a,é"}, Why.WRONG_SIGNATURE),
        ({"secret": OLD_WHSEC}, Why.WRONG_SIGNATURE),
        ({"signature": standard_signature("msg_2", int(NOW), BODY)}, Why.WRONG_SIGNATURE),
        ({"signature": standard_signature("msg_1", int(NOW) - 1, BODY)}, Why.WRONG_SIGNATURE),
        ({"signature": standard_signature("msg_1", int(NOW), b"{}")}, Why.WRONG_SIGNATURE),
        ({"body": b"\xff"}, Why.WRONG_SIGNATURE),
    ],
)
def test_what_is_refused_of_standard_webhooks(given: dict[str, Any], why: Why) -> None:
    assert standard(**given).why == str(why)


def test_standard_webhooks_rotate_on_both_sides() -> None:
    both = [WHSEC, OLD_WHSEC]
    found = source("standard", secret=both)
    for secret in both:
        signature = standard_signature("msg_1", int(NOW), BODY, secret)
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW))}
        headers["webhook-signature"] = f"v1,AAAA v1a,x {signature}"
        assert found.admit(Post("standard", headers, BODY), NOW).why == ""


# ── Properties ──────────────────────────────────────────────────────────────────────────────────


#: Two cores may be busy with other tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(st.binary(min_size=1, max_size=200), st.data())
def test_one_flipped_bit_of_the_body_is_refused(body: bytes, data: st.DataObject) -> None:
    at, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    flipped = body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
    signed = source("grafana", **TIMED)
    assert signed.admit(Post("grafana", timed(NOW, body=body), body), NOW).why == ""
    assert signed.admit(Post("grafana", timed(NOW, body=body), flipped), NOW).why == str(
        Why.WRONG_SIGNATURE
    )
    event = f"v1={hex_signature(body)}"
    assert pagerduty(flipped, event).why == str(Why.WRONG_SIGNATURE)


@PATIENT
@given(st.data())
def test_one_changed_letter_of_a_signature_is_refused(data: st.DataObject) -> None:
    good = timed(NOW)["x-signature"]
    at = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(st.characters(exclude_characters=good[at] + good[at].upper()))
    headers = {**timed(NOW), "x-signature": good[:at] + letter + good[at + 1 :]}
    assert admit(TIMED, headers).why in (str(Why.WRONG_SIGNATURE), str(Why.NO_SIGNATURE))


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("authorization", "x-signature", "x-time", "x-secret", "x-client-dn", "webhook-id"),
            *("webhook-timestamp", "webhook-signature", "x-pagerduty-signature"),
        ]
    ),
    st.text(max_size=60)
    | st.sampled_from(["Bearer x", "Basic eDp5", "v1=00", "v1,AA", "1795417800"]),
)
WAYS = [
    *[("grafana", way) for way in ({}, BEARER, BASIC, HEADER, HMAC, TIMED, MTLS)],
    ("pagerduty", {}),
    ("standard", {}),
]


@pytest.mark.parametrize(("kind", "way"), WAYS)
@PATIENT
@given(headers=HEADERS, body=st.binary(max_size=50), proxied=st.booleans())
def test_nobody_comes_in_by_chance_and_nothing_raises(
    kind: str, way: Any, headers: Any, body: bytes, proxied: bool
) -> None:
    found = source(kind, **way).admit(Post(kind, headers, body, proxied=proxied), NOW)
    assert found.why in set(Why)
    assert not found.sender
    assert not found.once


# ── The settings ────────────────────────────────────────────────────────────────────────────────


def said(kind: str, **options: Any) -> str:
    return "; ".join(fault.message for fault in faults(alerts.load(kind).options, options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth": "bearer"}, "auth bearer needs a secret"),
        ({"auth": "basic", "secret": [SECRET]}, "auth basic needs user"),
        ({"auth": "basic", "user": "x"}, "auth basic needs a secret"),
        ({"auth": "header", "secret": [SECRET]}, "auth header needs header"),
        ({"auth": "hmac", "header": "X-S"}, "auth hmac needs a secret"),
        ({"auth": "mtls", "header": "X-S"}, "auth mtls needs subject"),
        ({"auth": "none"}, "'token', 'bearer'"),
        ({"auth": "bearer", "secret": ["short"]}, "at least 8 characters"),
        ({"auth": "bearer", "secret": [""]}, "at least 8 characters"),
        ({"auth": "bearer", "secret": [SECRET, " " * 9]}, "at least 8 characters"),
        ({"secret": [SECRET]}, "secret is of no use to auth token"),
        ({**BEARER, "header": "X-S"}, "header is of no use to auth bearer"),
        ({**HEADER, "header": "X S"}, "no name of a header"),
        ({**TIMED, "window": "2h"}, "less than or equal to 3600"),
    ],
)
def test_a_source_that_would_be_unsecured_is_an_error(options: Any, words: str) -> None:
    text = said("grafana", **options)
    assert words in text
    assert SECRET not in text


@pytest.mark.parametrize("kind", sorted(alerts.TABLE))
def test_no_source_lets_in_whoever_shows_nothing(kind: str) -> None:
    assert source(kind).admit(Post(kind, {}, b"{}"), NOW).why
    assert source(kind).admit(Post(kind, {}, b"{}", proxied=True), NOW).why


@pytest.mark.parametrize("kind", ["pagerduty", "standard"])
def test_those_with_signatures_of_their_own_need_their_key(kind: str) -> None:
    assert "'secret' is missing" in said(kind)
    assert "at least 1 item" in said(kind, secret=[])


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%%", "not base64!", "whsec_AAAA=AAAA"])
def test_a_key_of_standard_webhooks_is_base64(secret: str) -> None:
    text = said("standard", secret=[secret])
    assert text
    assert secret not in text


def test_no_secret_shows() -> None:
    for kind, options in (("grafana", BEARER), ("pagerduty", {}), ("standard", {})):
        found = source(kind, **options)
        assert SECRET not in repr(vars(found))
        assert WHSEC not in repr(vars(found))
