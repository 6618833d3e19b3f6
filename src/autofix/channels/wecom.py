"""wecom: a WeCom (WeChat Work) group robot."""

from __future__ import annotations

from typing import Any, ClassVar

from autofix.channels import message
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.channels.robots import judge
from autofix.core.pages import Page
from autofix.options import Field, Secret

#: What WeCom takes in a text message.
TEXT_BYTES = 2048


class WecomOptions(HttpOptions):
    url: Secret = Field(description="the robot's webhook address, with its key")
    mention: tuple[str, ...] = Field((), description="user ids of people to call by name")
    mention_mobiles: tuple[str, ...] = Field((), description="the same by mobile number")
    mention_all: bool = Field(False, description="call everybody in the group")


class WecomChannel:
    closes = False
    options: ClassVar[type[WecomOptions]] = WecomOptions

    def __init__(self, name: str, options: WecomOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options)

    def send(self, page: Page, *, timeout: float) -> str:
        answer = self._wire.post_json(self._body(page), timeout=timeout)
        return judge(self._wire, answer, "errcode", "errmsg")

    def _body(self, page: Page) -> dict[str, Any]:
        # Of type text: it shows in WeChat too, renders no Markdown, and calls only whom we list.
        everybody = ["@all"] if self._chosen.mention_all else []
        words = message.cut(message.calm(message.whole(page)), TEXT_BYTES, page)
        return {
            "msgtype": "text",
            "text": {
                "content": words,
                "mentioned_list": [*self._chosen.mention, *everybody],
                "mentioned_mobile_list": list(self._chosen.mention_mobiles),
            },
        }
