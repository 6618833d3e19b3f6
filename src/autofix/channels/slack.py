"""slack: an incoming webhook of Slack, or of what speaks its language (Mattermost, Rocket.Chat)."""

from __future__ import annotations

from typing import Any, ClassVar

from autofix.channels import message
from autofix.channels.http import Wire
from autofix.channels.http_options import HttpOptions
from autofix.core.pages import Page
from autofix.options import Field, Secret

#: Slack advises 4,000 characters; longer texts arrive in pieces.
TEXT_BYTES = 3_900


class SlackOptions(HttpOptions):
    url: Secret = Field(description="the incoming webhook's address")
    mention: str = Field(
        "",
        pattern=r"^(|channel|here|[UW][A-Z0-9]{5,20}|S[A-Z0-9]{5,20})$",
        description="whom to call: `channel`, `here`, a user id (`U…`) or a group id (`S…`)",
    )


class SlackChannel:
    closes = False
    options: ClassVar[type[SlackOptions]] = SlackOptions

    def __init__(self, name: str, options: SlackOptions) -> None:
        self.name = name
        self._chosen = options
        self._wire = Wire(options)

    def send(self, page: Page, *, timeout: float) -> str:
        answer = self._wire.post_json(self._body(page), timeout=timeout)
        if answer.text.strip() != "ok":
            raise self._wire.failed(f"answered {answer.status}, but not ok: {answer.text[:200]}")
        return "ok"

    def _body(self, page: Page) -> dict[str, Any]:
        words = escaped(message.cut(message.calm(message.whole(page)), TEXT_BYTES, page))
        return {
            "text": f"{mention(self._chosen.mention)}{words}",
            "mrkdwn": False,
            "parse": "none",
            "unfurl_links": False,
            "unfurl_media": False,
        }


def escaped(words: str) -> str:
    """Slack's three control characters as entities: no link, no mention, no channel remains."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(whom: str) -> str:
    """The call that the settings ask for, in Slack's own form."""
    if not whom:
        return ""
    if whom in ("channel", "here"):
        return f"<!{whom}> "
    return f"<!subteam^{whom}> " if whom.startswith("S") else f"<@{whom}> "
