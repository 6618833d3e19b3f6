"""SAFETY 11, for what people type: an input whose name names a secret is on no page, in no answer
of the API, in no stream and not in the record, whatever variable of a playbook it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autofix.core.inert import MASK, without_secrets
from consolekit import Stage
from consolekit.everywhere import addresses

DEFAULT, GIVEN = "hunter2 as it is by default", "hunter2 as it was typed"
RUNBOOK = f"""\
name: signs
title: It signs
severity: P2
inputs:
  api_token: {{type: string, default: {DEFAULT}}}
  signing_secret:
    type: string
    default: {DEFAULT}
  days: {{type: integer, default: 7}}
triggers:
  - {{probe: host, hosts: web, every: 1m, when: load_1 > 50}}
fix:
  - playbook: restart.yml
    timeout: 2m
    vars: {{api_token: "{{{{ inputs.api_token }}}}", other: "{{{{ inputs.signing_secret }}}}"}}
verify: {{probe: host, until: load_1 < 10, within: 20s, hold: 5s, every: 5s}}
"""
API = (
    "incidents", "incidents/1", "incidents/2", "runs", "runs/1", "signals/1", "overview",
    "status", "runbooks", "runbooks/signs", "runbooks/signs/source", "audit?limit=500",
    "audit/export", "audit/export?format=csv", "fleet/web1",
)  # fmt: skip


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        (Path(made.folder) / "runbooks" / "signs.yaml").write_text(RUNBOOK)
        made.ctx.book = made.site.load_book()
        made.run("olga", "signs", "web1", inputs={"api_token": GIVEN, "signing_secret": GIVEN})
        made.ill("web2", load_1=99)
        yield made


def test_the_playbook_gets_what_was_typed(stage: Stage) -> None:
    run = stage.desk().run(1)
    assert dict(run.variables) == {"api_token": GIVEN, "other": GIVEN}


def test_no_page_shows_it(stage: Stage) -> None:
    ada = stage.person("ada")
    found, broken = addresses(stage, "ada", each=6)
    assert broken == []
    pages = [page for each in found.values() for page in each]
    assert {"/runs/1", "/incidents/1", "/incidents/1/report", "/runbooks/signs"} <= set(pages)
    assert [page for page in pages if "hunter2" in ada.page(page)] == []
    assert MASK in ada.page("/incidents/1")
    assert MASK in ada.page("/runs/1")


@pytest.mark.parametrize("path", API)
def test_no_answer_of_the_api_holds_it(stage: Stage, path: str) -> None:
    said = stage.person("ada").get(f"/api/v1/{path}", headers={"accept": "*/*"})
    assert said.status_code == 200
    assert "hunter2" not in said.text


def test_nor_does_a_stream(stage: Stage) -> None:
    wish = {"accept": "text/event-stream"}
    said = stage.person("ada").get("/api/v1/runs/1/events", headers=wish)
    assert "event: end" in said.text
    assert "hunter2" not in said.text


def test_a_default_that_is_not_shown_still_holds(stage: Stage) -> None:
    olga = stage.client("olga")
    form = "/runbooks/signs/run"
    typed = {"host": "web3", "in.api_token": "", "in.signing_secret": "", "in.days": "7"}
    told = olga.send(form, "/runbooks/signs/preview", typed)
    assert "hunter2" not in told.text
    hidden = olga.hidden(told.text, form)
    assert olga.post(form, [*hidden, ("do", "run")]).status_code == 200
    stage.settle()
    [run] = stage.desk().runs(host="web3")
    assert run.variables["api_token"] == DEFAULT


def test_a_name_hides_its_value_and_the_same_text_elsewhere() -> None:
    given = {"token": "abcdef", "as": "abcdef", "pin": "abc", "keep_tokens": True, "days": 7}
    shown = {"token": MASK, "as": MASK, "pin": "abc", "keep_tokens": True, "days": 7}
    assert without_secrets(given) == shown
    assert without_secrets({"as": "abcdef"}, {"token": "abcdef"}) == {"as": MASK}
    assert without_secrets({"password": None, "token": {"type": "string"}}) == {
        "password": None,
        "token": {"type": "string"},
    }
