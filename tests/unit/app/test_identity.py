"""The identity provider of the settings, with and without the extra it needs."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from autofix.app.identity import Identity, check, problems
from autofix.errors import ConfigError
from autofix.web.oidc_options import OidcOptions

OPTIONS = OidcOptions(issuer="https://login.example.com", client_id="x", client_secret="y")


def site(options: Any) -> Any:
    return SimpleNamespace(settings=SimpleNamespace(parts={"oidc": options}), file="autofix.yaml")


def test_without_the_extra_check_and_start_say_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib.oidc.core", None)
    monkeypatch.delitem(sys.modules, "autofix.web.oidc", raising=False)
    monkeypatch.delattr("autofix.web.oidc", raising=False)
    [problem] = problems(OPTIONS, "autofix.yaml")
    assert "packages are not there" in problem.message
    assert problem.hint == "install autofix[oidc]"
    with pytest.raises(ConfigError, match=r"install autofix\[oidc\]"):
        check(site(OPTIONS))


def test_nobody_needs_the_extra_who_does_not_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib.oidc.core", None)
    assert problems(None, "autofix.yaml") == []
    check(site(None))
    assert Identity(site(None)).provider() is None


def test_a_new_block_of_the_settings_is_a_new_provider() -> None:
    here = site(OPTIONS)
    identity = Identity(here)
    first = identity.provider()
    assert first is not None
    assert identity.provider() is first
    here.settings.parts["oidc"] = OPTIONS.model_copy(update={"client_id": "z"})
    second = identity.provider()
    assert second is not None
    assert second.options.client_id == "z"
