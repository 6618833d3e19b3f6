"""`sources`: who may post alerts, with everything that is wrong at its line."""

from __future__ import annotations

from typing import Any

import pytest

from autofix import alerts

SECRET = "a-secret-of-a-sender"
BEARER = f"{{type: alertmanager, auth: bearer, secret: {SECRET}, "


@pytest.fixture
def project(site: Any) -> Any:
    found = site.with_(sources={kind: alerts.load(kind).options for kind in alerts.TABLE})

    def checked(sources: str) -> list[str]:
        found.write("autofix.yaml", "sources: {}\n")
        without = [str(problem) for problem in found.load().problems]
        found.write("autofix.yaml", f"sources:\n{sources}\n")
        said = [str(problem) for problem in found.load().problems]
        return [one for one in said if one not in without]

    return checked


def test_a_good_source_is_good(project: Any) -> None:
    assert project(f"  prometheus: {BEARER}}}") == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("prom: {type: alertmanager, auth: bearer}", "2: auth bearer needs a secret"),
        ("prom: {type: alertmanager, auth: none}", "2: auth: must be 'token'"),
        ("prom: {type: alertmanagr}", "did you mean 'alertmanager'?"),
        ("prom: {type: pagerduty}", "write secret, secret_env"),
        ("prom: {type: alertmanager, auth: bearer}", "secret_file or secret_kept"),
        (f"prom: {BEARER}runbooks: [nope]}}", "2: runbooks: there is no runbook 'nope'"),
        (f"prom: {BEARER}policy: nope}}", "2: there is no escalation policy 'nope'"),
        (f"prom: {BEARER}no_runbook: page}}", "2: there is no escalation policy 'default'"),
        (f"a/b: {BEARER}}}", "2: source 'a/b' is no name for an address"),
        (
            f"prom: {{type: grafana, auth: hmac, header: X-S, secret: {SECRET}}}",
            "whoever recorded a post can send it again",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(project: Any, source: str, said: str) -> None:
    found = project(f"  {source}")
    assert [one for one in found if said in one], found
    assert SECRET not in "".join(found)
