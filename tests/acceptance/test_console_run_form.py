"""The form that runs a runbook, in a real browser: by keyboard alone, and with very many hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consolekit import Stage, project
from consolekit.chromium import PHONE, Eyes, Seen

MANY = 1000


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    hosts = {**project.HOSTS, "many": tuple(f"node{n:04}" for n in range(MANY))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "HOSTS", hosts)
        with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
            yield made


def tab_to(seen: Seen, what: str) -> None:
    """Press Tab until the element that matches has the focus."""
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate("(what) => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"Tab never comes to {what}")


def test_a_runbook_is_run_by_keyboard_alone(stage: Stage, eyes: Eyes) -> None:
    stage.facts.of["web1"] = {"disk_used_ratio": 0.97}
    stage.cures("compress.yml", "web1", disk_used_ratio=0.5)
    seen = eyes.look(stage, "/runbooks/disk-full", "olga")
    keys = seen.page.keyboard
    tab_to(seen, 'a[href$="/runbooks/disk-full/run"]')
    keys.press("Enter")
    seen.page.wait_for_url("**/run")
    tab_to(seen, ".picker-filter")
    keys.type("web1")
    tab_to(seen, 'input[name="host"][value="web1"]')
    keys.press("Space")
    tab_to(seen, "#input-keep_days")
    keys.press("Control+A")
    keys.type("91")
    keys.press("Enter")
    seen.page.wait_for_selector("#input-keep_days-fault")
    seen.page.wait_for_selector("#input-keep_days:focus")  # what is wrong is where one is
    keys.press("Control+A")
    keys.type("21")
    tab_to(seen, 'button[name="check"][value=""]')
    keys.press("Enter")
    seen.page.wait_for_selector("text=What will be run where")
    assert "21" in seen.page.inner_text(".steps")
    assert not stage.desk().incidents(runbook="disk-full")
    tab_to(seen, 'button[value="run"]')
    keys.press("Enter")
    seen.page.wait_for_selector("text=The run was asked for")
    stage.settle()
    seen.page.wait_for_selector(".badge.state-verifying", timeout=15_000)  # it follows by itself
    stage.pass_time(60)
    seen.page.wait_for_selector(".badge.state-healed", timeout=15_000)
    [incident] = stage.desk().incidents(runbook="disk-full")
    [run] = stage.desk().runs(incident=incident.id)
    assert (run.host, run.variables) == ("web1", {"days": 21})


def test_among_a_thousand_hosts_one_is_found_by_its_name(stage: Stage, eyes: Eyes) -> None:
    seen = eyes.look(stage, "/runbooks/web-stuck/run", "olga", width=PHONE)
    assert not seen.too_wide()
    seen.page.fill(".picker-filter", "NODE0421")
    shown = [
        each for each in seen.page.query_selector_all(".picker-hosts label") if each.is_visible()
    ]
    assert [each.inner_text().strip() for each in shown] == ["node0421"]
    seen.page.check('input[value="node0421"]')
    assert "1 chosen, 1 of 1007 shown" in seen.page.inner_text(".picker-count")
    seen.page.fill(".picker-filter", "web")
    seen.page.click("text=Rehearse: changes nothing")
    seen.page.wait_for_selector("text=On 1 host")
    assert "node0421" in seen.page.inner_text("main")
    assert not seen.complaints


def test_without_script_the_form_is_whole(stage: Stage, eyes: Eyes) -> None:
    context = eyes.context(stage, "olga", java_script_enabled=False)
    seen = eyes.open(context, f"{stage.url}/runbooks/web-stuck/run?host=web2")
    assert not seen.page.is_visible(".picker-filter")
    seen.page.click("text=Show what it would do")
    seen.page.click("text=Back, change it")
    assert seen.page.is_checked('input[value="web2"]')


@pytest.mark.parametrize("path", ["/runbooks", "/runbooks/disk-full?host=web1"])
def test_the_pages_are_fair_and_narrow_enough(stage: Stage, eyes: Eyes, path: str) -> None:
    seen = eyes.look(stage, path, "olga", width=PHONE, theme="dark")
    assert not seen.too_wide()
    assert seen.unfair() == []
    assert seen.complaints == []
