"""The pages about incidents: what they show to whom, and what their buttons do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from autofix.core.incidents import State
from autofix.core.roles import Principal, Role
from autofix.core.runs import Outcome, RunResult
from autofix.core.synthetic import NAME as SYNTHETIC
from autofix.errors import StoreError
from consolekit import Client, Stage
from storekit import event, opened, run

HEALED, WAITS, ASKED = 1, 2, 3


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    """A stage of the test's own, for what it changes: web2 is stuck and escalated (1)."""
    with Stage.set(tmp_path / "project") as made:
        made.fails("restart.yml", "the unit did not come up")
        made.ill("web2", load_1=80.0)
        made.pass_time(30)
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Stage]:
    """The step that was approved did not heal, and its rollback broke: a person has it (1)."""
    with Stage.set(tmp_path / "project") as made:
        made.fails("compress.yml")
        made.ill("web1", disk_used_ratio=0.99)
        made.pass_time(30)
        made.playbooks.does["unpurge.yml"] = lambda _: RunResult(Outcome.FAILED, "stuck", 2)
        made.desk(Principal("peter", frozenset({Role.APPROVER}))).approve(1)
        made.pass_time(60)
        made.playbooks.does.pop("unpurge.yml")
        yield made


@cache
def by(stage: Stage, name: str) -> Client:
    """Logged in once: who does so again and again is held up."""
    return stage.client(name)


def state(stage: Stage, number: int = 1) -> State:
    return stage.desk().incident(number).incident.state


def actions(stage: Stage, number: int = 1) -> list[tuple[str, str]]:
    record = stage.desk().incident(number).record
    return [(each.event.actor, each.event.action) for each in record]


def forms(html: str) -> set[str]:
    """What may be sent from this page about an incident."""
    return set(re.findall(r'action="/incidents/\d+/([a-z]+)"', html))


