"""Running a runbook by its form: what is asked, what would come of it, and what then came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from autofix.core.roles import Role
from autofix.core.signals import SignalState
from autofix.core.stories import RunbookCard
from autofix.web.console import run_fields
from autofix.web.console.run_fields import Typed
from autofix.web.forms import Form
from consolekit import Client, Stage, project

NAME = "by-hand"
FORM, PREVIEW = f"/runbooks/{NAME}/run", f"/runbooks/{NAME}/preview"
BOOK = """\
name: by-hand
title: Moved by hand
inputs:
  days: {type: integer, min: 1, max: 90, required: true, help: how many days stay}
  ratio: {type: number, default: 0.5, max: 1}
  mount: {type: string, default: /var, pattern: "/[a-z/]*"}
  mode: {type: string, choices: [soft, hard], default: soft}
  careful: {type: boolean, default: true}
  loud: {type: boolean}
fix:
  - playbook: restart.yml
    timeout: 2m
    vars: {days: "{{ inputs.days }}", where: "{{ inputs.mount }}", me: "{{ host.name }}"}
verify: none
guards: {cooldown: 1h}
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    written = project.write

    def write(folder: Any) -> None:
        written(folder)
        (folder / "runbooks" / f"{NAME}.yaml").write_text(BOOK)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "write", write)
        with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
            yield made


@pytest.fixture(scope="module")
def olga(stage: Stage) -> Client:
    return stage.client("olga")


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def previewed(olga: Client, *pairs: tuple[str, str]) -> Any:
    return olga.send(FORM, PREVIEW, list(pairs))


def decide(olga: Client, said: Any, do: str, *more: tuple[str, str]) -> Any:
    """Press one of the buttons of the preview."""
    assert said.status_code == 200, words(said.text)
    return olga.post(FORM, [*olga.hidden(said.text, FORM), ("do", do), *more])


def test_each_input_is_a_field_of_its_kind(olga: Client) -> None:
    html = olga.page(FORM)
    days = re.search(r'<input id="input-days"[^>]*>', html)
    assert days
    assert all(each in days[0] for each in ('type="number"', 'min="1"', 'max="90"', "required"))
    ratio = re.search(r'<input id="input-ratio"[^>]*>', html)
    assert ratio
    assert all(each in ratio[0] for each in ('step="any"', 'max="1"', 'value="0.5"'))
    mount = re.search(r'<input id="input-mount"[^>]*>', html)
    assert mount
    assert 'pattern="/[a-z/]*"' in mount[0]
    assert re.search(r'<input id="input-careful" type="checkbox"[^>]* checked', html)
    assert '<option value="soft" selected>' in html
    assert re.search(r'<select id="input-loud".*?not given.*?true.*?false', html, re.S)
    assert "how many days stay" in html


def test_hosts_that_it_watches_come_first(olga: Client) -> None:
    assert "Hosts cache1" in words(olga.page(FORM))
    text = words(olga.page("/runbooks/disk-full/run"))
    assert text.index("It watches these by itself web1") < text.index("Other hosts cache1")


def test_hosts_of_the_address_are_chosen_and_strangers_named(olga: Client) -> None:
    html = olga.page(f"{FORM}?host=web2&host=%3Cb%3E")
    assert re.search(r'name="host" value="web2" checked', html)
    assert "&lt;b&gt; <span" in html


