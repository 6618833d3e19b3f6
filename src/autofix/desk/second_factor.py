"""The second factor: codes by time (TOTP, RFC 6238), each good once. The home of pyotp."""

from __future__ import annotations

import hmac
import re

import pyotp

#: Seconds that a code stands, and how many codes a clock may be wrong by, either way.
STEP, DRIFT = 30, 1
ISSUER = "autofix"


def new_seed() -> str:
    """160 random bits in base32, as authenticators take them."""
    return pyotp.random_base32(32)


def uri(seed: str, name: str) -> str:
    """`otpauth://…`: what an authenticator reads, typed or as a picture."""
    return pyotp.TOTP(seed, interval=STEP).provisioning_uri(name=name, issuer_name=ISSUER)


def counter_of(seed: str, code: str, now: float, last: int) -> int | None:
    """The counter of this code when it is good now and newer than `last`; else None."""
    given = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", given):
        return None
    totp, current = pyotp.TOTP(seed, interval=STEP), int(now // STEP)
    found = None
    for counter in range(current - DRIFT, current + DRIFT + 1):
        same = hmac.compare_digest(totp.generate_otp(counter), given)
        if same and counter > last and found is None:
            found = counter
    return found
