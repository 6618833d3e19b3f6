"""A witness by webhook: each checkpoint is POSTed as JSON, signed as the webhook channel signs."""

from __future__ import annotations

import hashlib

from autofix.channels.http import Wire, encode
from autofix.channels.webhook import WebhookOptions, headers
from autofix.core.checkpoints import Checkpoint, body


class WebhookWitness:
    every = 0.0

    def __init__(self, options: WebhookOptions) -> None:
        self._options = options
        given = options.secret, options.authorization, *options.headers.values()
        self._wire = Wire(options, *given)
        self.name = f"webhook {self._wire.place}"

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
        value = {"type": "checkpoint", **body(checkpoint), "signature": checkpoint.signature}
        sent = encode(value)
        name = f"checkpoint_{hashlib.sha256(sent).hexdigest()[:32]}"
        self._wire.post(sent, timeout=timeout, headers=headers(self._options, name, sent))
