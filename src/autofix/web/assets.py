"""The console's own files: one style sheet, a few modules. Their address changes with them, so
browsers keep them as long as they like."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Header, Path
from fastapi.responses import Response

from autofix.web.problems import Problem

router = APIRouter(include_in_schema=False)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@router.get("/static/{made}/{name}")
def one(
    made: Annotated[str, Path(max_length=40)],
    name: str,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """`made`: the version; an old one gets what there is now, and does not keep it."""
    found = _files().get(name)
    if found is None:
        raise Problem(404, "there is no such file")
    kind = TYPES[name[name.rindex(".") :]]
    headers = {"Vary": "Accept-Encoding"}
    headers["Cache-Control"] = FOREVER if made == version() else "no-store"
    # Our own files only: a page with a secret of its reader in it is never packed (BREACH).
    if "gzip" in accept_encoding:
        found, headers["Content-Encoding"] = _packed(name), "gzip"
    return Response(found, media_type=f"{kind}; charset=utf-8", headers=headers)


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_files()[name], mtime=0)


@cache
def version() -> str:
    digest = hashlib.sha256()
    for name, content in sorted(_files().items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("autofix.web").joinpath("static")
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if each.is_file() and each.name[each.name.rfind(".") :] in TYPES
    }
