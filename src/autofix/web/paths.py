"""Addresses of ours, as the router takes them and as browsers are given them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection


def path(request: HTTPConnection, *parts: str | int, **query: Any) -> str:
    """An address of ours: each part is quoted, empty ones of the query are left out."""
    base = str(request.scope.get("root_path", ""))
    kept = {name: value for name, value in query.items() if value not in ("", None)}
    asked = urlencode(kept, doseq=True)
    way = "/".join(quote(str(part), safe="") for part in parts)
    return f"{base}/{way}{'?' if asked else ''}{asked}"


def route_path(scope: Mapping[str, Any]) -> str:
    """Of a request or its scope: the path without what a proxy put before it."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :]
    return path
