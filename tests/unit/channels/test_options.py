"""Options of channels: what is refused, and that no secret shows."""

from __future__ import annotations

from typing import Any

import pytest

from autofix import channels
from autofix.channels import urls
from autofix.options import faults
from servers.channels import SECRET, WEB


def found(kind: str, **options: Any) -> str:
    """Everything that is wrong with these options, as `check` would say it."""
    return "; ".join(fault.message for fault in faults(channels.load(kind).options, options))


@pytest.mark.parametrize("kind", ["webhook", "dingtalk", "wecom", "feishu", "slack"])
def test_the_address_is_required_and_must_be_fit(kind: str) -> None:
    assert found(kind) == "'url' is missing"
    assert "https" in found(kind, url=f"ftp://example.com/{SECRET}")
    assert "https" in found(kind, url=f"example.com/{SECRET}")
    assert "plain http" in found(kind, url=f"http://example.com/{SECRET}")
    assert "blanks" in found(kind, url=f"https://example.com/{SECRET}\nX")
    assert "not a URL" in found(kind, url=f"https://[example/{SECRET}")
    assert found(kind, url=f"http://example.com/{SECRET}", insecure=True) == ""
    assert found(kind, url=f"https://example.com/{SECRET}") == ""


@pytest.mark.parametrize(
    "local", ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:8080/x"]
)
def test_plain_http_to_this_machine_is_allowed(local: str) -> None:
    assert found("webhook", url=local) == ""


@pytest.mark.parametrize(
    "far", ["http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://10.0.0.1/"]
)
def test_a_name_that_only_looks_local_is_not(far: str) -> None:
    assert "plain http" in found("webhook", url=far)


def test_no_fault_repeats_the_address() -> None:
    for kind in WEB:
        assert SECRET not in found(kind, url=f"ftp://{SECRET}/", routing_key="")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Host": "x"}, "can't be set"),
        ({"Content-Length": "1"}, "can't be set"),
        ({"Authorization": "x"}, "can't be set"),
        ({"X Y": "x"}, "can't be set"),
        ({"X-A": "a\r\nX-B: b"}, "one line"),
    ],
)
def test_headers_that_would_forge_a_request_are_refused(headers: dict[str, str], said: str) -> None:
    assert said in found("webhook", url="https://example.com", headers=headers)


def test_a_broken_signing_secret_is_said() -> None:
    assert "base64" in found("webhook", url="https://example.com", secret="whsec_###")


def test_slack_mentions_are_of_known_forms() -> None:
    assert found("slack", url="https://hooks.slack.com/x", mention="!everyone>") != ""
    assert found("slack", url="https://hooks.slack.com/x", mention="here") == ""


@pytest.mark.parametrize("kind", channels.TABLE)
def test_an_unknown_key_is_an_error(kind: str) -> None:
    assert "unknown key 'urll'" in found(kind, urll="x")


@pytest.mark.parametrize("channel", WEB.values(), ids=WEB)
def test_nothing_about_a_channel_shows_its_secrets(channel: Any) -> None:
    made = channel.at("https://example.com")
    shown = f"{made!r} {made} {vars(made)}"
    options = made.options.model_validate(
        {"url": "https://example.com" + channel.path, **channel.more}
    )
    assert SECRET not in repr(options) + str(options) + shown.replace(repr(vars(made)), "")


def test_an_address_is_shown_by_its_host_alone() -> None:
    url = "https://user:pw@hooks.slack.com:8443/services/T0/B0/abc?x=y"
    assert urls.shown(url) == "https://hooks.slack.com:8443/…"


def test_pieces_of_an_address_are_struck_out_of_words() -> None:
    url = f"https://example.com/hook/{SECRET}?key=0123456789"
    words = f"bad {SECRET} and 0123456789 in /hook"
    assert urls.masked(words, urls.secrets_in(url)) == "bad ******** and ******** in /hook"
