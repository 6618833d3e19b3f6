"""The Inventory port: the same answers from Ansible's inventory and from the fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autofix.ansible.inventory import AnsibleInventory
from autofix.ansible.options import AnsibleOptions
from autofix.core.hosts import HostTable
from autofix.errors import ConfigError
from autofix.testing.inventory import FakeInventory

Tested = AnsibleInventory | HostTable
Groups = dict[str, dict[str, dict[str, Any]]]

SITE: Groups = {
    "redis": {
        "r1": {"ansible_host": "10.0.0.5", "redis_port": 6379, "redis_password": "hunter22"},
        "r2": {
            "autofix_aliases": ["cache-2", "10.0.0.6:9121"],
            "deep": {"api_token": "s3cr3t", "n": 1},
        },
    },
    "mysql": {"db1": {"mysql_user": "root"}, "r2": {}},
    "empty": {},
}  # fmt: skip
WRONG: Groups = {
    "web": {"w1": {"ansible_host": "10.1.1.1"}, "w2": {"autofix_aliases": ["10.1.1.1", "w1"]}},
    "db": {"web": {}, "bad host!": {}, "-r": {}, "ok": {"autofix_aliases": 3}},
}


def _ansible(folder: Path, groups: Groups) -> AnsibleInventory:
    inventory = folder / "inventory"
    inventory.mkdir()
    content = {"all": {"children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}
    (inventory / "hosts.yml").write_text(json.dumps(content, indent=1))
    return AnsibleInventory.read(AnsibleOptions(inventory, folder / "playbooks", folder / "state"))


@pytest.fixture(scope="module", params=["fake", "ansible"])
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Groups], Tested]:
    def build(groups: Groups) -> Tested:
        if request.param == "fake":
            return FakeInventory(groups)
        return _ansible(tmp_path_factory.mktemp("site"), groups)

    return build


@pytest.fixture(scope="module")
def site(make: Callable[[Groups], Tested]) -> Tested:
    return make(SITE)


@pytest.fixture(scope="module")
def wrong(make: Callable[[Groups], Tested]) -> Tested:
    return make(WRONG)


def test_a_sound_inventory_has_no_problems(site: Tested) -> None:
    assert site.problems == ()
    assert site.names() == ["r1", "r2", "db1"]
    assert set(site.groups()) == {"all", "ungrouped", "redis", "mysql", "empty"}


@pytest.mark.parametrize(
    ("selector", "hosts"),
    [
        ("redis", ["r1", "r2"]),
        ("r1", ["r1"]),
        ("mysql,redis", ["db1", "r2", "r1"]),
        (" db1 , r2 ", ["db1", "r2"]),
        ("empty", []),
        ("all", ["r1", "r2", "db1"]),
        ("ungrouped", []),
    ],
)
def test_a_selector_means_exactly_what_it_names(
    site: Tested, selector: str, hosts: list[str]
) -> None:
    assert site.hosts(selector) == hosts


@pytest.mark.parametrize(
    "selector",
    ["", " ", ",", "redis,", ",redis", "\n", "r1\nall", "r*", "*", "~r.*", "redis:!r1",
     "redis:mysql", "redis[0]", "@/etc/hosts", "localhost", "127.0.0.1", "implicit", "R1",
     "10.0.0.5", "redis;r1", "&redis", "!r1", "{{ all }}"],
)  # fmt: skip
def test_whatever_is_not_known_exactly_is_an_error_and_never_everything(
    site: Tested, selector: str
) -> None:
    with pytest.raises(ConfigError):
        site.hosts(selector)


def test_unknown_names_come_all_at_once_with_what_was_meant(site: Tested) -> None:
    with pytest.raises(ConfigError) as error:
        site.hosts("rediss,r1,nobody")
    assert [problem.message for problem in error.value.problems] == [
        "no host or group 'rediss' in the inventory",
        "no host or group 'nobody' in the inventory",
    ]
    assert error.value.problems[0].hint == "did you mean 'redis'?"


def test_known_names_are_hosts_and_groups_empty_ones_too(site: Tested) -> None:
    assert all(site.known(name) for name in ("r1", "redis", "empty", "all"))
    assert not any(site.known(name) for name in ("", "r", "localhost", "10.0.0.5", "redis,mysql"))


def test_a_target_has_its_address_and_all_its_variables(site: Tested) -> None:
    target = site.target("r1")
    assert (target.host, target.address) == ("r1", "10.0.0.5")
    assert target.variables["redis_password"] == "hunter22"
    assert site.target("db1").address == "db1"
    with pytest.raises(ConfigError, match="no host 'redis'"):
        site.target("redis")


@pytest.mark.parametrize(
    ("alias", "host"),
    [("r1", "r1"), ("10.0.0.5", "r1"), ("cache-2", "r2"), ("10.0.0.6:9121", "r2"),
     ("10.0.0.6", None), ("10.0.0.5:9121", None), ("redis", None), ("", None), ("R1", None)],
)  # fmt: skip
def test_an_alias_is_compared_exactly(site: Tested, alias: str, host: str | None) -> None:
    assert site.resolve(alias) == host


def test_expressions_see_nothing_secret(site: Tested) -> None:
    assert site.host_facts("r1") == {
        "name": "r1",
        "groups": ["redis"],
        "ansible_host": "10.0.0.5",
        "redis_port": 6379,
    }
    assert site.host_facts("r2")["deep"] == {"n": 1}
    assert site.groups_of("r2") == ["mysql", "redis"]


def test_secrets_are_known_so_that_they_can_be_struck_out(site: Tested) -> None:
    assert site.secrets("r1") == ["hunter22"]
    assert site.secrets("r2") == ["s3cr3t"]
    assert site.secrets("db1") == []


def test_all_problems_are_told_at_once(wrong: Tested) -> None:
    told = [problem.message for problem in wrong.problems]
    assert told == [
        "host 'web' is named as a group",
        "host 'bad host!' is no name for a host",
        "host '-r' is no name for a host",
        "hosts 'w1' and 'w2' share the alias 'w1'",
        "hosts 'w1' and 'w2' share the alias '10.1.1.1'",
        "autofix_aliases of 'ok' is not a list",
    ]
    assert all(problem.level == "error" for problem in wrong.problems)


def test_a_host_that_could_be_mistaken_is_never_a_target(wrong: Tested) -> None:
    assert wrong.hosts("db") == ["ok"]
    assert wrong.hosts("all") == ["w1", "w2", "ok"]
    assert wrong.resolve("10.1.1.1") is None
    assert wrong.resolve("w1") is None
    for name in ("web", "bad host!", "-r"):
        with pytest.raises(ConfigError):
            wrong.target(name)
    with pytest.raises(ConfigError, match="both a host and a group"):
        wrong.hosts("web")
