"""dingtalk: a DingTalk group robot, signed where the robot demands it."""

from __future__ import annotations

import time
from typing import Any, ClassVar
from urllib.parse import quote_plus

from autofix.channels import message
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.channels.robots import hmac_base64, judge, with_keyword
from autofix.core.pages import Page
from autofix.options import Field, Secret

#: DingTalk takes 20,000 bytes of JSON, in which a line end or a quote is two bytes.
TEXT_BYTES = 9_000


class DingtalkOptions(HttpOptions):
    url: Secret = Field(description="the robot's webhook address, with its access_token")
    secret: Secret | None = Field(
        None, description="the robot's signing secret (`SEC…`), when it demands signatures"
    )
    keyword: str = Field("", max_length=50, description="the robot's keyword, when it demands one")
    at_mobiles: tuple[str, ...] = Field((), description="mobile numbers of people to call by name")
    at_all: bool = Field(False, description="call everybody in the group")


class DingtalkChannel:
    closes = False
    options: ClassVar[type[DingtalkOptions]] = DingtalkOptions

    def __init__(self, name: str, options: DingtalkOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options, options.secret)

    def send(self, page: Page, *, timeout: float) -> str:
        url = self._signed(time.time())
        answer = self._wire.post_json(self._body(page), timeout=timeout, url=url)
        return judge(self._wire, answer, "errcode", "errmsg")

    def _body(self, page: Page) -> dict[str, Any]:
        # Of type text: DingTalk renders no Markdown in it, and calls only whom `at` names.
        words = with_keyword(message.calm(message.whole(page)), self._chosen.keyword)
        return {
            "msgtype": "text",
            "text": {"content": message.cut(words, TEXT_BYTES, page)},
            "at": {"atMobiles": list(self._chosen.at_mobiles), "isAtAll": self._chosen.at_all},
        }

    def _signed(self, now: float) -> str:
        if self._chosen.secret is None:
            return self._wire.url
        secret, stamp = self._chosen.secret.get_secret_value(), str(round(now * 1000))
        sign = quote_plus(hmac_base64(secret, f"{stamp}\n{secret}"))
        joint = "&" if "?" in self._wire.url else "?"
        return f"{self._wire.url}{joint}timestamp={stamp}&sign={sign}"
