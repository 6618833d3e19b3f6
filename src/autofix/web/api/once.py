"""Idempotency keys: the same key with the same request is told the same again.

What is kept is the answer, never a secret in it: a token that was made is shown once, and the
answer that is given again has none. A key whose request was cut off stays in progress: nobody
knows whether it was done, so it is not done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from autofix.core.accounts import Answered
from autofix.core.plain import plain
from autofix.errors import Conflict, Duplicate, StoreError
from autofix.flow.context import log
from autofix.ports import Store
from autofix.web.api.common import Asker, answer, services_of
from autofix.web.problems import Problem

REPLAYED = "Idempotent-Replayed"
#: An answer larger than this is not kept: who asks again is told that it was done.
KEPT = 262_144
Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same request is told the same again.",
        examples=["6f1c3a"],
    ),
]
Act = Callable[[], Any]


class Once:
    def __init__(self, request: Request, who: Asker, idempotency_key: Key = None) -> None:
        self._request, self._by, self._key = request, who.actor, idempotency_key
        self._ctx = services_of(request).context()

    def __call__(
        self,
        act: Act,
        asked: BaseModel | None = None,
        *,
        status: int = 200,
        hidden: Callable[[Any], Any] | None = None,
    ) -> Response:
        """Do it, once for each key. `hidden`: the answer as it may be kept."""
        if self._key is None:
            return answer(act(), status)
        draft = Answered(self._key, self._by, self._ctx.clock.now(), self._digest(asked))
        store = self._ctx.store
        with store.transaction() as tx:
            known = tx.begin_answer(draft)
        if known is not None:
            return _again(known, draft)
        try:
            value = act()
        except Exception as error:
            if not isinstance(error, StoreError) or isinstance(error, Conflict | Duplicate):
                _end(store, draft)  # else it may have been done: the key stays taken
            raise
        body = plain(value)
        kept = plain(hidden(value)) if hidden else body
        small = len(json.dumps(kept)) <= KEPT
        _end(store, replace(draft, status=status, body=kept if small else None))
        return answer(body, status)

    def _digest(self, asked: BaseModel | None) -> str:
        url = self._request.url
        # A fast hash of a password would be a way to guess it.
        body = asked.model_dump(mode="json", exclude={"password"}) if asked else None
        said = [self._request.method, url.path, url.query, body]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _end(store: Store, done: Answered) -> None:
    """What came of it is known, whether this can be written or not: else the key stays taken, and
    whoever uses it again is told to look first."""
    try:
        with store.transaction() as tx:
            tx.end_answer(done)
    except StoreError as error:
        log.warning("what a request was told could not be kept: %s", error)


def _again(known: Answered, asked: Answered) -> Response:
    if known.digest != asked.digest:
        raise Problem(
            422,
            "this Idempotency-Key was used for another request",
            "take a new key for each new request",
        )
    if not known.status:
        raise Problem(
            409,
            "the request with this Idempotency-Key is under way, or was cut off",
            "see what came of it before it is sent again with a new key",
        )
    if known.body is None:
        raise Problem(409, "this was done, and its answer was too large to be kept")
    return JSONResponse(dict(known.body), known.status, headers={REPLAYED: "true"})


AtMostOnce = Annotated[Once, Depends(Once)]
