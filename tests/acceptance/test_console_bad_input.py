"""What goes wrong between a person and the console, in a real browser: each is said in words, with
the next step, and nothing is done that was not meant. (A session that ends while somebody types is
in `test_console_login`, a stream that breaks in `test_console_live`, 50 MB of output in
`test_console_runs`.)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from autofix.core.acks import LASTS, AckCode, digest_of
from autofix.core.incidents import State
from consolekit import Stage
from consolekit.chromium import PHONE, Eyes, Seen


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


@pytest.fixture
def stage(theatre: Stage, eyes: Eyes) -> Iterator[Stage]:
    """One for all tests, at which nothing is wrong when one begins."""
    yield theatre
    eyes.rest()
    theatre.calm()


def asks(stage: Stage, host: str) -> int:
    """An incident whose second step waits for an approval."""
    stage.fails("compress.yml", "no space left on device")
    stage.fails("purge.yml")
    stage.ill(host, disk_used_ratio=0.99)
    stage.pass_time(30)
    [found] = stage.desk().incidents(host=host, limit=1)
    assert found.state is State.AWAITING_APPROVAL
    return found.id


def broken(stage: Stage, host: str) -> int:
    """An incident that a person was called for."""
    stage.fails("restart.yml")
    stage.ill(host, load_1=80.0)
    stage.pass_time(30)
    [found] = stage.desk().incidents(host=host, limit=1)
    return found.id


def fair(seen: Seen, *statuses: str) -> None:
    """It reads well, and nothing is complained of but that the answer is a refusal."""
    assert not seen.too_wide()
    assert seen.unfair() == []
    assert [each for each in seen.complaints if not any(s in each for s in statuses)] == []


def leads_on(page: Page) -> None:
    """Something to press, in the page itself."""
    expect(page.locator("main").locator("a, button").first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/incidents/999", "there is no incident 999"),
        ("/incidents/abc", "number: must be a valid integer"),
        ("/runs/999", "there is no run 999"),
        ("/runs/99999999999999999999", "number: must be less than"),
        ("/runbooks/nope", "there is no runbook"),
        ("/fleet/nobody", "nobody"),
        ("/nowhere", "there is nothing at this address"),
    ],
)
def test_what_is_not_there_is_said_and_leads_on(
    stage: Stage, eyes: Eyes, path: str, says: str
) -> None:
    seen = eyes.look(stage, path, width=PHONE)
    expect(seen.page.locator("main")).to_contain_text(says)
    leads_on(seen.page)
    fair(seen, "404", "422")


def test_what_is_somebody_else_s_is_not_touched(stage: Stage, eyes: Eyes) -> None:
    ada, olga = eyes.look(stage, "/account", "ada").page, eyes.look(stage, "/account", "olga")
    for page in (ada, olga.page):
        page.click("summary:has-text('Make a token')")
        page.fill("input[name=token_name]", "deploy")
        page.click("text=Make it")
        expect(page.locator("h1")).to_have_text("The token deploy is made")
        page.goto(f"{stage.url}/account")
    [hers] = [each for each in stage.desk().tokens(everybody=True) if each.owner == "ada"]
    # Olga's own button, bent to the number of Ada's token.
    olga.page.evaluate(
        "number => { for (const form of document.forms) if (form.action.endsWith('/revoke'))"
        " form.setAttribute('action', `/account/tokens/${number}/revoke`); }",
        hers.id,
    )
    olga.page.get_by_role("button", name="Revoke", exact=True).click()
    olga.page.get_by_role("button", name="Revoke it").click()
    expect(olga.page.locator("main")).to_contain_text("olga may not do this")
    leads_on(olga.page)
    fair(olga, "404", "403")
    [same] = [each for each in stage.desk().tokens(everybody=True) if each.owner == "ada"]
    assert same.revoked_at is None


@pytest.mark.parametrize("state", ["expired", "used", "made up"])
def test_a_link_that_is_good_no_more(stage: Stage, eyes: Eyes, state: str) -> None:
    number, now, code = broken(stage, "web1"), stage.clock.now(), f"{state}-nobody-guesses"
    if state != "made up":
        made = now - LASTS - 1 if state == "expired" else now
        with stage.store.transaction() as tx:
            tx.add_ack_code(AckCode(digest_of(code), number, made, made + LASTS))
    link = f"{stage.url}/ack/{code.replace(' ', '-')}"
    if state == "used":
        first = eyes.open(eyes.context(stage), link).page
        first.fill("#name", "Ann")
        first.click("button")
        expect(first.locator("h1")).to_have_text("It is yours: the calls stop")
    seen = eyes.open(eyes.context(stage, width=PHONE), link)
    says = {"expired": "older than a day", "used": "Ann (link) has it", "made up": "not known"}
    expect(seen.page.locator("main")).to_contain_text(says[state])
    expect(seen.page.locator("main form")).to_have_count(0)
    expect(seen.page.locator("main").locator("a, code").first).to_be_visible()
    fair(seen, "404", "409", "410")


def test_a_form_that_is_sent_twice_does_it_once(stage: Stage, eyes: Eyes) -> None:
    number = asks(stage, "web1")
    seen = eyes.look(stage, f"/incidents/{number}")
    page = seen.page
    page.get_by_label("Say something about it").fill("only once")
    sent = "form => { form.submit(); }"
    fields = page.locator("#say").evaluate(
        "form => new URLSearchParams(new FormData(form)).toString()"
    )
    page.locator("#say").evaluate(sent)
    expect(page.locator("#story")).to_contain_text("only once")
    # The very same request again: a double click, or a reload of what was sent.
    again = page.evaluate(
        "([to, body]) => fetch(to, { method: 'POST', body, headers: { 'Content-Type':"
        " 'application/x-www-form-urlencoded' } }).then((answer) => answer.status)",
        [f"/incidents/{number}/comment", fields],
    )
    assert again == 200  # told the same again: it leads to the page with the comment
    page.reload()
    expect(page.locator("#story blockquote", has_text="only once")).to_have_count(1)
    with stage.store.reading() as reads:
        assert len(reads.audit(incident=number, action="incident.commented")) == 1


def test_an_approval_that_somebody_gave_a_second_before(stage: Stage, eyes: Eyes) -> None:
    number = asks(stage, "web1")
    slow = eyes.context(stage, "ada", width=PHONE)
    slow.route("**/live?*", lambda route: route.abort())  # hers does not hear of it
    ada = eyes.open(slow, f"{stage.url}/incidents/{number}")
    ada.page.get_by_role("button", name="Approve step 2").click()
    peter = eyes.look(stage, f"/incidents/{number}", "peter").page
    peter.get_by_role("button", name="Approve step 2").click()
    peter.locator("#ask-approve").get_by_role("button", name="Approve it").click()
    expect(peter.locator(".notice")).to_have_text("Approved: the step starts now.")
    ada.page.locator("#ask-approve").get_by_role("button", name="Approve it").click()
    expect(ada.page.locator("main")).to_contain_text("peter")
    leads_on(ada.page)
    fair(ada, "409", "net::ERR")
    with stage.store.reading() as reads:
        [given] = reads.audit(incident=number, action="incident.approved")
    assert given.event.actor == "peter"


def test_a_runbook_whose_file_vanishes_while_its_page_is_open(stage: Stage, eyes: Eyes) -> None:
    page_of = eyes.look(stage, "/runbooks/web-stuck", width=PHONE)
    form = eyes.look(stage, "/runbooks/web-stuck/run?host=web4", width=PHONE)
    book = stage.ctx.book
    left = {name: each for name, each in book.runbooks.items() if name != "web-stuck"}
    try:
        stage.ctx.book = replace(book, runbooks=left)  # as the server takes the files in then
        form.page.click("text=Rehearse: changes nothing")
        page_of.page.reload()
        for seen in (form, page_of):
            expect(seen.page.locator("main")).to_contain_text("there is no runbook")
            leads_on(seen.page)
            fair(seen, "404")
    finally:
        stage.ctx.book = book
    assert stage.desk().incidents(host="web4", limit=1) == []
