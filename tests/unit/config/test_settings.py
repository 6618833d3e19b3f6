"""The settings file: paths, secrets, channels, policies, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autofix.config import Settings, find, fingerprint, load_settings
from autofix.errors import ConfigError, Problem, StoreError
from autofix.options import Options, Secret

Site = Any  # of conftest.py, which can't be imported by name

MINIMAL = "{}\n"
VAULT = "!vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n"


def errors(site: Site, text: str) -> list[str]:
    site.write("autofix.yaml", text)
    found: list[str] = site.words(site.settings().errors)
    return found


def test_an_empty_file_means_the_defaults(site: Site) -> None:
    site.write("autofix.yaml", "")
    settings = site.settings()
    folder = site.folder
    assert settings.problems == ()
    assert settings.state == folder / ".autofix"
    assert settings.store == f"sqlite:///{folder}/.autofix/autofix.db"
    assert (settings.inventory, settings.playbooks) == (folder / "inventory", folder / "playbooks")
    assert (settings.timezone, settings.retention.runs) == ("UTC", 180 * 86400)
    assert settings.ansible.isolation == "auto"


def test_every_key_arrives(site: Site) -> None:
    for name in ("key", "pass", "cfg", "hosts.txt"):
        site.write(name, "x")
    site.write(
        "autofix.yaml",
        """\
state: /var/lib/autofix
store: sqlite:////var/lib/autofix/a.db
inventory: inv/hosts.yml
timezone: Asia/Shanghai
connections:
  redis: {username: watch, password_env: MAIL_PASSWORD, port: 6380}
  ssh: {ansible_user: ops}
channels:
  mail: {type: mail, to: a@example.com, timeout: 3s}
policies:
  default: {channels: [mail, mail2]}
ansible:
  config: cfg
  private_key: key
  ssh_auth_sock: agent.sock
  vault_password_file: pass
  known_hosts: hosts.txt
  collections_path: [collections, /usr/share/collections]
  python: /usr/bin/python3
  isolation: bwrap
