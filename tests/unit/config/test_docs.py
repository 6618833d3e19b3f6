"""The pages for users name every key of the schema, with the right default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autofix import alerts, channels, probes
from autofix.app.witnessing import witness_options
from autofix.channels.heartbeat_options import HeartbeatOptions
from autofix.config import Outside, json_schema, scalar
from autofix.core import durations
from autofix.tracing.options import TracingOptions
from autofix.web.oidc_options import OidcOptions

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = json_schema(
    Outside(
        {name: probes.load(name) for name in probes.TABLE},
        {kind: channels.load(kind).options for kind in channels.TABLE},
        sources={kind: alerts.load(kind).options for kind in alerts.TABLE},
        parts={"heartbeat": HeartbeatOptions, "oidc": OidcOptions, "tracing": TracingOptions},
        witnesses=witness_options(),
    )
)
#: Where each part of the schema is explained; the empty part is the file itself.
SECTIONS = {
    "runbook": {
        "": "The file",
        "ProbeTriggerBlock": "Probe triggers",
        "BlindBlock": "Blind",
        "AlertTriggerBlock": "Alert triggers",
        "ScheduleTriggerBlock": "Schedule triggers",
        "InputBlock": "Inputs",
        "StepBlock": "Steps",
        "VerifyBlock": "Verification",
        "GuardsBlock": "Guards",
        "AttemptsBlock": "Attempts",
        "DependencyBlock": "What it depends on",
        "ApproversBlock": "Approvers",
        **{f"with_{name}": f"with for {name}" for name in probes.TABLE},
    },
    "settings": {
        "": "The file",
        "PolicyBlock": "Policies",
        "LevelBlock": "Levels",
        "AnsibleBlock": "Ansible",
        "CalendarBlock": "Calendars",
        "SeveritiesBlock": "Severities",
        "SeverityBlock": "One severity",
        "SeverityClassBlock": "Severities of a class",
        "LimitsBlock": "Limits",
        "FreezeBlock": "Freezes",
        "RetentionBlock": "Retention",
        "SentinelBlock": "Sentinel",
        "SyntheticBlock": "Synthetic",
        "heartbeat": "Heartbeat",
        "WebBlock": "Web",
        "TlsBlock": "Web TLS",
        "SessionsBlock": "Web sessions",
        "oidc": "OIDC",
        "tracing": "Tracing",
        "LoggingBlock": "Logging",
        **{f"source_{kind}": f"Source {kind}" for kind in alerts.TABLE},
        "AuditBlock": "Audit",
        "SecretsBlock": "Secrets",
        "OutgoingBlock": "Outgoing",
        **{f"witness_{kind}": f"Witness {kind}" for kind in witness_options()},
        **{f"channel_{kind}": f"Channel {kind}" for kind in channels.TABLE},
    },
}
PAGES = {"runbook": "runbooks.md", "settings": "settings.md"}
PARTS = [(page, part) for page, sections in SECTIONS.items() for part in sections]


#: What several sections share, by a key that only those have.
SHARED = {"no_runbook": "Every source", "auth": "Who a sender is"}


def rows(page: str, section: str) -> dict[str, list[str]]:
    """The table of a section, with those that it shares with others: key to its cells."""
    found = table(page, section)
    if section.startswith("Source "):
        keys = part_of(page, section.lower().replace(" ", "_"))["properties"]
        for key, shared in SHARED.items():
            found |= table(page, shared) if key in keys else {}
    return found


def table(page: str, section: str) -> dict[str, list[str]]:
    text = (DOCS / PAGES[page]).read_text()
    found = re.search(rf"^###? {re.escape(section)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    assert found, f"{PAGES[page]} has no section {section!r}"
    lines = re.findall(r"^\| `([\w-]+)` \|(.*)\|$", found[1], re.M)
    return {key: [cell.strip() for cell in rest.split(" | ")] for key, rest in lines}


def part_of(page: str, part: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA[page]["$defs"][part] if part else SCHEMA[page]
    return found


@pytest.mark.parametrize(("page", "part"), PARTS)
def test_every_key_is_documented_and_no_other(page: str, part: str) -> None:
    keys = set(part_of(page, part)["properties"])
    forms = {f"{key}_{kind}" for key in keys for kind in ("env", "file", "kept")} & keys
    plain = {key for key in keys if key not in forms or key == "ca_file"}
    assert set(rows(page, SECTIONS[page][part])) == plain


@pytest.mark.parametrize(("page", "part"), PARTS)
def test_every_default_is_the_documented_one(page: str, part: str) -> None:
    schema = part_of(page, part)
    for key, (_, said, *_) in rows(page, SECTIONS[page][part]).items():
        required = key in schema.get("required", []) or (
            "default" not in schema["properties"][key] and f"{key}_env" in schema["properties"]
        )
        assert (said == "—") == required, key
        default = schema["properties"][key].get("default")
        if isinstance(default, bool | int | float | str) and default != "":
            assert same(said.strip("`"), default), f"{key}: {said} is not {default}"


def same(said: str, default: object) -> bool:
    if isinstance(default, float) and said.endswith("%"):
        return float(said.removesuffix("%")) / 100 == default
    if isinstance(default, float):
        return durations.parse(said) == default
    return scalar(said) == default or said == default


@pytest.mark.parametrize("page", list(SECTIONS))
def test_every_part_of_the_schema_has_its_section(page: str) -> None:
    documented = set(SECTIONS[page]) - {""}
    assert set(SCHEMA[page]["$defs"]) == documented


@pytest.mark.parametrize("page", list(PAGES))
def test_links_within_a_page_lead_somewhere(page: str) -> None:
    text = (DOCS / PAGES[page]).read_text()
    headings = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.*)$", text, re.M)
    }
    assert {link for link in re.findall(r"\]\(#([\w-]+)\)", text)} <= headings  # noqa: C416


def test_the_example_of_a_runbook_is_a_good_one(site: Any) -> None:
    example = re.search(r"```yaml\n(name:.*?)```", (DOCS / "runbooks.md").read_text(), re.S)
    assert example
    site.write("runbooks/example.yaml", example[1])
    for name in ("redis_rewrite_aof", "redis_evict_expiring", "redis_restore_policy"):
        site.write(f"playbooks/{name}.yml", "- hosts: all\n")
    assert site.words(site.load().problems) == []


def test_the_examples_of_settings_are_good_ones(site: Any) -> None:
    text = (DOCS / "settings.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", text, re.S)
    assert len(examples) >= 4
    site = site.with_(
        channels={kind: channels.load(kind).options for kind in channels.TABLE},
        probes={name: probes.load(name) for name in probes.TABLE},
        witnesses=witness_options(),
        environ={"REDIS_PASSWORD": "x"},
        decrypt=lambda settings, texts: ["x" for _ in texts],
    )
    for at, example in enumerate(examples):
        secret = site.write(f"secret-{at}", "https://oapi.dingtalk.com/robot/send?access_token=x")
        example = re.sub(r"(_file: )/etc/autofix/(?!id_)[^\s,}]+(?=[,}])", rf"\1{secret}", example)
        site.write("autofix.yaml", example)
        assert site.words(site.settings().errors) == []
