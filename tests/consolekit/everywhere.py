"""Every page of the console, found as a reader finds them: by the links on the ones before.

found, broken = addresses(stage, "ada")
found → {"/incidents/{number}": ["/incidents/1", "/incidents/2"], …}
"""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from autofix.web.console.policy import CONSOLE

#: No pages: files of ours, the stream that keeps pages up to date, one thing that a run said.
NOT_PAGES = ("/static/{made}/{name}", "/live", "/runs/{number}/raw/{event}")
#: What no link leads to while one is logged in, and all is well.
BY_HAND: dict[str, str] = {
    "/login": "/login",
    "/runbooks/{name}/started": "/runbooks/redis-memory-high/started?first=1&last=1",
}
#: So many pages of each kind are looked at.
EACH = 3


def routes() -> list[str]:
    """The patterns of all pages that the console has."""
    return [path for method, path in CONSOLE if method == "GET" and path not in NOT_PAGES]


def addresses(stage: Any, by: str, each: int = EACH) -> tuple[dict[str, list[str]], list[str]]:
    """By route, the pages that answer with HTML (none for what is only downloaded); and links
    that lead to no page."""
    client = stage.client(by)
    found: dict[str, list[str]] = {
        route: [page] for route, page in BY_HAND.items() if client.get(page).status_code == 200
    }
    waiting = deque(route for route in routes() if "{" not in route)
    seen, broken = set(waiting), []
    while waiting:
        address = waiting.popleft()
        route = _route(urlsplit(address).path)
        if route is None or route in BY_HAND or len(found.setdefault(route, [])) >= each:
            continue
        said = client.get(address)
        if said.status_code != 200:
            broken.append(f"{address}: {said.status_code}")
            continue
        if not said.headers["content-type"].startswith("text/html"):
            continue
        found[route].append(address)
        for link in _links(said.text):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return found, broken


def _links(html: str) -> list[str]:
    """Ours, without what they point at within a page."""
    found = (unescape(each) for each in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', html))
    return [each.partition("#")[0] for each in found if each.startswith("/")]


def _route(path: str) -> str | None:
    """The route that answers here: the one with the fewest names in it."""
    fits = [route for route in routes() if re.fullmatch(_pattern(route), path)]
    return min(fits, key=lambda route: route.count("{")) if fits else None


def _pattern(route: str) -> str:
    pieces = re.split(r"(\{[^}]*\})", route)
    return "".join(
        (".+" if ":path" in piece else "[^/]+") if piece.startswith("{") else re.escape(piece)
        for piece in pieces
    )
