"""`autofix pages`, and acknowledging by number, page or code: the real commands."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autofix.cli.group import main
from autofix.core.acks import AckCode, digest_of
from autofix.core.incidents import Incident, Origin, State
from autofix.core.pages import Member, Page, PageKind, PageState
from autofix.flow.record import of_incident, of_page
from autofix.store import open_store


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three escalated incidents: 1 with a page of its own, 2 and 3 in the digest 2."""
    now = time.time()
    for name in ("inventory", "playbooks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "autofix.yaml").write_text("timezone: UTC\n")
    monkeypatch.setenv("AUTOFIX_PROJECT", str(tmp_path))
    store = open_store(f"sqlite:///{tmp_path}/.autofix/autofix.db", state=tmp_path / ".autofix")
    with store.transaction() as tx:
        for host in ("r1", "r2", "r3"):
            draft = Incident(
                0, "redis", host, "", State.ESCALATED, Origin.PROBE, "P1", now, now,
                reason="nothing helps", calls=1, call_at=now + 6000,
            )  # fmt: skip
            tx.add_incident(draft, of_incident(draft, "escalated", now))
        own = Page(
            0, 1, "default", ("ding", "mail"), "P1", "[P1] Redis on r1", "what it means", "k", now,
            now + 3000, runbook="redis", tried=2, last_error="mail: no answer",
        )  # fmt: skip
        own = tx.add_page(own, of_page(own, "queued", now))
        tx.record(of_page(own, "failed", now, channel="ding", error="HTTP 500"))
        storm = Page(
            0, None, "default", ("ding",), "P1", "[P1] 2 incidents", "they are", "d", now, None,
            kind=PageKind.DIGEST, state=PageState.SENT, sent_by="ding", sent_at=now, count=2,
        )  # fmt: skip
        storm = tx.add_page(storm, of_page(storm, "queued", now))
        tx.add_members([Member(storm.id, n, f"r{n}", "nothing helps", now) for n in (2, 3)])
        tx.add_ack_code(AckCode(digest_of("the-code"), 1, now, now + 86400))
    yield store
    store.close()


@pytest.fixture
def said(project: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, error = capsys.readouterr()
        assert ended.value.code == code, error
        return out if code == 0 else error

    return run


def test_the_list_says_who_took_each_and_what_the_others_wait_for(said: Any) -> None:
    head, digest, own = said("pages").splitlines()
    assert head.split("\t") == ["id", "sev", "kind", "state", "taken by", "queued", "what"]
    assert digest.split("\t")[:5] == ["2", "P1", "digest", "sent", "ding"]
    assert "tried 2 times: mail: no answer; next try in" in own
    assert said("pages", "list", "--waiting").count("\n") == 2
    assert said("pages", "list", "--runbook", "other") == "no pages yet\n"
    assert [
        page["id"] for page in json.loads(said("pages", "list", "--incident", "2", "--json"))
    ] == [2]


def test_a_page_is_shown_with_its_tries_and_its_words(said: Any) -> None:
    shown = said("pages", "show", "1")
    assert "page 1  call  queued tried 2 times" in shown
    assert "policy default, level 1: ding, mail" in shown
    assert "failed ding  HTTP 500" in shown
    assert "  what it means" in shown


def test_a_digest_is_shown_with_all_that_it_is_about(said: Any) -> None:
    shown = said("pages", "show", "2")
    assert "all 2 that it is about:" in shown
    assert "    incident 3 on r3: nothing helps" in shown
    found = json.loads(said("pages", "show", "2", "--json"))
    assert [each["incident"] for each in found["members"]] == [2, 3]


def test_an_incident_says_how_often_somebody_was_called_and_by_which_pages(said: Any) -> None:
    shown = said("incidents", "show", "2")
    assert "called once, and nobody answered yet; again in 1h" in shown
    assert "page 2 digest of 2  sent by ding at" in shown


def test_all_of_a_digest_is_taken_at_once(said: Any) -> None:
    lines = said("incidents", "ack", "--page", "2").splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "incident 2 is acknowledged", "incident 3 is acknowledged"
    ]  # fmt: skip
    assert "nothing of it waits for anybody" in said("incidents", "ack", "--page", "2")


def test_a_code_takes_its_incident_once(said: Any) -> None:
    link = "https://autofix.example.com/ack/the-code"
    assert said("incidents", "ack", "--code", link).startswith("incident 1 is acknowledged")
    assert "used already" in said("incidents", "ack", "--code", "the-code", code=3)
    assert "by the link of a page" in said("incidents", "show", "1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("incidents", "ack"), "its number, --page or --code"),
        (("incidents", "ack", "1", "--page", "2"), "its number, --page or --code"),
        (("incidents", "ack", "--page", "7"), "there is no page 7 (see `autofix pages list`)"),
        (("incidents", "ack", "7"), "there is no incident 7"),
        (("pages", "show", "7"), "there is no page 7"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    said: Any, words: tuple[str, ...], told: str
) -> None:
    line = said(*words, code=2)
    assert told in line
    assert line.count("\n") == 1
