"""JSON Schema of the settings and of runbooks, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autofix.config.outside import Outside
from autofix.config.runbook_models import RunbookFile
from autofix.config.secrets import model_secrets
from autofix.config.settings_models import SettingsFile
from autofix.options import Options

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(outside: Outside) -> dict[str, Any]:
    """`{"settings": …, "runbook": …}`, with the options of every channel and probe."""
    return {"settings": _settings(outside), "runbook": _runbook(outside)}


def _settings(outside: Outside) -> dict[str, Any]:
    schema = {"$schema": DIALECT, **SettingsFile.model_json_schema()}
    for key, model in outside.parts.items():
        schema["$defs"][key] = _with_sources(model)
        schema["properties"][key] = {"$ref": f"#/$defs/{key}"}
    for place, key, name, models in (
        (schema["properties"]["channels"], "additionalProperties", "channel", outside.channels),
        (schema["properties"]["sources"], "additionalProperties", "source", outside.sources),
        (schema["$defs"]["AuditBlock"]["properties"]["witnesses"], "items", "witness",
         outside.witnesses),
    ):  # fmt: skip
        kinds = {kind: _channel(kind, models[kind]) for kind in models}
        for kind, one in kinds.items():
            schema["$defs"].update(one.pop("$defs", {}))
            schema["$defs"][f"{name}_{kind}"] = one
        if kinds:
            place[key] = {"oneOf": [{"$ref": f"#/$defs/{name}_{kind}"} for kind in kinds]}
    return schema


def _channel(kind: str, model: type[Options]) -> dict[str, Any]:
    schema = _with_sources(model)
    schema["properties"] = {"type": {"const": kind}, **schema["properties"]}
    schema["required"] = ["type", *schema["required"]]
    return schema


def _with_sources(model: type[Options]) -> dict[str, Any]:
    """A model's schema, with each secret `x` as `x_env`, `x_file` and `x_kept` too."""
    schema = model.model_json_schema()
    properties = schema.setdefault("properties", {})
    secrets = model_secrets(model)
    required = [key for key in schema.get("required", []) if key not in secrets]
    for name in secrets:
        environment = f"`{name}` from this environment variable"
        properties[f"{name}_env"] = {"type": "string", "description": environment}
        properties[f"{name}_file"] = {"type": "string", "description": f"`{name}` from this file"}
        kept = f"`{name}` from what autofix keeps under this name"
        properties[f"{name}_kept"] = {"type": "string", "description": kept}
    schema["required"] = required
    return schema


def _runbook(outside: Outside) -> dict[str, Any]:
    schema = {"$schema": DIALECT, **RunbookFile.model_json_schema()}
    options: Mapping[str, Any] = {
        name: dict(outside.probes[name].options_schema()) for name in outside.probes
    }
    for block in ("ProbeTriggerBlock", "VerifyBlock"):
        found = schema["$defs"][block]
        found["properties"]["probe"]["enum"] = list(options)
        found["allOf"] = [
            {
                "if": {"properties": {"probe": {"const": name}}},
                "then": {"properties": {"with": {"$ref": f"#/$defs/with_{name}"}}},
            }
            for name in options
        ]
    for name, one in options.items():
        schema["$defs"].update(one.pop("$defs", {}))
        schema["$defs"][f"with_{name}"] = one
    return schema