@pytest.mark.parametrize(
    ("pairs", "place", "said"),
    [
        ([("in.days", "3")], "hosts", "no host is named"),
        ([("host", "web1")], "input-days", "input 'days' is required"),
        ([("host", "web1"), ("in.days", "many")], "input-days", '"many" is not an integer'),
        ([("host", "web1"), ("in.days", "91")], "input-days", "above the maximum 90"),
        ([("host", "web1"), ("in.days", "3"), ("in.ratio", "2")], "input-ratio", "maximum 1"),
        ([("host", "web1"), ("in.days", "3"), ("in.mount", "C:")], "input-mount", "the pattern"),
        ([("host", "web1"), ("in.days", "3"), ("in.mode", "odd")], "input-mode", "is none of"),
        ([("host", "web9"), ("in.days", "3")], "hosts", "not a host of the inventory"),
        ([("host", "web"), ("in.days", "3")], "hosts", "a group, not a host"),
        ([("host", "web1"), ("in.days", "3"), ("subject", "a\nb")], "subject", "U+000A"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_all_that_was_typed_is_kept(
    stage: Stage, olga: Client, pairs: list[tuple[str, str]], place: str, said: str
) -> None:
    before = stage.store.reading
    with before() as reads:
        size = len(reads.signals(limit=1000))
    answer = previewed(olga, *pairs)
    assert answer.status_code == 422
    fault = re.search(rf'id="{place}-fault"[^>]*>([^<]*)<', answer.text)
    assert fault
    assert said in unescape(fault[1])
    for name, value in pairs:
        assert value.split("\n")[0] in unescape(answer.text), name
    with before() as reads:
        assert len(reads.signals(limit=1000)) == size


def test_an_input_that_it_does_not_have_is_told(olga: Client) -> None:
    answer = previewed(olga, ("host", "web1"), ("in.days", "3"), ("in.dayz", "4"))
    assert answer.status_code == 422
    assert "did you mean 'days'" in words(answer.text)


def test_the_preview_says_exactly_what_will_be_run_where(stage: Stage, olga: Client) -> None:
    stage.desk().pause(host="web3", reason="a disk swap")
    chosen = [("host", "web3"), ("host", "web4"), ("in.days", "7"), ("in.loud", "")]
    text = words(previewed(olga, *chosen).text)
    assert "On 2 hosts at most 1 host at the same time" in text
    assert "web3 refused web3 paused by keeper: a disk swap" in text
    assert "restart.yml days 7" in text
    assert "{{ host.name }} (told by each host, then)" in text
    assert "Without verification" in text
    assert "careful false" in text
    assert "loud not given" in text
    stage.desk().resume(host="web3")


def test_back_and_change_it_keeps_all_that_was_typed(olga: Client) -> None:
    said = previewed(
        olga, ("host", "web1"), ("host", "cache2"), ("in.days", "11"), ("in.mount", "/a/b")
    )
    html = decide(olga, said, "change").text
    assert re.search(r'name="host" value="web1" checked', html)
    assert re.search(r'name="host" value="cache2" checked', html)
    assert re.search(r'id="input-days"[^>]*value="11"', html)
    assert re.search(r'id="input-mount"[^>]*value="/a/b"', html)
    assert not re.search(r'id="input-careful"[^>]* checked', html)


def test_a_run_is_started_once_and_what_came_of_it_is_shown(stage: Stage, olga: Client) -> None:
    said = previewed(olga, ("host", "web1"), ("in.days", "7"), ("in.mount", "/srv"))
    pairs = [*olga.hidden(said.text, FORM), ("do", "run")]
    first = olga.post(FORM, pairs)
    assert "1 host is still to be looked at" in words(first.text)
    second = olga.post(FORM, pairs)
    assert "nothing was done twice" in second.text
    assert second.url.path == first.url.path
    stage.settle()
    text = words(olga.get(str(first.url)).text)
    assert "Nothing was started" not in text
    [incident] = stage.desk().incidents(runbook=NAME, host="web1")
    [run] = stage.desk().runs(incident=incident.id)
    assert (run.variables["days"], run.variables["where"]) == (7, "/srv")
    assert incident.requested_by.startswith("olga")
    text = words(olga.get(str(first.url)).text)
    assert f"web1 #{incident.id} done" in text
    # Soon again: the cooldown is told before, and again when it is tried all the same.
    said = previewed(olga, ("host", "web1"), ("in.days", "7"))
    assert "cooldown for another" in words(said.text)
    refused = decide(olga, said, "run")
    stage.settle()
    assert "Nothing was started here: cooldown for another" in words(
        olga.get(str(refused.url)).text
    )
    accepted = decide(olga, said_again(olga), "run", ("accept", "yes"))
    stage.settle()
    assert "done" in words(olga.get(str(accepted.url)).text)
    newest = stage.desk().incidents(runbook=NAME, host="web1", limit=1)[0]
    assert newest.id != incident.id
    assert "cooldown" in newest.accepted


def said_again(olga: Client) -> Any:
    return previewed(olga, ("host", "web1"), ("in.days", "8"))


def test_a_rehearsal_is_one(stage: Stage, olga: Client) -> None:
    said = previewed(olga, ("host", "web2"), ("in.days", "7"), ("check", "yes"))
    assert "check mode and change nothing" in words(said.text)
    decide(olga, said, "run")
    stage.settle()
    assert stage.desk().incidents(runbook=NAME, host="web2")[0].check


def test_hostile_text_in_an_input_is_data(olga: Client) -> None:
    evil = '"><script>alert(1)</script>{{ 7*7 }}'
    answer = previewed(olga, ("host", "web1"), ("in.days", evil), ("subject", evil))
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert evil in unescape(answer.text)


def test_who_may_not_run_it_is_told_before_he_fills_anything_in(stage: Stage) -> None:
    vera = stage.client("vera")
    html = vera.page(FORM)
    assert "You may not run this runbook" in html
    assert f'action="{PREVIEW}"' not in html
    token = vera.hidden(html, "/preferences")
    for way in (PREVIEW, FORM):
        assert vera.post(way, [*token, ("host", "web1")]).status_code == 403


def test_who_is_narrowed_to_other_runbooks_may_not_run_this_one(stage: Stage) -> None:
    stage.desk().add_user(
        "nora", [Role.OPERATOR], password="correct horse battery", runbooks=["disk-full"]
    )
    nora = stage.client("nora")
    assert "You may not run this runbook" in nora.page(FORM)
    token = nora.hidden(nora.page(FORM), "/preferences")
    assert nora.post(PREVIEW, [*token, ("host", "web1")]).status_code == 403
    assert "Show what it would do" in nora.page("/runbooks/disk-full/run")


def test_a_runbook_that_vanished_while_its_form_was_open(stage: Stage, olga: Client) -> None:
    said = previewed(olga, ("host", "web4"), ("in.days", "5"))
    book = stage.ctx.book
    try:
        stage.ctx.book = without(book, NAME)
        gone = decide(olga, said, "run")
        assert gone.status_code == 404
        assert "there is no runbook" in gone.text
        assert olga.get(FORM).status_code == 404
    finally:
        stage.ctx.book = book
    assert not stage.desk().incidents(runbook=NAME, host="web4")


def without(book: Any, name: str) -> Any:
    """The files as they are loaded once this one was removed."""
    from dataclasses import replace

    return replace(book, runbooks={k: v for k, v in book.runbooks.items() if k != name})


def test_a_session_that_ended_while_the_form_was_open_loses_nothing(stage: Stage) -> None:
    form = [("csrf", "x"), ("whose", "olga"), ("host", "web1"), ("in.days", "42")]
    said = stage.client().post(PREVIEW, form)
    assert said.status_code == 401
    hidden = dict(Client.hidden(said.text, "/login"))
    assert (hidden["kept.in.days"], hidden["kept.host"]) == ("42", "web1")
    assert hidden["next"] == PREVIEW


def test_of_signals_that_are_none_of_its_own_nothing_is_told(stage: Stage, olga: Client) -> None:
    olga.page(f"/runbooks/{NAME}/started?first=999&last=1000", status=404)
    other = stage.desk().start("web-stuck", ["web4"])[0]
    assert other.state is SignalState.RECEIVED
    olga.page(f"/runbooks/{NAME}/started?first={other.id}&last={other.id}", status=404)


# the fields, without a server


def card(**inputs: dict[str, Any]) -> RunbookCard:
    usual = {"default": None, "required": False, "min": None, "max": None, "max_length": 1000,
             "pattern": "", "choices": [], "help": ""}  # fmt: skip
    declared = {name: {**usual, **each} for name, each in inputs.items()}
    return RunbookCard("r", "R", "P2", True, "", (), (), declared)


TEXT = {"type": "string"}
BOX = {"type": "boolean", "default": True}


@pytest.mark.parametrize(
    ("declared", "typed", "given"),
    [
        ({"a": TEXT}, {"a": "x"}, {"a": "x"}),
        ({"a": TEXT}, {"a": ""}, {}),
        ({"a": {**TEXT, "default": "y"}}, {"a": ""}, {"a": ""}),
        ({"a": {**TEXT, "default": "y", "required": True}}, {"a": ""}, {}),
        ({"a": {"type": "integer", "default": 4}}, {"a": ""}, {}),
        ({"a": BOX}, {}, {"a": "false"}),
        ({"a": BOX}, {"a": "true"}, {"a": "true"}),
        ({"a": {"type": "boolean"}}, {"a": ""}, {}),
        ({"a": TEXT}, {"b": ""}, {"b": ""}),
    ],
)
def test_what_counts_as_given(
    declared: dict[str, Any], typed: dict[str, str], given: dict[str, str]
) -> None:
    assert run_fields.given(card(**declared), Typed(inputs=typed)) == given


def test_what_nobody_has_typed_yet_is_not_given() -> None:
    assert run_fields.given(card(a=BOX, b=TEXT), Typed()) == {}


@pytest.mark.parametrize(
    ("declared", "kind", "value"),
    [
        ({"type": "number", "default": 4.0}, "number", "4"),
        ({"type": "integer", "default": 4}, "number", "4"),
        ({"type": "string", "choices": [1, True]}, "choice", ""),
        (BOX, "checkbox", "true"),
        ({"type": "boolean"}, "choice", ""),
        (TEXT, "text", ""),
    ],
)
def test_fields(declared: dict[str, Any], kind: str, value: str) -> None:
    [field] = run_fields.fields(card(a=declared), Typed(), {})
    assert (field.kind, field.value) == (kind, value)


def test_what_names_a_secret_is_typed_unseen() -> None:
    [field] = run_fields.fields(card(db_password=TEXT), Typed(), {})
    assert field.kind == "secret"


def test_a_host_that_is_ticked_twice_is_one_and_a_thousand_are_listed() -> None:
    what = run_fields.typed(Form([("host", "b"), ("host", "a"), ("host", "b"), ("host", "")]))
    assert what.hosts == ("b", "a")
    hosts = [f"h{n}" for n in range(1000)]
    found = run_fields.choices(hosts, ["h7"], ["h9"])
    assert (len(found), found[0].host, found[0].armed) == (1000, "h7", True)
    assert [each.host for each in found if each.chosen] == ["h9"]
