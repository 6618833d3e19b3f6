"""feishu: a Feishu or Lark group robot, signed where the robot demands it."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from autofix.channels import message
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.channels.robots import hmac_base64, judge, with_keyword
from autofix.core.pages import Page
from autofix.options import Field, Secret

#: Feishu takes 20 KB of JSON, in which a line end or a quote is two bytes.
TEXT_BYTES = 8_000
COLOURS = {"P0": "red", "P1": "orange", "P2": "yellow"}


class FeishuOptions(HttpOptions):
    url: Secret = Field(description="the robot's webhook address")
    secret: Secret | None = Field(
        None, description="the robot's signing secret, when it demands signatures"
    )
    keyword: str = Field("", max_length=50, description="the robot's keyword, when it demands one")


class FeishuChannel:
    closes = False
    options: ClassVar[type[FeishuOptions]] = FeishuOptions

    def __init__(self, name: str, options: FeishuOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options, options.secret)

    def send(self, page: Page, *, timeout: float) -> str:
        body = {**self._signed(int(time.time())), **self._body(page)}
        answer = self._wire.post_json(body, timeout=timeout)
        # Older robots answer StatusCode, newer ones code, some both.
        if "code" not in answer.json() and "StatusCode" in answer.json():
            return judge(self._wire, answer, "StatusCode", "StatusMessage")
        return judge(self._wire, answer, "code", "msg")

    def _body(self, page: Page) -> dict[str, Any]:
        # A card of plain_text elements: neither Markdown nor <at> tags are read in them.
        words = message.cut(message.calm(message.text(page)), TEXT_BYTES, page)
        heading = with_keyword(message.calm(message.title(page)), self._chosen.keyword)
        return {
            "msg_type": "interactive",
            "card": {
                "config": {"wide_screen_mode": True},
                "header": {
                    "title": {"tag": "plain_text", "content": heading},
                    "template": COLOURS.get(page.severity, "blue"),
                },
                "elements": [{"tag": "div", "text": {"tag": "plain_text", "content": words}}],
            },
        }

    def _signed(self, now: int) -> dict[str, str]:
        if self._chosen.secret is None:
            return {}
        # Feishu's own way: timestamp and secret are the key, and the message is empty.
        key = f"{now}\n{self._chosen.secret.get_secret_value()}"
        return {"timestamp": str(now), "sign": hmac_base64(key, "")}
