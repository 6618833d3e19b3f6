"""The description of the API: what FastAPI knows, and what the policy and the door add to it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from autofix.core.roles import Permission
from autofix.web.policy import ROUTES
from autofix.web.problems import MEDIA_TYPE, TITLES

_ABOUT = """\
What `autofix` on the command line can do, as HTTP. Times are seconds since 1970, UTC. Lists are
pages: `next` is the `cursor` of the page after it. Errors are problem documents (RFC 9457). A POST
with an `Idempotency-Key` that was used before is told the same again. See docs/api.md.
"""
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong, and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
    },
}
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "af_<id>_<secret>",
        "description": "A token of a user: `autofix tokens add`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "autofix",
        "description": "Of a browser that is logged in (`__Host-autofix` under TLS). What changes "
        "something also needs the session's form token in `X-CSRF-Token`.",
    },
}
_SHOWN: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
#: A sender shows a token of its source, or what the settings of its source ask for.
_WAYS: list[dict[str, list[str]]] = [{"token": []}, {}]
#: What any answer may be instead of what was asked for.
_ALWAYS = (400, 413, 429, 503)
_NAMED = (401, 403)


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document; made once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title, version=app.version, description=_ABOUT, routes=app.routes
        )
        parts = found.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        parts["securitySchemes"] = _SCHEMES
        for (method, path), permission in ROUTES.items():
            operation = found["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                _complete(operation, method, permission)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(operation: dict[str, Any], method: str, permission: Permission) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    told = {int(each) for each in answers if each.isdigit() and int(each) >= 400}
    for status in sorted({*told, *_statuses(operation, method, permission)}):
        answers[str(status)] = {**_problem(status), **answers.get(str(status), {})}
    if permission is not Permission.OPEN:
        operation["security"] = _WAYS if permission is Permission.HOOK else _SHOWN
    for parameter in operation.get("parameters", ()):
        _plainly(parameter)


def _statuses(operation: dict[str, Any], method: str, permission: Permission) -> list[int]:
    found = list(_ALWAYS)
    if permission is not Permission.OPEN or method != "GET":
        found += _NAMED
    if operation.get("parameters") or "requestBody" in operation:
        found.append(422)
    if operation.get("parameters") or method != "GET":
        found.append(404)
    if method != "GET":
        found += [409, 415]
    return sorted(found)


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}


def _plainly(parameter: dict[str, Any]) -> None:
    """An optional parameter is absent, not null: no text of a query says null."""
    schema = parameter.get("schema", {})
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if "anyOf" in schema and len(choices) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        parameter["schema"] = {**rest, **choices[0]}
