"""The settings as they are shown, without a secret; people, tokens, secrets, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autofix.app.shown import shown_settings
from autofix.app.site import Site
from autofix.core.inert import MASK
from consolekit import Stage, project
from consolekit.client import PASSWORD
from consolekit.stage import Client

ROOMS = ("/settings", "/settings/users", "/settings/tokens", "/settings/secrets")
#: Wherever a secret may stand in the settings, one that is known.
SEEDED = """
connections:
  redis: {password: SEED-connection, username: reader}
  mysql: {password_file: mysql.secret}
channels:
  slack: {type: slack, url: "https://hooks.slack.com/services/T1/B1/SEED-slack"}
  hook: {type: webhook, url: "https://me:SEED-user@example.com/x?key=SEED-query",
         secret: SEED-hook, headers: {X-Key: SEED-header}}
  run: {type: command, argv: [/bin/true, --token, SEED-argv], env: {KEY: SEED-env}}
  wecom: {type: wecom, url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SEED-wecom"}
sources:
  prom: {type: alertmanager, auth: basic, user: prom, secret: SEED-source}
heartbeat: {url: "https://hc-ping.com/SEED-heartbeat"}
policies:
  default: {channels: [slack, hook, run, wecom]}
audit:
  witnesses:
    - {type: webhook, url: "https://witness.example.com/SEED-witness", secret: SEED-witness2}
"""
#: Every one that stands above, or in a file it names; and some of them again as `*_env`.
SECRETS = sorted(set(re.findall(r"SEED-\w+", SEEDED)) | {"SEED-file", "do-not-show-me"})


def seed(folder: Path) -> None:
    text = (folder / "autofix.yaml").read_text()
    for block in ("channels", "policies", "connections", "sources", "heartbeat", "audit"):
        text = re.sub(rf"^{block}:.*\n(?:[ ].*\n)*", "", text, flags=re.M)
    more = SEEDED.replace("  mysql:", "  postgres: {password_env: STAGE_SECRET}\n  mysql:")
    (folder / "autofix.yaml").write_text(text + more)
    (folder / "mysql.secret").write_text("SEED-file\n")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage.set(tmp_path_factory.mktemp("stage") / "project") as made:
        yield made


@pytest.fixture(scope="module")
def ada(stage: Stage) -> Client:
    return stage.client("ada")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A console whose settings are full of secrets."""
    folder = tmp_path_factory.mktemp("seeded") / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGE_SECRET", "do-not-show-me")
        whole = tmp_path_factory.mktemp("whole") / "project"
        with Stage.set(folder) as stage:
            project.write(whole)
            seed(whole)
            full = Site.open(whole)
            stage.site.settings = full.settings
            yield stage
            full.close()


def test_the_seeded_settings_are_read_as_they_are_meant(seeded: Stage) -> None:
    """Else the search for secrets would search in defaults."""
    assert [str(each) for each in seeded.site.settings.errors] == []
    settings = seeded.site.settings
    assert set(settings.channels) == {"slack", "hook", "run", "wecom"}
    assert set(settings.connections) == {"redis", "mysql", "postgres"}
    assert (set(settings.sources), len(settings.witnesses)) == ({"prom"}, 1)
    assert "heartbeat" in settings.parts


@pytest.mark.parametrize("place", ["/settings", "/api/v1/settings"])
def test_no_secret_is_shown_anywhere(seeded: Stage, place: str) -> None:
    text = seeded.client("ada").get(place).text
    assert MASK in text
    assert "reader" in text
    assert [each for each in SECRETS if each in text] == []


def test_where_it_lies_is_told_without_the_way_there(seeded: Stage) -> None:
    found = shown_settings(seeded.site.settings)
    assert found["files"]["settings"] == "autofix.yaml"
    assert found["files"]["runbooks"] == "runbooks"
    assert found["hooks"] == {"prom": "/hooks/prom"}
    assert str(seeded.site.settings.folder) not in str(found)


def test_who_may_see_sees_the_settings_and_nobody_s_accounts(stage: Stage) -> None:
    vera = stage.client("vera")
    text = vera.page("/settings")
    assert "Severities and deadlines" in text
    assert "autofix doctor" in text
    assert "/settings/users" not in text
    assert [vera.get(each).status_code for each in ROOMS[1:]] == [403, 403, 403]


@pytest.mark.parametrize("room", ROOMS)
def test_an_administrator_sees_every_room(ada: Client, room: str) -> None:
    assert "<h1>" in ada.page(room)


def test_a_person_from_the_first_day_to_the_last(stage: Stage, ada: Client) -> None:
    where = "/settings/users"
    form = [("name", "newbie"), ("role", "viewer"), ("role", "operator"), ("password", PASSWORD)]
    assert "The account is made." in ada.send(where, where, form).text

    def told(**fields: str) -> str:
        return ada.send(where, f"{where}/newbie", fields).text

    assert stage.client("newbie").get("/").status_code == 200
    told(what="roles", role="approver")
    told(what="runbooks", runbooks="disk-full, web-stuck")
    [user] = [each for each in stage.desk().users() if each.name == "newbie"]
    assert ([*user.roles], user.runbooks) == (["approver"], ("disk-full", "web-stuck"))
    for neither_nor_both in ({}, {"all_runbooks": "yes", "runbooks": "disk-full"}):
        assert "all runbooks, or which of them?" in told(what="runbooks", **neither_nor_both)
    assert "nothing is named" in told(what="runbooks", runbooks=" , ")
    stage.desk().change_user("newbie", runbooks=[])
    page = ada.page(where)
    assert "<dd>none</dd>" in page[page.index('id="user-newbie"') :]
    told(what="runbooks", all_runbooks="yes")
    told(what="disable")
    [user] = [each for each in stage.desk().users() if each.name == "newbie"]
    assert (user.runbooks, user.disabled_at) == (None, stage.clock.now())
    told(what="enable")
    told(what="password", password="a whole new password")
    newbie = stage.client()
    newbie.login("newbie", "a whole new password")
    assert "The account is gone" in ada.send(where, f"{where}/newbie/remove").text
    assert newbie.get("/").status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("name", "x"), ("password", "")], "a user needs a role"),
        ([("name", "x"), ("role", "viewer"), ("password", "short")], "12 characters"),
        ([("name", "x"), ("role", "king"), ("password", PASSWORD)], "This can&#39;t be"),
        ([("name", "x"), ("role", "viewer")], "a password is not kept"),
        (
            [("name", "x"), ("role", "viewer"), ("runbooks", " , "), ("password", PASSWORD)],
            "nothing is named",
        ),
        ([("name", "root"), ("role", "viewer"), ("password", "")], "not the name of a person"),
    ],
)
def test_an_account_that_can_t_be_made(
    ada: Client, fields: list[tuple[str, str]], said: str
) -> None:
    answer = ada.send("/settings/users", "/settings/users", fields)
    assert answer.status_code == 422
    assert said.casefold() in answer.text.casefold()
    assert PASSWORD not in answer.text


