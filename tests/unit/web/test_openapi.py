"""The description of the API is complete: every route, every answer, every field and its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from autofix.core.roles import Permission
from autofix.web.app import unlisted
from autofix.web.console.policy import CONSOLE
from autofix.web.policy import ROUTES, V1
from unit.web.api_kit import Api

#: Pages for people's browsers.
PAGES = ("/ack/", "/setup/", "/auth/")
METHODS = {"get", "post", "put", "patch", "delete", "options"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = Api().raw("GET", "/api/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield method.upper(), path, operation


def test_every_route_has_its_policy_and_every_policy_its_route() -> None:
    assert unlisted(Api().app) == []


def test_every_route_of_the_table_is_described(document: dict[str, Any]) -> None:
    described = {(method, path) for method, path, _ in operations(document)}
    expected = {
        (method, path)
        for method, path in ROUTES
        if (method, path) not in CONSOLE
        and not path.startswith(PAGES)
        and path != "/api/openapi.json"
    }
    assert described == expected


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation.get("summary"), (method, path)
        assert operation.get("description"), (method, path)
        assert operation.get("tags"), (method, path)


def test_every_refusal_is_a_problem_document(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        refusals = {each for each in operation["responses"] if int(each) >= 400}
        assert refusals, (method, path)
        for status in refusals:
            content = operation["responses"][status].get("content", {})
            assert list(content) == ["application/problem+json"], (method, path, status)
        if ROUTES[method, path] not in (Permission.OPEN, Permission.HOOK):
            assert {"401", "403"} <= refusals, (method, path)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= refusals, (method, path)


def test_every_operation_says_how_to_come_in(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for method, path, operation in operations(document):
        permission = ROUTES[method, path]
        named = [name for way in operation.get("security", ()) for name in way]
        assert set(named) <= set(schemes)
        assert bool(named) == (permission is not Permission.OPEN), (method, path)


def test_numbers_and_texts_of_parameters_are_bounded(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if not path.startswith(V1):
            continue
        for parameter in operation.get("parameters", ()):
            where = (method, path, parameter["name"])
            schema = _resolved(document, parameter["schema"])
            if schema.get("type") in ("integer", "number"):
                assert {"minimum", "maximum"} <= set(schema), where
            elif schema.get("type") == "string":
                assert {"maxLength", "pattern", "enum"} & set(schema), where
            elif schema.get("type") == "array":
                assert "maxItems" in schema, where


def test_no_request_takes_fields_that_it_does_not_know(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if not path.startswith(V1):
                continue
            schema = _resolved(document, media["schema"])
            for each in schema.get("anyOf", [schema]):
                body = _resolved(document, each)
                if body.get("type") == "object":
                    assert body.get("additionalProperties") is False, (method, path)


def test_bodies_have_examples(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if not path.startswith(V1) or "requestBody" not in operation:
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        choices = [_resolved(document, each) for each in schema.get("anyOf", [schema])]
        assert any("examples" in each for each in choices), (method, path)


def test_nothing_secret_is_described_as_an_answer(document: dict[str, Any]) -> None:
    for name in ("UserView", "TokenView", "KeptView"):
        fields = set(document["components"]["schemas"][name]["properties"])
        assert not fields & {"password", "digest", "sealed", "value", "last_code"}


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
