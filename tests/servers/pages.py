"""Pages as tests send them: an honest one, and one whose text a stranger wrote."""

from __future__ import annotations

from typing import Any

from autofix.core.pages import Page


def a_page(**changes: Any) -> Page:
    """A page about incident 7; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": 3,
        "incident": 7,
        "policy": "default",
        "channels": ("first", "second"),
        "severity": "P1",
        "title": "[P1] Redis memory above 90 % on cache1: not healed",
        "text": "host: cache1\nwhat was tried:\n  step 1 → ok\n内存 93 % → 92 %",
        "dedup_key": "autofix:7:redis-memory-high:cache1",
        "created_at": 1_790_000_000.0,
        "due_at": 1_790_000_000.0,
        "data": {"runbook": "redis-memory-high", "host": "cache1", "incident": 7},
    }
    return Page(**{**fields, **changes})


HOSTILE_TITLE = (
    'down\r\nBcc: all@example.com\n\x1b[31m @all <!channel> <at user_id="all"></at> \ud800'
)
HOSTILE_TEXT = (
    "@all @所有人 @everyone @here @13800138000 <@U012AB3CD> <!channel> <at id=all></at>\n"
    "[click](http://evil.example) **bold** `code` <script>alert(1)</script> & \\ \" '\n"
    "\x00\x1b]0;owned\x07 \u202e gnp \ud800 \r\n.\r\nRCPT TO:<x@example.com>\r\n" + "界" * 30_000
)


def hostile_page() -> Page:
    """A page whose every text would do something, if it were more than data."""
    return a_page(
        title=HOSTILE_TITLE,
        text=HOSTILE_TEXT,
        dedup_key="autofix:7:" + "长" * 400,
        data={"runbook": "r\nX: y", "host": "h\x00\n@all", "labels": {"a": [1]}, "ratio": 0.93},
    )