def test_who_sends_a_refused_account_again_types_its_password_again(ada: Client) -> None:
    form = [("name", "ada"), ("role", "viewer"), ("password", PASSWORD)]
    said = ada.send("/settings/users", "/settings/users", form).text
    assert "there is a user ada already" in said
    assert '<input name="password" type="password" autocomplete="off" required>' in said
    assert "type them again" in said
    assert '<a href="/settings" aria-current' in said
    assert PASSWORD not in said


def test_the_fields_of_a_refused_form_are_named_in_the_reader_s_language(stage: Stage) -> None:
    form = [("name", "ada"), ("role", "viewer"), ("password", PASSWORD)]
    reader = stage.client("ada", **{"accept-language": "zh-CN"})
    said = reader.send("/settings/users", "/settings/users", form).text
    assert "<label>名称 <input" in said
    assert "<label>密码 <input" in said


def test_the_last_administrator_stays(ada: Client) -> None:
    text = ada.send("/settings/users", "/settings/users/ada/remove").text
    assert "ada is the last administrator" in text


def test_commas_alone_are_not_all_runbooks(stage: Stage, ada: Client) -> None:
    where = "/settings/tokens"
    form = {"token_name": "robot", "days": "7", "role": "operator", "runbooks": ","}
    assert "nothing is named" in ada.send(where, where, form).text
    assert [each.name for each in stage.desk().tokens(everybody=True)] == []


def test_a_token_for_somebody_else_and_its_end(stage: Stage, ada: Client) -> None:
    where = "/settings/tokens"
    form = {"token_name": "report", "owner": "vera", "days": "7"}
    made = ada.send(where, where, form).text
    [secret] = re.findall(r'readonly value="(af_[^"]+)"', made)
    program = stage.client(authorization=f"Bearer {secret}", accept="application/json")
    assert program.get("/api/v1/session").json()["actor"] == "vera (token report)"
    [token] = [each for each in stage.desk().tokens(everybody=True) if each.name == "report"]
    ada.send(where, f"{where}/{token.id}/revoke")
    assert program.get("/api/v1/session").status_code == 401


def test_kept_secrets_are_names_only_and_their_key_can_be_changed(ada: Client) -> None:
    where = "/settings/secrets"
    value = "SEED-kept <value>"
    said = ada.send(where, where, {"name": "smtp", "secret_value": value})
    assert "The secret is kept." in said.text
    rotated = ada.send(where, "/settings/keys/rotate")
    assert "There is a new key" in rotated.text
    assert "smtp" in rotated.text
    wrong = ada.send(where, where, {"name": "a/b", "secret_value": value})
    assert wrong.status_code == 422
    assert "SEED-kept" not in said.text + rotated.text + wrong.text
    assert "smtp" not in ada.send(where, f"{where}/smtp/remove").text