def shown(html: str) -> str:
    """The page as one line of text."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


# the list


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("?open=true", [6, 5, 4, 3, 2]),
        ("?open=false", [1]),
        ("?open=&state=&severity=&runbook=&host=", [6, 5, 4, 3, 2, 1]),
        ("?state=awaiting_approval", [3, 2]),
        ("?state=healed&open=true", []),
        ("?state=healed&state=held", [6, 5, 1]),
        ("?severity=P0", [3]),
        ("?runbook=web-stuck", [6, 5, 4]),
        ("?host=cache2", [2]),
        ("?host=cache2&open=false", []),
        ("?host=%20cache2%20", [2]),
    ],
)
def test_the_list_is_narrowed_as_the_api_does(stage: Stage, query: str, numbers: list[int]) -> None:
    html = by(stage, "vera").page(f"/incidents{query}")
    assert [int(each) for each in re.findall(r'id="incident-(\d+)"', html)] == numbers


def test_what_was_chosen_stays_chosen(stage: Stage) -> None:
    html = by(stage, "vera").page("/incidents?state=held&severity=P2&host=web3&open=true")
    assert '<option value="held" selected>' in html
    assert "<option selected>P2</option>" in html
    assert 'name="host" value="web3"' in html
    assert '<option value="true" selected>' in html


def test_an_empty_list_says_what_to_do_next(stage: Stage) -> None:
    assert "Names are compared exactly" in by(stage, "vera").page("/incidents?host=nowhere")


def test_before_anything_happened_the_list_says_when_something_shows(
    tmp_path: Path,
) -> None:
    with Stage.set(tmp_path / "project") as fresh:
        assert "There was no incident yet" in by(fresh, "vera").page("/incidents")


def test_a_long_list_is_read_page_by_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autofix.web.console.incidents.LIMIT", 2)
    vera, seen, address = by(stage, "vera"), [], "/incidents?open=true"
    while address:
        html = vera.page(address)
        seen += re.findall(r'id="incident-(\d+)"', html)
        more = re.search(r'rel="next" href="([^"]+)"', html)
        address = unescape(more[1]) if more else ""
    assert seen == ["6", "5", "4", "3", "2"]


@pytest.mark.parametrize(
    "query", ["?state=odd", "?open=maybe", "?cursor=made-up", "?host=a%00b", "?host=" + "x" * 300]
)
def test_a_query_that_can_not_be_is_told_in_words(stage: Stage, query: str) -> None:
    said = by(stage, "vera").get(f"/incidents{query}")
    assert said.status_code in (400, 422)
    assert "<h1" in said.text


# the story


def test_the_story_is_told_from_the_signal_to_the_end(stage: Stage) -> None:
    html = by(stage, "vera").page(f"/incidents/{HEALED}")
    told = shown(html.partition('id="story"')[2])
    marks = ["It was seen", "used_memory_ratio > 0.90", "Decided: act", "does not apply",
             "Step 2: redis_evict_expiring.yml", "after 2s", "Looked 2 times",
             "stayed so for 30s", "Healed:", "Afterwards of step 2"]  # fmt: skip
    places = [told.find(each) for each in marks]
    assert -1 not in places
    assert places == sorted(places)


def test_the_page_is_live_about_this_incident_only(stage: Stage) -> None:
    html = unescape(by(stage, "vera").page(f"/incidents/{WAITS}"))
    assert re.search(rf'data-live="/live\?since=\d+&incident={WAITS}"', html)


def test_a_page_says_to_whom_it_went_and_who_took_it(stage: Stage) -> None:
    told = shown(by(stage, "vera").page(f"/incidents/{WAITS}"))
    assert "A call to people" in told
    assert "Policy default, level 1. Taken by the channel chat." in told


def test_the_guide_is_rendered_and_nothing_of_it_acts(stage: Stage) -> None:
    html = by(stage, "vera").page(f"/incidents/{ASKED}")
    assert "<strong>less than 5 %</strong>" in html
    assert '<a href="https://wiki.example.com/disk" rel="noopener noreferrer">' in html


def test_facts_before_and_now(stage: Stage) -> None:
    html = by(stage, "vera").page(f"/incidents/{HEALED}").partition('id="facts"')[2]
    html = html.replace("<wbr>", "")  # where a long name may go on in the next line
    told = shown(html.partition("</tr>")[2].partition("</tr>")[0])
    assert told.split() == ["used_memory_ratio", "0.95", "0.79"]


def test_runs_are_linked_and_the_last_lines_are_there(stage: Stage) -> None:
    html = by(stage, "vera").page(f"/incidents/{HEALED}")
    assert 'href="/runs/1"' in html
    assert "12 keys gone" in html


def test_a_long_record_is_shown_in_parts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autofix.web.console.incidents.ENTRIES", 6)
    monkeypatch.setattr("autofix.web.console.incidents.gathered.__defaults__", (None, 6))
    vera, titles, address = by(stage, "vera"), [], f"/incidents/{HEALED}"
    for _ in range(10):
        html = vera.page(address)
        titles = [shown(each) for each in re.findall(r"<h3>(.*?)</h3>", story(html))] + titles
        more = re.search(rf'href="(/incidents/{HEALED}\?before=\d+)#story"', html)
        if not more:
            break
        address = more[1]
    assert titles[0] == "It was seen"
    assert titles[-1] == "Afterwards of step 2: redis_restore_policy.yml"
    told = [each for each in titles if not each.startswith("Looked")]  # may stand on both sides
    assert len(told) == len(set(told)) == 5


def story(html: str) -> str:
    return html.partition('class="moments"')[2].partition("</ol>")[0]


def test_hostile_words_are_shown_and_do_nothing(own: Stage) -> None:
    olga = by(own, "olga")
    text = "<script>alert(1)</script>\n\u202egnp.exe {{ 7*7 }} \x1b[31m"
    refused = olga.send("/incidents/1", "/incidents/1/comment", {"text": text})
    assert refused.status_code == 422
    olga.send("/incidents/1", "/incidents/1/comment", {"text": "<img src=x onerror=a()> {{ 7*7 }}"})
    html = olga.page("/incidents/1")
    assert "&lt;img src=x onerror=a()&gt; {{ 7*7 }}" in html
    assert "<img" not in html


# who may do what


@pytest.mark.parametrize(
    ("who", "number", "may"),
    [
        ("vera", WAITS, set()),
        ("aud", WAITS, set()),
        ("olga", WAITS, {"acknowledge", "triage", "workaround", "comment"}),
        ("peter", WAITS, {"acknowledge", "triage", "workaround", "comment", "approve", "reject"}),
        ("olga", HEALED, {"close", "comment"}),
        ("olga", 4, {"triage", "workaround", "resolve", "retry", "comment"}),
    ],
)
def test_each_sees_the_buttons_of_what_he_may_do_now(
    stage: Stage, who: str, number: int, may: set[str]
) -> None:
    assert forms(by(stage, who).page(f"/incidents/{number}")) == may


def test_a_button_that_was_not_shown_does_nothing_either(stage: Stage) -> None:
    vera = by(stage, "vera")
    hidden = vera.hidden(vera.page("/"), "/preferences")
    said = vera.post(f"/incidents/{WAITS}/approve", hidden)
    assert said.status_code == 403
    assert state(stage, WAITS) is State.AWAITING_APPROVAL


def test_what_must_be_done_is_said_in_words(stage: Stage) -> None:
    peter, vera = by(stage, "peter"), by(stage, "vera")
    assert "Step 3 waits for your yes" in shown(peter.page(f"/incidents/{WAITS}"))
    assert "you can’t give it" in shown(vera.page(f"/incidents/{WAITS}"))
    assert "It is over" in shown(vera.page(f"/incidents/{HEALED}"))


# what is done


def test_from_the_call_to_the_end_with_nothing_but_forms(own: Stage) -> None:
    olga = by(own, "olga")
    page = "/incidents/1"
    for verb, fields, words in [
        ("acknowledge", {}, "It is yours: the calls stop."),
        ("triage", {"note": "the backup"}, "you know what it is"),
        ("workaround", {"note": "stopped it"}, "users are served again"),
        ("comment", {"text": "two\r\nlines"}, "Your words are on the record."),
        ("resolve", {"note": "moved the backup"}, "Resolved: the incident is over."),
        ("close", {"note": "seen"}, "Accepted and filed."),
    ]:
        said = olga.send(page, f"{page}/{verb}", fields)
        assert said.status_code == 200, (verb, said.text)
        assert words in shown(said.text)
    assert state(own) is State.CLOSED
    done = [action for who, action in actions(own) if who == "olga"]
    assert done == [f"incident.{each}" for each in (
        "acknowledged", "triaged", "worked_around", "commented", "resolved", "closed")]  # fmt: skip
    assert "two\nlines" in olga.page(page)


def test_a_form_that_is_sent_twice_does_it_once(own: Stage) -> None:
    olga = by(own, "olga")
    hidden = olga.hidden(olga.page("/incidents/1"), "/incidents/1/comment")
    first = olga.post("/incidents/1/comment", [*hidden, ("text", "once")])
    second = olga.post("/incidents/1/comment", [*hidden, ("text", "once")])
    assert "Your words are on the record." in first.text
    assert "nothing was done twice" in second.text
    assert [action for _, action in actions(own)].count("incident.commented") == 1


def test_what_the_store_broke_off_may_have_been_done_and_is_told_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("the connection to the database broke")

    monkeypatch.setattr("autofix.flow.comments.comment", broken)
    olga = by(stage, "olga")
    said = olga.send("/incidents/1", "/incidents/1/comment", {"text": "what I typed"})
    assert said.status_code == 503
    assert "It may not have been done" in shown(said.text)
    assert "See how it stands now before you send it again" in shown(said.text)
    assert "what I typed" in said.text


def test_who_approves_a_second_too_late_is_told_who_was_first(stage: Stage) -> None:
    with_both = by(stage, "peter"), by(stage, "ada")
    hidden = [
        each.hidden(each.page(f"/incidents/{ASKED}"), f"/incidents/{ASKED}/approve")
        for each in with_both
    ]
    first, second = (
        each.post(f"/incidents/{ASKED}/approve", fields)
        for each, fields in zip(with_both, hidden, strict=True)
    )
    assert "Approved: the step starts now." in first.text
    assert second.status_code == 409
    told = shown(second.text)
    assert "step 2 of incident 3 was approved by peter already" in told
    assert "Back, and see how it stands now" in told


def test_another_step_than_the_one_that_was_seen_is_not_approved(own: Stage) -> None:
    own.fails("compress.yml")
    own.ill("web1", disk_used_ratio=0.99)
    own.pass_time(30)
    assert state(own, 2) is State.AWAITING_APPROVAL
    peter = by(own, "peter")
    said = peter.send("/incidents/2", "/incidents/2/approve", {"asked": "1.0"})
    assert said.status_code == 409
    assert "another step waits now: step 2" in shown(said.text)
    assert state(own, 2) is State.AWAITING_APPROVAL


def test_a_rejection_goes_to_a_person_with_its_reason(own: Stage) -> None:
    own.fails("compress.yml")
    own.ill("web1", disk_used_ratio=0.99)
    own.pass_time(30)
    peter = by(own, "peter")
    peter.send("/incidents/2", "/incidents/2/reject", {"note": "not in the sale"})
    told = shown(peter.page("/incidents/2"))
    assert "peter rejected step 2: not in the sale" in told
    assert state(own, 2) is State.ESCALATED


def test_a_step_is_tried_again(own: Stage) -> None:
    own.cures("restart.yml", "web2", load_1=1.0)
    olga = by(own, "olga")
    said = olga.send("/incidents/1", "/incidents/1/retry", {"step": "1"})
    assert "The fix starts again" in said.text
    own.pass_time(30)
    assert state(own) is State.HEALED
    assert "olga starts the fix again at step 1" in shown(olga.page("/incidents/1"))


def test_a_step_is_undone(disk: Stage) -> None:
    olga = by(disk, "olga")
    html = olga.page("/incidents/1")
    assert {"retry", "rollback"} <= forms(html)
    assert "2: purge.yml → unpurge.yml" in shown(html)
    said = olga.send("/incidents/1", "/incidents/1/rollback", {"step": "2"})
    assert "The step is being undone" in said.text
    disk.pass_time(10)
    assert state(disk) is State.ACKNOWLEDGED
    assert "The step was undone" in shown(olga.page("/incidents/1"))


@pytest.mark.parametrize("step", ["", "x", "0", "99", "-1", "²", "1" * 30])
def test_a_step_that_can_not_be_is_told_and_nothing_starts(stage: Stage, step: str) -> None:
    olga = by(stage, "olga")
    for verb in ("retry", "rollback"):
        hidden = olga.hidden(olga.page("/incidents/4"), "/incidents/4/comment")
        said = olga.post(f"/incidents/4/{verb}", [*hidden, ("step", step)])
        assert said.status_code in (404, 409, 422)
        assert "It was not done" in said.text
    assert state(stage, 4) is State.ACKNOWLEDGED


def test_a_retry_under_a_pause_says_whose_it_is(own: Stage) -> None:
    own.desk().pause(reason="the vendor is on the line")
    said = by(own, "olga").send("/incidents/1", "/incidents/1/retry", {"step": "1"})
    assert said.status_code == 409
    assert "the vendor is on the line" in shown(said.text)


# what goes wrong


@pytest.mark.parametrize("number", ["99", "0", "x", str(2**63)])
def test_an_incident_that_is_not_there_is_told(stage: Stage, number: str) -> None:
    said = by(stage, "vera").get(f"/incidents/{number}")
    assert said.status_code in (404, 422)
    assert "<h1" in said.text


def test_a_form_about_an_incident_that_is_not_there_keeps_what_was_typed(stage: Stage) -> None:
    olga = by(stage, "olga")
    hidden = olga.hidden(olga.page(f"/incidents/{HEALED}"), f"/incidents/{HEALED}/comment")
    said = olga.post("/incidents/99/comment", [*hidden, ("text", "half an hour of typing")])
    assert said.status_code == 404
    assert "half an hour of typing" in said.text


def test_a_comment_that_is_too_long_is_refused_and_kept(stage: Stage) -> None:
    olga = by(stage, "olga")
    said = olga.send(
        f"/incidents/{HEALED}", f"/incidents/{HEALED}/comment", {"text": "word " * 2001}
    )
    assert said.status_code == 422
    assert "word word word" in said.text


def test_a_comment_that_was_typed_when_the_session_ended_is_kept(own: Stage) -> None:
    olga: Client = by(own, "olga")
    hidden = olga.hidden(olga.page("/incidents/1"), "/incidents/1/comment")
    olga.send("/", "/logout", follow=False)
    said = olga.post("/incidents/1/comment", [*hidden, ("text", "half an hour of <typing>")])
    assert said.status_code == 401
    assert "half an hour of &lt;typing&gt;" in said.text


def test_a_runbook_whose_file_vanished_leaves_its_story(own: Stage) -> None:
    olga = by(own, "olga")
    book = own.ctx.book
    kept = {name: each for name, each in book.runbooks.items() if name != "web-stuck"}
    own.ctx.book = type(book)(**{**vars(book), "runbooks": kept})
    html = olga.page("/incidents/1")
    told = shown(html)
    assert "there is no runbook 'web-stuck'" in told
    assert "Nothing of it can be run until its file is mended" in told
    assert "Step 1: restart.yml" in told
    assert forms(html) == {"acknowledge", "triage", "workaround", "resolve", "comment"}
    said = olga.post(
        "/incidents/1/retry",
        [*olga.hidden(html, "/incidents/1/comment"), ("step", "1")],
    )
    assert said.status_code == 409


def test_the_synthetic_check_misses_no_runbook(own: Stage) -> None:
    made = opened(own.store, runbook=SYNTHETIC, host=SYNTHETIC, state=State.CLOSED)
    with own.store.transaction() as tx:
        ran = tx.add_run(run(made.id, runbook=SYNTHETIC), event("run.planned", run=0))
    olga = by(own, "olga")
    told = shown(olga.page(f"/incidents/{made.id}"))
    assert "Nothing was broken: autofix makes such an incident up" in told
    assert "there is no runbook" not in told
    assert f"/runbooks/{SYNTHETIC}" not in olga.page(f"/runs/{ran.id}")
