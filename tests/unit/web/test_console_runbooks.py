"""The list of runbooks, and one of them with all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from consolekit import Client, Stage

PAGE = "/runbooks/web-stuck"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """With the story, and a breaker of disk-full open on web4."""
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        made.story()
        desk = made.desk()
        for each in desk.silences():
            desk.end_silence(each.id)
        made.facts.of["web4"] = {}
        for _ in range(2):
            desk.start("worn-out", ["web4"], accept=True)
            made.settle()
            made.pass_time(60)
        yield made


@pytest.fixture(scope="module", autouse=True)
def _worn_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A runbook that does nothing good, so that its breaker opens."""
    from consolekit import project

    written = project.write

    def write(folder: object) -> None:
        written(folder)  # type: ignore[arg-type]
        (folder / "runbooks" / "worn-out.yaml").write_text(WORN)  # type: ignore[operator]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "write", write)
        yield


@pytest.fixture(scope="module")
def vera(stage: Stage) -> Client:
    """Each login counts as a try: one for all."""
    return stage.client("vera")


@pytest.fixture(scope="module")
def olga(stage: Stage) -> Client:
    return stage.client("olga")


WORN = """\
name: worn-out
title: Tries <b>again</b> & again
enabled: false
about: "Look at <script>alert(1)</script> it"
fix: [{playbook: restart.yml, vars: {db_password: hunter2}}]
verify: none
guards: {cooldown: 1s, attempts: {max: 1, per: 24h}, batches: [1, 100%], approval: never}
"""


def words(html: str) -> str:
    """What a reader reads of it."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_the_list_says_of_each_how_it_is_held_and_how_it_did(vera: Client) -> None:
    text = words(vera.page("/runbooks"))
    assert "P1 Redis memory above 90 % redis-memory-high enabled 3 hosts" in text
    assert re.search(r"fired 2 healed 1 paged 1 usual time to heal \d+", text)
    assert "worn-out only by hand in batches" in text
    assert "P0 A disk is nearly full disk-full enabled 4 hosts asks for approval" in text
    assert "open web4" in text


def test_the_list_needs_one_question_however_many_incidents_there_are(stage: Stage) -> None:
    desk = stage.desk()
    done = {each.runbook: each for each in desk.histories()}
    assert done["redis-memory-high"] == desk.history("redis-memory-high")
    assert done["worn-out"].fired == len(desk.incidents(runbook="worn-out"))


def test_one_says_in_plain_words_when_what_and_what_holds_it_back(vera: Client) -> None:
    text = words(vera.page("/runbooks/disk-full"))
    assert "probe host on web, every 1m: disk_used_ratio > 0.95" in text
    assert "purge.yml, rolled back by unpurge.yml, approval always" in text
    assert "at most 2 attempts on one target within 1d" in text
    assert "at once: chat, else mail" in text
    assert "#3" in text


def test_the_guide_is_rendered_and_script_in_it_stays_text(vera: Client) -> None:
    assert "<strong>less than 5 %</strong>" in vera.page("/runbooks/disk-full")
    html = vera.page("/runbooks/worn-out")
    assert "<script>alert" not in html
    assert "Tries &lt;b&gt;again&lt;/b&gt; &amp; again" in html


def test_its_file_is_shown_as_it_is_in_force_without_secrets(stage: Stage, vera: Client) -> None:
    html = vera.page("/runbooks/worn-out")
    assert "code-line" in html
    assert "hunter2" not in html
    assert "runbooks/worn-out.yaml" in html
    assert "style=" not in html
    assert str(stage.folder) not in html


def test_a_file_that_changes_or_goes_is_told_and_what_is_in_force_still_shown(
    stage: Stage, vera: Client
) -> None:
    file = stage.folder / "runbooks" / "web-stuck.yaml"
    kept = file.read_text()
    try:
        file.write_text(kept + "# later\n")
        html = vera.page(PAGE)
        assert "The file was changed since it was loaded." in html
        assert "# later" not in html
        file.unlink()
        assert "The file is gone." in vera.page(PAGE)
    finally:
        file.write_text(kept)
    assert "The file" not in words(vera.page(PAGE))


def test_a_runbook_that_is_not_there_is_told_with_what_may_be_meant(vera: Client) -> None:
    said = vera.page("/runbooks/web-stukc", status=404)
    assert "there is no runbook" in said
    assert "web-stuck" in said


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("web3", "guard pause: brakes: web3 paused by keeper: the disk is being changed"),
        ("web9", "not a host of the inventory"),
        ("web", "a group, not a host"),
        ("<b>", "'<b>' is not a host"),
    ],
)
def test_why_it_did_or_did_not_act_on_a_host(vera: Client, host: str, said: str) -> None:
    assert said in words(vera.get(PAGE, params={"host": host}).text)


def test_guards_that_let_it_through_are_folded_away(vera: Client) -> None:
    html = vera.get(PAGE, params={"host": "web3"}).text
    shown, _, folded = html.partition('<details id="passed">')
    assert "guard pause: brakes" in shown
    assert ": passes" not in shown
    assert "guard freeze: passes" in folded
    assert "brakes" not in folded


def test_who_may_not_run_it_sees_no_button(vera: Client, olga: Client) -> None:
    assert "/runbooks/web-stuck/run" not in vera.page(PAGE)
    assert "/runbooks/web-stuck/run" in olga.page(PAGE)
    assert "Let one attempt through" not in vera.page("/runbooks/worn-out")


def test_a_breaker_is_reset_with_a_reason_and_a_second_time_is_refused(
    stage: Stage, olga: Client
) -> None:
    page = "/runbooks/worn-out"
    html = olga.page(page)
    form = olga.hidden(html, f"{page}/breaker")
    said = olga.post(f"{page}/breaker", [*form, ("reason", "I looked: <it> was the mount")])
    assert "Reset: one more attempt is let through." in said.text
    assert "half open web4" in words(said.text).replace("web4 half open", "half open web4")
    again = olga.post(f"{page}/breaker", [*form, ("reason", "I looked: <it> was the mount")])
    assert "nothing was done twice" in again.text
    [entry] = [
        each
        for each in stage.desk().audit(limit=50, action="breaker.reset")
        if each.event.actor.startswith("olga")
    ]
    assert entry.event.payload["reason"] == "I looked: <it> was the mount"
    fresh = [(name, value) for name, value in form if name != "once"]
    said = olga.post(f"{page}/breaker", [*fresh, ("once", "another"), ("reason", "kept words")])
    assert said.status_code == 409
    assert "only an open one can be reset" in said.text
    assert "kept words" in said.text
