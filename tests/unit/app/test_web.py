"""The web of a server: it may die, and says so; it is started anew, and the rest goes on."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from autofix.app.listening import listening
from autofix.app.site import Site
from autofix.app.web import Web
from servers.project import Project
from unit.web.wirekit import eventually


def test_a_web_that_died_says_so_and_is_started_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Project(tmp_path, {"web": {"web1": {}}})
    site = Site.open(tmp_path)
    web = Web(site, lambda: 0.0)
    try:
        web.use(site.context("test", full=True))
        web.begin()
        (url,) = listening(site.settings.state)
        assert httpx.get(f"{url}/healthz").status_code == 200
        server = web._server
        assert server is not None
        assert server._loop is not None
        server._loop.call_soon_threadsafe(server._loop.stop)
        eventually(lambda: not server.alive)
        assert "the web has stopped; the engine goes on" in caplog.text
        with caplog.at_level(logging.INFO):
            web.tend()
        assert "it is started anew" in caplog.text
        (url,) = listening(site.settings.state)
        assert httpx.get(f"{url}/readyz").status_code == 200
    finally:
        web.stop()
        site.close()
    assert listening(site.settings.state) == []
    assert not (tmp_path / ".autofix" / "autofix.sock").exists()


def test_a_server_without_a_listener_on_the_net_has_its_socket(tmp_path: Path) -> None:
    project = Project(tmp_path, {"web": {"web1": {}}})
    project.settings({"web": {"enabled": False}})
    site = Site.open(tmp_path)
    web = Web(site, lambda: 1e9)
    try:
        web.use(site.context("test", full=True))
        web.begin()
        assert listening(site.settings.state) == []
        way = httpx.HTTPTransport(uds=str(tmp_path / ".autofix" / "autofix.sock"))
        with httpx.Client(transport=way) as client:
            assert client.get("http://autofix/healthz").status_code == 200
            late = client.get("http://autofix/readyz")
            assert late.status_code == 503
            assert "the engine has not gone round" in late.json()["detail"]
    finally:
        web.stop()
        site.close()
