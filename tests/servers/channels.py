"""Every web channel with what its provider answers when it takes or refuses a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofix import channels
from servers.http import Answer

SECRET = "s3cret-t0ken-4711"
SIGNING = "SECabcdef0123456789"


@dataclass(frozen=True)
class WebChannel:
    """`path`: of its address. `taken` is the provider's yes; `refused` says no with status 200."""

    kind: str
    path: str
    taken: Answer
    refused: Answer | None
    more: Mapping[str, Any]

    def at(self, base: str, **more: Any) -> Any:
        """The channel, posting to a server at `base`."""
        made = channels.load(self.kind)
        options = made.options.model_validate({"url": base + self.path, **self.more, **more})
        return made("ops", options)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


WEB = {
    channel.kind: channel
    for channel in (
        WebChannel(
            "webhook",
            f"/hook/{SECRET}",
            Answer(204, b""),
            None,  # a webhook's body says nothing that is agreed on
            {"secret": SIGNING, "headers": {"X-Token": SECRET}},
        ),
        WebChannel(
            "dingtalk",
            f"/robot/send?access_token={SECRET}",
            _json({"errcode": 0, "errmsg": "ok"}),
            _json({"errcode": 310000, "errmsg": f"sign not match: {SECRET}"}),
            {"secret": SIGNING},
        ),
        WebChannel(
            "wecom",
            f"/cgi-bin/webhook/send?key={SECRET}",
            _json({"errcode": 0, "errmsg": "ok"}),
            _json({"errcode": 93000, "errmsg": f"invalid webhook url {SECRET}"}),
            {},
        ),
        WebChannel(
            "feishu",
            f"/open-apis/bot/v2/hook/{SECRET}",
            _json({"code": 0, "msg": "success", "data": {}, "StatusCode": 0}),
            _json({"code": 19021, "msg": f"sign match fail {SECRET}"}),
            {"secret": SIGNING},
        ),
        WebChannel(
            "slack",
            f"/services/T0/B0/{SECRET}",
            Answer(200, b"ok"),
            Answer(200, f"no_service {SECRET}".encode()),
            {},
        ),
        WebChannel(
            "pagerduty",
            "/v2/enqueue",
            _json({"status": "success", "message": "Event processed", "dedup_key": "k"}, 202),
            _json({"status": "invalid event", "errors": [f"bad key {SECRET}"]}),
            {"routing_key": SECRET},
        ),
    )
}