retention: {runs: 30d, audit: 365d}
""",
    )
    settings = site.settings()
    assert site.words(settings.problems) == [
        "autofix.yaml:11: there is no channel 'mail2' (did you mean 'mail'?)"
    ]
    assert settings.store == "sqlite:////var/lib/autofix/a.db"
    assert settings.connections["redis"]["port"] == 6380
    assert settings.connections["redis"]["password"].get_secret_value() == "from-env"
    assert "password_env" not in settings.connections["redis"]
    assert settings.channels["mail"].options.timeout == 3
    assert settings.ansible.collections_path == (
        site.folder / "collections", Path("/usr/share/collections"),
    )  # fmt: skip
    assert settings.ansible.private_key == site.folder / "key"
    assert (settings.retention.runs, settings.retention.audit) == (30 * 86400, 365 * 86400)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chanels: {}\n", ["autofix.yaml:1: unknown key 'chanels' (did you mean 'channels'?)"]),
        (
            "timezone: Mars/Olympus\n",
            ["autofix.yaml:1: timezone: there is no time zone 'Mars/Olympus': write for example "
             "UTC or Europe/Berlin"],
        ),
        (
            "timezone: ../../etc/passwd\n",
            ["autofix.yaml:1: timezone: there is no time zone '../../etc/passwd': write for "
             "example UTC or Europe/Berlin"],
        ),
        (
            "store: mysql://x\n",
            ["autofix.yaml:1: store: this must be a file of SQLite or a database of PostgreSQL: "
             "write for example sqlite:///autofix.db or postgresql://autofix@db1/autofix"],
        ),
        (
            "store: 'sqlite://'\n",
            ["autofix.yaml:1: store: this must be a file of SQLite or a database of PostgreSQL: "
             "write for example sqlite:///autofix.db or postgresql://autofix@db1/autofix"],
        ),
        (
            "channels:\n  a: {to: x}\n",
            ["autofix.yaml:2: channel 'a' has no type (known: mail)"],
        ),
        (
            "channels:\n  a: {type: mial, to: x}\n",
            ["autofix.yaml:2: there is no type of channel 'mial' (did you mean 'mail'?)"],
        ),
        (
            "channels:\n  a: {type: mail, too: x}\n",
            ["autofix.yaml:2: a: 'to' is missing",
             "autofix.yaml:2: unknown key 'too' (did you mean 'to'?)"],
        ),
        (
            "channels:\n  a: mail\n",
            ["autofix.yaml:2: a: this must hold keys with values"],
        ),
        (
            "connections:\n  rediss: {port: 1}\n",
            ["autofix.yaml:2: there is no probe 'rediss' (did you mean 'redis'?)"],
        ),
        (
            "policies:\n  default: {channels: []}\n",
            ["autofix.yaml:2: policy 'default' has no channels: it calls nobody "
             "(name channels, or take it out)"],
        ),
        (
            "policies:\n  default: {channels: [nobody]}\n",
            ["autofix.yaml:2: there is no channel 'nobody' (add it under channels:)"],
        ),
        (
            "ansible: {vault_password_file: none}\n",
            ["autofix.yaml:1: vault_password_file: there is no file none"],
        ),
        (
            "ansible: {isolation: docker}\n",
            ["autofix.yaml:1: isolation: must be 'auto', 'bwrap' or 'subreaper'"],
        ),
        (
            "synthetic: {enabled: true, every: 1h, alarm_after: 30m}\n",
            ["autofix.yaml:1: synthetic: alarm_after must be longer than every, or each wait is an "
             "alarm"],
        ),
        (
            "policies:\n  default: {levels: [{channel: [a]}]}\n",
            ["autofix.yaml:2: item 1 of levels: 'channels' is missing",
             "autofix.yaml:2: unknown key 'channel' (did you mean 'channels'?)"],
        ),
        (
            "retention: {runs: 1h}\n",
            ["autofix.yaml:1: runs: must be at least 86400"],
        ),
        (
            "playbooks: nowhere\n",
            ["autofix.yaml:1: playbooks: there is no folder nowhere (make it, or name another)"],
        ),
        ("state: ''\n", ["autofix.yaml:1: state: this must be one line of text"]),
        ("inventory: [a]\n", ["autofix.yaml:1: inventory: this must be text: put it in quotes"]),
        (
            "state: !vault x\n",
            ["autofix.yaml:1: state: this must be text: put it in quotes",
             "autofix.yaml:1: !vault is not known here (only channels and connections in the "
             "settings take it)"],
        ),
        ("- a\n", ["autofix.yaml:1: the file holds a list "
                    "(write keys with values, such as name: x)"]),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line_and_its_cure(
    site: Site, text: str, said: list[str]
) -> None:
    assert errors(site, text) == said


def test_all_faults_are_said_at_once_and_the_rest_stands(site: Site) -> None:
    site.write(
        "autofix.yaml",
        "timezone: Mars\nstate: here\nretention: {runs: x}\nzone: 1\n"
        "channels:\n  a: {type: mail, to: x}\n  b: {type: mail}\n",
    )
    settings = site.settings()
    assert [problem.line for problem in settings.errors] == [1, 3, 4, 7]
    assert settings.state == site.folder / "here"
    assert list(settings.channels) == ["a"]


def test_one_channel_for_everything_is_a_warning(site: Site) -> None:
    site.write(
        "autofix.yaml",
        "channels:\n  a: {type: mail, to: x}\npolicies:\n  default: {channels: [a]}\n",
    )
    settings = site.settings()
    assert settings.errors == ()
    assert site.words(settings.problems) == [
        "autofix.yaml:4: policy 'default' has one channel: when that fails, nobody is paged "
        "(add a second one of another provider)"
    ]


# -- secrets ---------------------------------------------------------------------------------


def password(settings: Settings) -> str:
    options: Any = settings.channels["a"].options
    value: str = options.password.get_secret_value()
    return value


def channel(line: str) -> str:
    return f"channels:\n  a:\n    type: mail\n    to: x\n    {line}\n"


def test_a_secret_comes_plain_from_the_environment_or_from_a_file(site: Site) -> None:
    site.write("secret", "s3cret-2\n")
    for line, value in (
        ("password: s3cret-1", "s3cret-1"),
        ("password: 12345", "12345"),
        ("password_env: MAIL_PASSWORD", "from-env"),
        ("password_file: secret", "s3cret-2"),
    ):
        site.write("autofix.yaml", channel(line))
        settings = site.settings()
        assert settings.problems == ()
        assert password(settings) == value
        assert value not in repr(settings)
        assert value not in str(settings.channels["a"])


def test_vault_texts_are_opened_all_at_once_with_the_ansible_block(site: Site) -> None:
    asked: list[Sequence[str]] = []

    def decrypt(settings: Settings, texts: Sequence[str]) -> list[str]:
        assert settings.ansible.python == "/usr/bin/python3"
        asked.append(texts)
        return [f"s3cret-{len(text.splitlines())}" for text in texts]

    site.write(
        "autofix.yaml",
        "ansible: {python: /usr/bin/python3}\n" + channel(f"password: {VAULT}")
        + f"  b:\n    type: mail\n    to: y\n    password: {VAULT}",
    )  # fmt: skip
    settings = site.with_(decrypt=decrypt).settings()
    assert settings.problems == ()
    assert password(settings) == "s3cret-2"
    assert [len(texts) for texts in asked] == [2]
    assert "s3cret" not in repr(settings)


def test_a_vault_that_can_not_be_opened_is_named_without_its_text(site: Site) -> None:
    def refuse(settings: Settings, texts: Sequence[str]) -> list[str]:
        raise ConfigError([Problem("autofix.yaml", 0, "there is no vault password", "set it")])

    text = channel(f"password: {VAULT}")
    assert errors(site, text) == [
        "autofix.yaml:5: a !vault value can't be opened here (use x_env or x_file)"
    ]
    assert errors(site.with_(decrypt=refuse), text) == [
        "autofix.yaml:5: there is no vault password (set it)"
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "password_env: NOT_SET",
            "the environment has no NOT_SET (set it where autofix is started)",
        ),
        ("password_env: hunter2!", "password_env is not the name of an environment variable"),
        ("password_file: nowhere", "nowhere can't be read: there is no such file"),
        ("password_file: playbooks", "playbooks can't be read: there is no such file"),
        ("password_file: empty", "empty is empty"),
        ("password_file: binary", "binary can't be read: it is not text"),
        ("password_file: [a]", "password_file is not the name of a file"),
        (
            "password_env: MAIL_PASSWORD\n    password: hunter2",
            "password is given twice, as password_env and otherwise (keep one)",
        ),
        ("password: [hunter2]", "password: this must be text: put it in quotes"),
    ],
)
def test_a_secret_that_is_not_there_is_named_and_never_shown(
    site: Site, line: str, problem: str
) -> None:
    site.write("empty", "\n")
    site.folder.joinpath("binary").write_bytes(b"\xff\x00")
    said = errors(site, channel(line))
    assert said == [f"autofix.yaml:5: {problem}"]
    assert "hunter2" not in "".join(said)


def test_what_autofix_keeps_is_opened_by_name_once_and_only_when_it_is_named(site: Site) -> None:
    asked: list[str] = []

    def keeper(settings: Settings) -> Callable[[str], str | None]:
        assert settings.ansible.python == "/usr/bin/python3"
        asked.append(settings.store)
        return {"mail": "s3cret"}.get

    site = site.with_(keeper=keeper)
    assert site.settings().problems == ()
    assert asked == []
    site.write(
        "autofix.yaml",
        "ansible: {python: /usr/bin/python3}\n" + channel("password_kept: mail")
        + "  b: {type: mail, to: y, password_kept: mail}\n",
    )  # fmt: skip
    settings = site.settings()
    assert settings.problems == ()
    assert password(settings) == "s3cret"
    assert settings.kept_names == ("mail",)
    assert len(asked) == 1
    assert "s3cret" not in repr(settings)


def test_what_is_not_kept_is_told_with_its_line_and_what_to_do(site: Site) -> None:
    def closed(settings: Settings) -> Callable[[str], str | None]:
        raise StoreError("the store is gone", hint="start it")

    def empty(settings: Settings) -> Callable[[str], str | None]:
        return lambda name: None

    kept = channel("password_kept: mail")
    for keeper, said in (
        (empty, "no secret mail is kept (keep it: autofix secrets set mail)"),
        (closed, "the kept secret mail can't be opened: the store is gone (start it)"),
        (None, "a kept secret can't be opened here (use x_env or x_file)"),
    ):
        assert errors(site.with_(keeper=keeper), kept) == [f"autofix.yaml:5: {said}"]
    for wrong in ("hunter2!", "[a]", "''", "second-factor/ann"):
        assert errors(site.with_(keeper=empty), channel(f"password_kept: {wrong}")) == [
            "autofix.yaml:5: password_kept is not the name of a kept secret"
        ]
    assert errors(site, "store_password_kept: mail\n")[0].startswith(
        "autofix.yaml:1: unknown key 'store_password_kept'"
    )


def test_a_missing_secret_is_asked_for_in_all_its_ways(site: Site) -> None:
    class Robot(Options):
        url: Secret

    site = site.with_(channels={"robot": Robot})
    assert errors(site, "channels:\n  a: {type: robot}\n") == [
        "autofix.yaml:2: a: 'url' is missing (write url, url_env, url_file or url_kept)"
    ]


def test_only_secrets_have_other_sources(site: Site) -> None:
    assert errors(site, channel("to_file: x")) == ["autofix.yaml:5: unknown key 'to_file' "
                                                   "(known: password, timeout, to)"]  # fmt: skip


def test_a_file_variable_of_a_connection_stays_a_file(site: Site) -> None:
    site.write("autofix.yaml", "connections:\n  ssh: {ansible_ssh_private_key_file: id_ed25519}\n")
    settings = site.settings()
    assert settings.problems == ()
    assert settings.connections["ssh"] == {"ansible_ssh_private_key_file": "id_ed25519"}


# -- files -----------------------------------------------------------------------------------


def test_the_settings_file_is_found_upwards(site: Site) -> None:
    below = site.folder / "a" / "b"
    below.mkdir(parents=True)
    assert find(below) == site.folder / "autofix.yaml"
    assert find(site.folder / "autofix.yaml") == site.folder / "autofix.yaml"
    other = site.write("other.yaml", MINIMAL)
    assert load_settings(other, channels={}).file == other


def test_without_a_settings_file_the_way_to_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no autofix\.yaml here or above \(make one with"):
        find(tmp_path)


def test_the_fingerprint_changes_with_every_file_that_matters(site: Site) -> None:
    site.write("secret", "a")
    site.write("autofix.yaml", channel("password_file: secret"))
    seen = {fingerprint(site.settings())}
    assert fingerprint(site.settings()) in seen
    for name, text in (
        ("secret", "ab"),
        ("runbooks/redis.yaml", "changed"),
        ("runbooks/new.yaml", ""),
        ("autofix.yaml", channel("password_file: secret") + "timezone: UTC\n"),
    ):
        site.write(name, text)
        seen.add(fingerprint(site.settings()))
    (site.folder / "runbooks/new.yaml").unlink()
    seen.add(fingerprint(site.settings()))
    assert len(seen) == 6


def test_a_list_of_secrets_may_come_as_one_text(site: Site) -> None:
    class Several(Options):
        urls: tuple[Secret, ...]
        headers: Mapping[str, Secret] = {}

    site = site.with_(channels={"several": Several})
    site.write("urls", "one://a\ntwo://b\n")
    for line in ("urls_file: urls", "urls: one://a two://b", "urls: [one://a, two://b]"):
        site.write("autofix.yaml", f"channels:\n  a: {{type: several, {line}}}\n")
        settings = site.settings()
        assert settings.problems == ()
        opened: Any = settings.channels["a"].options
        assert [url.get_secret_value() for url in opened.urls] == ["one://a", "two://b"]
        assert "one://" not in repr(settings).replace(str(site.folder), "")
    assert errors(site, "channels:\n  a: {type: several, urls: [a], headers_env: X}\n") == [
        "autofix.yaml:2: unknown key 'headers_env' (did you mean 'headers'?)"
    ]
