"""A web that was lost and can't listen again: it is tried until it can, and stops nobody."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from autofix.app.site import Site
from autofix.app.web import Web
from autofix.errors import ListenError
from servers.project import Project
from unit.web.wirekit import eventually


def taken(port: int = 0) -> socket.socket:
    """Somebody else listens there."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    one.listen(1)
    return one


def test_a_web_that_cannot_listen_again_is_tried_until_it_can(tmp_path: Path) -> None:
    other = taken()
    port = other.getsockname()[1]
    project = Project(tmp_path, {"web": {"web1": {}}})
    project.settings({"web": {"listen": f"127.0.0.1:{port}"}})
    site = Site.open(tmp_path)
    web = Web(site, lambda: 0.0)
    web.use(site.context("test", full=True))
    try:
        with pytest.raises(ListenError):
            web.begin()
        other.close()
        web.begin()
        server = web._server
        assert server is not None
        server.stop()
        other = taken(port)
        for _ in range(2):
            with pytest.raises(ListenError):
                web.tend()
        web.begin()  # whoever takes over the lead meanwhile is not kept from it
        other.close()
        web.tend()
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        other.close()
        web.stop()
        site.close()


def test_without_the_clerk_the_web_is_started_anew(tmp_path: Path) -> None:
    Project(tmp_path, {"web": {"web1": {}}}).settings({"web": {"enabled": False}})
    site = Site.open(tmp_path)
    web = Web(site, lambda: 0.0)
    web.use(site.context("test", full=True))
    try:
        web.begin()
        clerk = web._clerk
        assert clerk is not None
        clerk.stop()
        eventually(lambda: not clerk.alive)
        web.tend()
        assert web._clerk is not clerk
        assert web._clerk is not None
        assert web._clerk.alive
    finally:
        web.stop()
        site.close()
