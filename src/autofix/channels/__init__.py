"""Channels: each file is one way to page a person. The table is the whole registry.

A channel's class has `options` (its option model, a subclass of `autofix.options.Options`) and is
built as `Class(name, options)`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

TABLE = {
    "email": "autofix.channels.email:EmailChannel",
    "webhook": "autofix.channels.webhook:WebhookChannel",
    "dingtalk": "autofix.channels.dingtalk:DingtalkChannel",
    "wecom": "autofix.channels.wecom:WecomChannel",
    "feishu": "autofix.channels.feishu:FeishuChannel",
    "slack": "autofix.channels.slack:SlackChannel",
    "pagerduty": "autofix.channels.pagerduty:PagerdutyChannel",
    "command": "autofix.channels.command:CommandChannel",
    "apprise": "autofix.channels.apprise:AppriseChannel",
}


def load(kind: str) -> Any:
    """The channel class of this type. KeyError when the table has none."""
    module, _, attribute = TABLE[kind].partition(":")
    return getattr(import_module(module), attribute)
