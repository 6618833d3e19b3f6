"""What each provider receives, by its own documentation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from autofix.channels.pagerduty import dedup_key
from autofix.channels.webhook import signature
from autofix.core.pages import Page, PageKind
from servers.channels import SECRET, SIGNING, WEB
from servers.http import Asked, HttpServer, http_server
from servers.pages import a_page, hostile_page


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def sent(server: HttpServer, kind: str, page: Page | None = None, **more: Any) -> Asked:
    """The request that a channel makes for a page, its provider agreeing."""
    server.say(WEB[kind].taken)
    before = len(server.asked)
    assert WEB[kind].at(server.url, **more).send(page or a_page(), timeout=10)
    asked = server.wait_for(before + 1)[before]
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    return asked


def body(server: HttpServer, kind: str, page: Page | None = None, **more: Any) -> Any:
    return json.loads(sent(server, kind, page, **more).body)


def test_webhook_sends_the_whole_page_as_json(server: HttpServer) -> None:
    assert body(server, "webhook") == {
        "type": "page",
        "event": "call",
        "id": 3,
        "incident": 7,
        "runbook": "",
        "policy": "default",
        "level": 1,
        "count": 1,
        "severity": "P1",
        "title": a_page().title,
        "text": a_page().text,
        "dedup_key": "autofix:7:redis-memory-high:cache1",
        "created_at": "2026-09-21T14:13:20+00:00",
        "data": {"runbook": "redis-memory-high", "host": "cache1", "incident": 7},
    }


def test_webhook_signs_in_the_style_of_standard_webhooks(server: HttpServer) -> None:
    asked = sent(server, "webhook")
    message_id, stamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    signed = f"{message_id}.{stamp}.".encode() + asked.body
    expected = base64.b64encode(hmac.new(SIGNING.encode(), signed, hashlib.sha256).digest())
    assert asked.headers["webhook-signature"] == f"v1,{expected.decode()}"
    assert abs(int(stamp) - time.time()) < 60
    assert asked.headers["x-token"] == SECRET


def test_webhook_signature_equals_the_example_of_the_standard() -> None:
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_webhook_id_stays_over_tries_and_differs_between_pages(server: HttpServer) -> None:
    first, again = sent(server, "webhook"), sent(server, "webhook", a_page(tried=1))
    other = sent(server, "webhook", a_page(id=4))
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.headers["webhook-id"] != other.headers["webhook-id"]


def test_webhook_sends_the_authorization_it_was_given(server: HttpServer) -> None:
    asked = sent(server, "webhook", authorization="Bearer abc", secret=None)
    assert asked.headers["authorization"] == "Bearer abc"
    assert "webhook-signature" not in asked.headers


def test_dingtalk_sends_a_text_that_calls_only_whom_the_settings_name(server: HttpServer) -> None:
    found = body(server, "dingtalk", at_mobiles=["13800138000"], keyword="监控")
    assert found["msgtype"] == "text"
    assert found["text"]["content"].startswith(f"监控 {a_page().title}\n\nhost: cache1")
    assert found["at"] == {"atMobiles": ["13800138000"], "isAtAll": False}


def test_dingtalk_signs_timestamp_and_secret_in_the_address(server: HttpServer) -> None:
    query = parse_qs(urlsplit(sent(server, "dingtalk").path).query)
    assert query["access_token"] == [SECRET]
    stamp = query["timestamp"][0]
    assert abs(int(stamp) / 1000 - time.time()) < 60
    digest = hmac.new(SIGNING.encode(), f"{stamp}\n{SIGNING}".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(digest).decode()]


def test_dingtalk_without_a_secret_posts_to_the_address_as_it_is(server: HttpServer) -> None:
    assert sent(server, "dingtalk", secret=None).path == WEB["dingtalk"].path


def test_wecom_sends_a_text_with_its_mentions_apart(server: HttpServer) -> None:
    found = body(server, "wecom", mention=["wangqing"], mention_all=True)
    assert found["msgtype"] == "text"
    assert found["text"]["content"] == f"{a_page().title}\n\n{a_page().text}"
    assert found["text"]["mentioned_list"] == ["wangqing", "@all"]
    assert body(server, "wecom")["text"]["mentioned_list"] == []


def test_feishu_sends_a_card_of_plain_text(server: HttpServer) -> None:
    found = body(server, "feishu")
    assert found["msg_type"] == "interactive"
    header = found["card"]["header"]
    assert header == {
        "title": {"tag": "plain_text", "content": a_page().title},
        "template": "orange",
    }
    text = {"tag": "plain_text", "content": a_page().text}
    assert found["card"]["elements"] == [{"tag": "div", "text": text}]


def test_feishu_signs_an_empty_message_with_timestamp_and_secret(server: HttpServer) -> None:
    found = body(server, "feishu")
    key = f"{found['timestamp']}\n{SIGNING}".encode()
    digest = hmac.new(key, b"", hashlib.sha256).digest()
    assert found["sign"] == base64.b64encode(digest).decode()
    assert abs(int(found["timestamp"]) - time.time()) < 60
    assert "sign" not in body(server, "feishu", secret=None)


@pytest.mark.parametrize("answer", [{"StatusCode": 0, "StatusMessage": "success"}, {"code": 0}])
def test_feishu_understands_older_and_newer_answers(server: HttpServer, answer: Any) -> None:
    from servers.http import Answer

    server.say(Answer(200, json.dumps(answer).encode()))
    assert WEB["feishu"].at(server.url).send(a_page(), timeout=5) == "ok"


def test_slack_sends_text_without_markup(server: HttpServer) -> None:
    found = body(server, "slack", a_page(text="a < b & c > d <!here> *x*"), mention="channel")
    assert found["text"].startswith("<!channel> [P1] Redis memory above 90 %")
    assert found["text"].endswith("a &lt; b &amp; c &gt; d &lt; !here&gt; *x*")
    assert found["mrkdwn"] is False
    assert found["parse"] == "none"
    assert found["unfurl_links"] is False


@pytest.mark.parametrize(
    ("whom", "call"), [("U012AB3CD", "<@U012AB3CD> "), ("S012AB3CD", "<!subteam^S012AB3CD> ")]
)
def test_slack_calls_a_person_or_a_group_by_id(server: HttpServer, whom: str, call: str) -> None:
    assert body(server, "slack", mention=whom)["text"].startswith(call)


def test_pagerduty_triggers_an_event(server: HttpServer) -> None:
    found = body(server, "pagerduty")
    assert found["routing_key"] == SECRET
    assert found["event_action"] == "trigger"
    assert found["dedup_key"] == a_page().dedup_key
    payload = found["payload"]
    assert payload["summary"] == a_page().title
    assert payload["source"] == "cache1"
    assert payload["severity"] == "error"
    assert payload["component"] == "redis-memory-high"
    assert payload["timestamp"] == "2026-09-21T14:13:20+00:00"
    assert payload["custom_details"]["text"] == a_page().text


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("P0", "critical"), ("P1", "error"), ("P2", "warning"), ("P3", "info"), ("odd", "info")],
)
def test_pagerduty_severity_follows_ours(server: HttpServer, severity: str, theirs: str) -> None:
    found = body(server, "pagerduty", a_page(severity=severity))
    assert found["payload"]["severity"] == theirs


@pytest.mark.parametrize(("kind", "action"), [("taken", "acknowledge"), ("closing", "resolve")])
def test_pagerduty_hears_by_the_key_of_the_page_who_took_it_and_that_it_is_over(
    server: HttpServer, kind: str, action: str
) -> None:
    found = body(server, "pagerduty", a_page(kind=PageKind(kind)))
    assert found == {
        "routing_key": SECRET,
        "event_action": action,
        "dedup_key": "autofix:7:redis-memory-high:cache1",
    }


def test_webhook_counts_a_digest_and_names_its_incidents(server: HttpServer) -> None:
    digest = a_page(kind=PageKind.DIGEST, incident=None, count=3, level=1,
                    data={"runbook": "redis-memory-high", "incidents": [4, 5, 6]})  # fmt: skip
    found = body(server, "webhook", digest)
    assert (found["event"], found["count"], found["level"]) == ("digest", 3, 2)
    assert found["data"]["incidents"] == [4, 5, 6]


def test_pagerduty_keys_are_short_and_stay_apart() -> None:
    long, other = a_page(dedup_key="k" * 300 + "1"), a_page(dedup_key="k" * 300 + "2")
    assert len(dedup_key(long)) == 255
    assert dedup_key(long) == dedup_key(long)
    assert dedup_key(long) != dedup_key(other)
    assert dedup_key(a_page()) == a_page().dedup_key


LIMITS = {"dingtalk": 20_000, "wecom": 2048 + 400, "feishu": 20_000, "slack": 16_000}


@pytest.mark.parametrize("kind", WEB)
def test_a_hostile_page_is_data_within_the_limits(server: HttpServer, kind: str) -> None:
    asked = sent(server, kind, hostile_page())
    assert len(asked.body) <= LIMITS.get(kind, 512_000)
    words = json.dumps(json.loads(asked.body), ensure_ascii=False)
    if kind not in ("webhook", "pagerduty"):
        for call in ("@all", "@所有人", "@everyone", "@here", "@138", "<@U0", "<!channel", "<at"):
            assert call not in words
        assert "cut here" in words
        assert "autofix incidents show 7" in words
    for active in ("\x1b", "\u202e", "\\u0000", "\\u001b", "\r"):
        assert active not in words.replace("\\\\", "\x01")


def test_wecom_cuts_at_a_whole_character_within_its_2048_bytes(server: HttpServer) -> None:
    content = body(server, "wecom", a_page(text="界" * 5000))["text"]["content"]
    assert len(content.encode()) <= 2048
    assert "�" not in content
