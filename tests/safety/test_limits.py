"""SAFETY test 4: whatever text names a target, only the approved hosts are worked on."""

from __future__ import annotations

import contextlib
import json
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from autofix.ansible import orders
from autofix.ansible.inventory import AnsibleInventory
from autofix.core.runs import Outcome
from autofix.errors import ConfigError, RunnerError
from servers.site import Site

CHILD = Path(__file__).parent / "limit_child.py"
SEED = 20261123
HOSTS = """
all:
  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}
web:
  hosts: {web1: , web2: , web-1: , web.1: , WEB1: , web10: }
odd:
  hosts: {"1": , "0": , _: , a.b.c: , 10.0.0.1: {autofix_aliases: [alias-1]}, web1.: , all-1: }
empty: {hosts: {}}
"""
KNOWN_BAD = [
    "", " ", "  ", "\t", "\n", ",", ",,", " , ", "web1\nall", "web1\n", "\nweb1", "all", "*", "a*",
    "web*", "web?", "~web.*", "~.*", "!web1", "all:!web1", "web:&odd", "&web", "web[0]", "web[0:1]",
    "web1,web2", "web1 web2", "web1:web2", "web1;web2", "@/etc/passwd", "@web1", "localhost",
    "127.0.0.1", "::1", "ungrouped", "web", "odd", "empty", "WEB", "alias-1", "Web1", "web1 ",
    " web1", "-web1", "--limit", "-e", "{{ groups.all }}", "{{ 'web1' }}", "web1\x00", "web1\r",
    "ｗｅｂ1", "web1\u200b", "web1\ufeff", "../web1", "web1/", "$(hostname)", "all\u2028",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("site"), HOSTS)
    mark = "{{ playbook_dir }}/ran-{{ inventory_hostname }}"
    site.tasks(f"- ansible.builtin.file: {{path: '{mark}', state: touch}}")
    return site


@pytest.fixture(scope="module")
def inventory(site: Site) -> AnsibleInventory:
    return AnsibleInventory.read(site.options)


def fuzzed(names: list[str], count: int) -> list[str]:
    """Names, names with something odd in them, and anything at all."""
    fuzz = random.Random(SEED)
    odd = " ,:;!&~*?[]@{}()\n\t\r\x00-._/\\'\"|$ａé\u2028\u202e"

    def one() -> str:
        kind = fuzz.randrange(6)
        if kind == 0:
            return fuzz.choice([*names, *KNOWN_BAD])
        if kind == 1:
            name = fuzz.choice(names)
            at = fuzz.randrange(len(name) + 1)
            return name[:at] + fuzz.choice(odd) + name[at:]
        if kind == 2:
            return fuzz.choice(odd).join(fuzz.choices([*names, "all", "web"], k=2))
        if kind == 3:
            name = fuzz.choice(names)
            return "".join(fuzz.sample(name, len(name)))
        letters = string.ascii_lowercase + string.digits + odd
        return "".join(fuzz.choices(letters, k=fuzz.randrange(8)))

    return [*KNOWN_BAD, *names, *(one() for _ in range(count))][: max(count, len(KNOWN_BAD))]


def approved(inventory: AnsibleInventory, text: str) -> str | None:
    """The one host that is worked on when somebody writes this; None when it is refused."""
    try:
        return orders.checked_host(inventory.target(text).host)
    except (ConfigError, RunnerError):
        return None


def by_ansible(site: Site, limits: list[str]) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-I", CHILD, site.options.inventory],
        input=json.dumps(limits), capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(site.path), "LANG": "C.UTF-8"},
    )  # fmt: skip
    found: list[list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("count", [pytest.param(200), pytest.param(5000, marks=pytest.mark.long)])
def test_the_hosts_that_run_are_the_approved_set(
    site: Site, inventory: AnsibleInventory, count: int
) -> None:
    names = inventory.names()
    texts = fuzzed(names, count)
    targets = {text: approved(inventory, text) for text in texts}
    assert {text for text, host in targets.items() if host} == set(texts) & set(names)
    limits = sorted({host for host in targets.values() if host})
    assert limits
    assert by_ansible(site, limits) == [[host] for host in limits]
    for text in texts:
        try:
            hosts = inventory.hosts(text)
        except ConfigError:
            continue
        words = [word.strip() for word in text.split(",")]
        assert all(word in names or word in inventory.groups() for word in words)
        assert set(hosts) <= set(names)
    assert all(inventory.resolve(text) in (None, text, "10.0.0.1") for text in texts)


@pytest.mark.parametrize("text", KNOWN_BAD)
def test_what_ansible_would_expand_is_refused(inventory: AnsibleInventory, text: str) -> None:
    assert approved(inventory, text) is None


def test_ansible_itself_would_expand_some_of_them(site: Site) -> None:
    """The control: these limits mean many hosts when they get as far as Ansible."""
    assert all(len(hosts) > 1 for hosts in by_ansible(site, ["web1\nall", "web*", "web", "all"]))


def ran(site: Site) -> set[str]:
    marks = list(site.options.playbooks.glob("ran-*"))
    found = {mark.name.removeprefix("ran-") for mark in marks}
    for mark in marks:
        mark.unlink()
    return found


@pytest.mark.parametrize("host", ["web1", "web-1", "1"])
def test_a_run_works_on_its_host_and_no_other(site: Site, host: str) -> None:
    assert site.run(host=host).outcome == Outcome.OK
    assert ran(site) == {host}


@pytest.mark.parametrize("host", ["", " ", ",", "web1\nall", "all", "web*", "@x", "web1,web2"])
def test_the_runner_itself_refuses_a_pattern(site: Site, host: str) -> None:
    with pytest.raises(RunnerError):
        site.run(host=host)
    assert ran(site) == set()


@pytest.mark.parametrize("host", ["web", "localhost", "nobody", "ungrouped"])
def test_the_runner_by_itself_works_on_no_group_and_no_stranger(site: Site, host: str) -> None:
    """The inventory refuses these before; the runner does not rely on it."""
    with contextlib.suppress(RunnerError):
        assert site.run(host=host).outcome != Outcome.OK
    assert ran(site) == set()
