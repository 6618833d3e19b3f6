"""The witness by webhook: a signed POST of the checkpoint, and refusals in one line."""

from __future__ import annotations

import json

import pytest

from autofix.channels.webhook import WebhookOptions, signature
from autofix.channels.witness import WebhookWitness
from autofix.core.checkpoints import Checkpoint, body
from autofix.errors import ChannelError
from autofix.options import Secret
from servers.http import Answer, http_server

ONE = Checkpoint(12, "a" * 64, 1700000000.125, "b" * 32, 3, "c" * 128)


def test_it_posts_what_was_signed_with_its_signature() -> None:
    with http_server() as server:
        options = WebhookOptions(url=Secret(f"{server.url}/in?token=hush"), secret=Secret("key"))
        witness = WebhookWitness(options)
        witness.tell(ONE, timeout=5)
        [asked] = server.asked
    value = json.loads(asked.body)
    assert value == {"type": "checkpoint", **body(ONE), "signature": ONE.signature}
    name, at = asked.headers["webhook-id"], int(asked.headers["webhook-timestamp"])
    assert asked.headers["webhook-signature"] == signature("key", name, at, asked.body)
    assert "hush" not in witness.name


def test_a_refusal_is_one_line_without_secrets() -> None:
    with http_server() as server:
        server.say(Answer(500, b"no\nroom"))
        witness = WebhookWitness(WebhookOptions(url=Secret(f"{server.url}/in?token=hush")))
        with pytest.raises(ChannelError) as refused:
            witness.tell(ONE, timeout=5)
    assert "500" in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "\n" not in str(refused.value)
