"""Group robots answer 200 even when they refuse: the code in the answer's body decides."""

from __future__ import annotations

import base64
import hashlib
import hmac

from autofix.channels.http import Answer, Wire


def hmac_base64(key: str, message: str) -> str:
    """HMAC-SHA256 in base64, as robots sign."""
    return base64.b64encode(
        hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
    ).decode()


def judge(wire: Wire, answer: Answer, code: str, message: str) -> str:
    """`ok` when the answer is a JSON object whose `code` is 0; ChannelError for all else."""
    body = answer.json()
    if code not in body:
        raise wire.failed(f"answered 200 without {code}: {answer.text[:200]}")
    value = body[code]
    if value != 0 or isinstance(value, bool):
        raise wire.failed(f"refused with {code} {value!s:.20}: {body.get(message, '')!s:.200}")
    return "ok"


def with_keyword(words: str, keyword: str) -> str:
    """Robots set to a keyword drop every message that lacks it, silently to the sender."""
    return words if not keyword or keyword in words else f"{keyword} {words}"
