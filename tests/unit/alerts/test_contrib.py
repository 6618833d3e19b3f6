"""The set-ups in contrib/: senders' own tools take them, and our sources read what they post."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from autofix import alerts
from servers.senders import fixture, post, source

CONTRIB = Path(__file__).parents[3] / "contrib"
MEDIA = CONTRIB / "zabbix" / "autofix_media_type.yaml"


def loaded(name: str) -> Any:
    return yaml.safe_load((CONTRIB / name).read_text())


def tool(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ── Prometheus ──────────────────────────────────────────────────────────────────────────────────


def test_amtool_takes_the_set_up_of_alertmanager() -> None:
    said = tool("amtool", "check-config", str(CONTRIB / "prometheus" / "alertmanager.yml"))
    assert "SUCCESS" in said
    assert "2 receivers" in said


def test_promtool_takes_the_rules() -> None:
    assert "3 rules" in tool(
        "promtool", "check", "rules", str(CONTRIB / "prometheus" / "autofix.rules.yml")
    )


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=RedisMemoryHigh", "autofix=yes"], "autofix,people"),
        (["alertname=Other"], "people"),
    ],
)
def test_alertmanager_routes_as_its_comments_say(labels: list[str], receivers: str) -> None:
    file = str(CONTRIB / "prometheus" / "alertmanager.yml")
    assert tool("amtool", "config", "routes", "test", f"--config.file={file}", *labels).strip() == (
        receivers
    )


def test_people_wait_for_a_quarter_of_an_hour_and_each_alert_by_itself() -> None:
    fast, slow = loaded("prometheus/alertmanager.yml")["route"]["routes"]
    assert (fast["receiver"], fast["continue"]) == ("autofix", True)
    assert (slow["receiver"], slow["group_wait"], slow["group_by"]) == ("people", "15m", ["..."])


# ── Grafana ─────────────────────────────────────────────────────────────────────────────────────


def test_the_contact_point_of_grafana() -> None:
    found = loaded("grafana/autofix.yaml")
    (receiver,) = found["contactPoints"][0]["receivers"]
    settings = receiver["settings"]
    assert (receiver["type"], receiver["disableResolveMessage"]) == ("webhook", False)
    assert settings["url"].endswith("/hooks/grafana")
    assert settings["authorization_scheme"] == "Bearer"
    first, then = found["policies"][0]["routes"]
    assert (first["receiver"], first["continue"]) == ("autofix", True)
    assert then["group_wait"] == "15m"


# ── Zabbix ──────────────────────────────────────────────────────────────────────────────────────


def parameters() -> dict[str, str]:
    (media,) = loaded("zabbix/autofix_media_type.yaml")["zabbix_export"]["media_types"]
    return {each["name"]: each["value"] for each in media["parameters"]}


def test_the_media_type_runs_the_script_beside_it() -> None:
    (media,) = loaded("zabbix/autofix_media_type.yaml")["zabbix_export"]["media_types"]
    assert media["script"] == (CONTRIB / "zabbix" / "autofix.js").read_text()
    assert media["type"] == "WEBHOOK"
    modes = {each["operation_mode"] for each in media["message_templates"]}
    assert modes == {"PROBLEM", "RECOVERY", "UPDATE"}, "without a template nothing is sent"


def test_what_the_media_type_sends_is_what_the_fixtures_hold() -> None:
    assert set(parameters()) - {"url", "token"} == set(fixture("zabbix/problem"))


def test_a_media_type_whose_macros_did_not_expand_is_still_read() -> None:
    sent = {key: value for key, value in parameters().items() if key not in ("url", "token")}
    (alert,) = source("zabbix").alerts(post({**sent, "name": "Disk"}))
    assert (alert.name, alert.firing) == ("Disk", True)
    assert set(alert.labels) == {"name", "time"}


STUB = """
const asked = {headers: []};
class HttpRequest {
  addHeader(header) { asked.headers.push(header); }
  post(url, body) { asked.url = url; asked.body = body; return 'said'; }
  getStatus() { return STATUS; }
}
const Zabbix = {log() {}};
let result;
try {
  const script = new Function('value', 'HttpRequest', 'Zabbix', SCRIPT);
  result = {returned: script(VALUE, HttpRequest, Zabbix)};
}
catch (error) { result = {thrown: String(error)}; }
console.log(JSON.stringify({...result, ...asked}));
"""


def run_script(status: int = 202, **values: str) -> dict[str, Any]:
    """The script as Zabbix runs it: the parameters, with macros expanded, as JSON in `value`."""
    given = {
        **fixture("zabbix/problem"),
        "url": "https://a/hooks/zabbix",
        "token": "s3cret",
        **values,
    }
    script = (CONTRIB / "zabbix" / "autofix.js").read_text()
    words = {
        "STATUS": str(status),
        "SCRIPT": json.dumps(script),
        "VALUE": json.dumps(json.dumps(given)),
    }
    code = re.sub("STATUS|SCRIPT|VALUE", lambda found: words[found[0]], STUB)
    found: dict[str, Any] = json.loads(tool("node", "-e", code))
    return found


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript here: no node")


@needs_node
def test_the_script_posts_what_our_source_reads() -> None:
    done = run_script()
    assert (done["returned"], done["url"]) == ("OK", "https://a/hooks/zabbix")
    assert "Authorization: Bearer s3cret" in done["headers"]
    assert "s3cret" not in done["body"]
    (alert,) = source("zabbix").alerts(post(done["body"].encode()))
    assert alert.labels["host"] == "redis1"


@needs_node
@pytest.mark.parametrize(
    ("status", "values", "said"),
    [
        (503, {}, "autofix answered 503: said"),
        (401, {}, "autofix answered 401"),
        (202, {"url": "{$AUTOFIX_URL}"}, "set the macro {$AUTOFIX_URL}"),
        (202, {"token": "{$AUTOFIX_TOKEN}"}, "set the macro {$AUTOFIX_TOKEN}"),
    ],
)
def test_the_script_fails_in_words(status: int, values: dict[str, str], said: str) -> None:
    assert said in run_script(status, **values)["thrown"]


# ── Datadog ─────────────────────────────────────────────────────────────────────────────────────


def test_the_payload_of_datadog() -> None:
    payload = json.loads((CONTRIB / "datadog" / "payload.json").read_text())
    assert set(payload) == set(fixture("datadog/triggered"))
    said = json.dumps(payload)
    for name in (
        "ALERT_ID",
        "ALERT_CYCLE_KEY",
        "ALERT_SCOPE",
        "ALERT_TRANSITION",
        "HOSTNAME",
        "TAGS",
    ):
        assert f"${name}" in said
    (alert,) = source("datadog").alerts(post({**payload, "title": "[Triggered] Disk"}))
    assert (alert.name, alert.firing) == ("Disk", True)
    assert alert.labels == {"state": "alert"}, "what did not expand is absent"


# ── The page for people ─────────────────────────────────────────────────────────────────────────


def test_every_folder_is_in_the_readme() -> None:
    text = (CONTRIB / "README.md").read_text()
    assert {path.name for path in CONTRIB.iterdir() if path.is_dir()} == set(
        re.findall(r"^\| `(\w+)/`", text, re.M)
    )


DOCS = CONTRIB.parent / "docs" / "alerts.md"


@pytest.mark.parametrize("kind", sorted(alerts.TABLE))
def test_the_page_shows_good_settings_for_every_sender(kind: str, tmp_path: Path) -> None:
    blocks = [
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(sources:.*?)```", DOCS.read_text(), re.S)
    ]
    shown = [one for block in blocks for one in block["sources"].values() if one["type"] == kind]
    assert shown, f"docs/alerts.md shows no settings for {kind}"
    for options in shown:
        given = {key: value for key, value in options.items() if key != "type"}
        if "secret_file" in given:
            del given["secret_file"]
            given["secret"] = ["whsec_YSBrZXkgb2YgYSBzZW5kZXI="]
        alerts.load(kind).options.model_validate(given)
