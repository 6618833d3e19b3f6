"""The inventory through Ansible itself: templates, vaults, programs, errors, changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autofix.ansible.inventory import DYNAMIC_MAX_AGE, AnsibleInventory
from autofix.ansible.inventory_vault import decrypt, decrypt_all
from autofix.ansible.options import AnsibleOptions
from autofix.errors import ConfigError

VAULT = Path(sys.executable).parent / "ansible-vault"


def encrypted(text: str, password: Path) -> str:
    done = subprocess.run(
        [VAULT, "encrypt", "--vault-password-file", password, "--output", "-"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


class Site:
    """A folder with an inventory that tests write into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = AnsibleOptions(
            folder / "inventory",
            folder / "playbooks",
            folder / "state",
            vault_password_file=folder / "password",
        )
        self.write("password", "correct horse\n")

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def read(self, **more: float) -> AnsibleInventory:
        return AnsibleInventory.read(self.options, **more)

    def problems(self) -> list[str]:
        with pytest.raises(ConfigError) as error:
            self.read()
        return [str(problem).replace(f"{self.folder}/", "", 1) for problem in error.value.problems]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture(scope="module")
def vaulted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, AnsibleInventory]:
    """Inline vault values, a whole file in the vault, templates that use both."""
    site = Site(tmp_path_factory.mktemp("vaulted"))
    password = site.folder / "password"
    inline = encrypted("inline-pw", password).replace("\n", "\n        ")
    whole = "vault_pw: whole-file-pw\nvault_port: 7001\nvault_map: {a: [deep-in-vault]}\n"
    site.write("inventory/group_vars/redis/vault.yml", encrypted(whole, password))
    site.write(
        "inventory/group_vars/redis/plain.yml",
        "redis_password: '{{ vault_pw }}'\nurl: 'redis://:{{ vault_pw }}@{{ ansible_host }}/0'\n",
    )
    site.write(
        "inventory/hosts.yml",
        "redis:\n  hosts:\n    r1:\n      ansible_host: 10.0.0.1\n"
        f"      harmless: |\n        plain\n      odd_name: !vault |\n        {inline}\n"
        "other:\n  hosts:\n    o1: {}\n",
    )
    return site, site.read()


def test_vault_values_are_opened_for_probes(vaulted: tuple[Site, AnsibleInventory]) -> None:
    variables = vaulted[1].target("r1").variables
    assert variables["odd_name"] == "inline-pw"
    assert variables["redis_password"] == "whole-file-pw"
    assert variables["url"] == "redis://:whole-file-pw@10.0.0.1/0"
    assert variables["vault_port"] == 7001


def test_vault_values_are_struck_out_and_kept_from_expressions(
    vaulted: tuple[Site, AnsibleInventory],
) -> None:
    inventory = vaulted[1]
    assert inventory.host_facts("r1") == {
        "name": "r1",
        "groups": ["redis"],
        "ansible_host": "10.0.0.1",
        "harmless": "plain\n",
    }
    assert set(inventory.secrets("r1")) == {"inline-pw", "whole-file-pw", "deep-in-vault"}
    assert inventory.secrets("o1") == []


def test_a_wrong_vault_password_is_one_clear_error(vaulted: tuple[Site, AnsibleInventory]) -> None:
    site = vaulted[0]
    good = (site.folder / "password").read_text()
    site.write("password", "wrong\n")
    try:
        told = " ".join(site.problems())
    finally:
        site.write("password", good)
    assert "vault.yml" in told
    assert "ecrypt" in told
    assert "wrong" not in told


def test_settings_values_are_opened_in_one_child(vaulted: tuple[Site, AnsibleInventory]) -> None:
    site = vaulted[0]
    texts = [encrypted(text, site.folder / "password") for text in ("smtp-pw", "ümlaut\nlines")]
    assert decrypt_all(site.options, texts) == ["smtp-pw", "ümlaut\nlines"]
    assert decrypt_all(site.options, []) == []


def test_settings_values_that_cant_be_opened_say_why_and_show_nothing(site: Site) -> None:
    text = encrypted("smtp-pw", site.folder / "password")
    site.write("password", "other\n")
    with pytest.raises(ConfigError, match="can't be opened") as error:
        decrypt(site.options, text)
    assert text.splitlines()[1] not in str(error.value)
    without = AnsibleOptions(site.folder, site.folder, site.folder)
    with pytest.raises(ConfigError, match="there is no vault password"):
        decrypt(without, text)
    with pytest.raises(ConfigError, match="is not Ansible Vault text"):
        decrypt(site.options, "plain")
    (site.folder / "password").unlink()
    with pytest.raises(ConfigError, match="is not there"):
        decrypt(site.options, text)


def test_variables_come_as_a_run_sees_them(site: Site) -> None:
    site.write(
        "inventory/hosts",
        "[redis]\nr[1:2] base=1000\n[redis:vars]\nport='{{ base | int + 7 }}'\n[empty]\n",
    )
    site.write(
        "inventory/host_vars/r2.yml", "peer: '{{ hostvars[\"r1\"].port }}'\nwhen: 2026-11-23\n"
    )
    site.write("playbooks/group_vars/all.yml", "from_playbooks: [1, {a: true}]\n")
    inventory = site.read()
    seen = inventory.target("r2").variables
    # Core 2.18 renders numbers to text, 2.19 keeps them.
    assert {name: str(seen[name]) for name in ("port", "peer")} == {"port": "1007", "peer": "1007"}
    assert {name: seen[name] for name in seen if name not in ("port", "peer")} == {
        "base": 1000,
        "when": "2026-11-23",
        "from_playbooks": [1, {"a": True}],
    }
    assert inventory.hosts("empty") == []


def test_a_variable_that_needs_a_run_is_left_out_with_a_warning(site: Site) -> None:
    site.write(
        "inventory/hosts.yml",
        "all:\n  hosts: {a: , b: }\n"
        "  vars:\n    late: '{{ ansible_distribution }}'\n    sound: 1\n",
    )
    inventory = site.read()
    assert inventory.target("a").variables == {"sound": 1}
    (problem,) = inventory.problems
    assert problem.level == "warning"
    assert (Path(problem.file).name, problem.line) == ("hosts.yml", 4)
    assert "late of a and 1 more is left out" in problem.message


def test_localhost_exists_only_when_it_is_declared(site: Site) -> None:
    site.write("inventory/hosts.yml", "all:\n  hosts: {a: }\n")
    assert not site.read().known("localhost")
    site.write("inventory/hosts.yml", "all:\n  hosts: {localhost: {ansible_connection: local}}\n")
    assert site.read().hosts("localhost") == ["localhost"]


def test_a_program_is_an_inventory_with_an_empty_environment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "from-the-caller")
    site.write(
        "inventory/ask.sh",
        '#!/bin/sh\necho "{\\"dyn\\": {\\"hosts\\": [\\"d1\\"]},'
        ' \\"_meta\\": {\\"hostvars\\": {\\"d1\\": {\\"canary\\": \\"$CANARY\\"}}}}"\n',
        0o755,
    )
    inventory = site.read()
    assert inventory.hosts("dyn") == ["d1"]
    assert inventory.target("d1").variables == {"canary": ""}


def test_a_program_that_hangs_is_ended(site: Site) -> None:
    site.write("inventory/hang.sh", '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 300\n', 0o755)
    with pytest.raises(ConfigError, match="did not answer within 4s"):
        site.read(timeout=4.0)
    pid = int((site.folder / "inventory/hang.sh.pid").read_text())
    deadline = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("inventory/hosts.yml", "redis:\n  hosts:\n    r1: {}\n   r2: {}\n", "hosts.yml:4: "),
        ("inventory/group_vars/all.yml", "a: 1\nb: [1\nc: 2\n", "group_vars/all.yml:3: "),
        ("inventory/dyn.sh", "#!/bin/sh\nexit 3\n", "dyn.sh: "),
        ("inventory/hosts", "[a]\nb\n[c:nonsense]\n", "hosts"),
    ],
)  # fmt: skip
def test_what_ansible_finds_wrong_names_file_and_line(
    site: Site, path: str, text: str, told: str
) -> None:
    site.write("inventory/good.yml", "all:\n  hosts: {a: }\n")
    site.write(path, text, 0o755 if path.endswith(".sh") else 0o644)
    first, *more = site.problems()
    assert first.startswith(f"inventory/{told}")
    assert "\n" not in first
    assert len(more) < 3


def test_a_missing_inventory_says_what_to_do(site: Site) -> None:
    (told,) = site.problems()
    assert "there is no inventory here" in told


def changed(site: Site, make: Callable[[], object]) -> None:
    """Write until the change can be seen by the clock of the file system."""
    make()
    for file in site.folder.rglob("*"):
        if file.is_file():
            later = file.stat().st_mtime_ns + 5_000_000
            os.utime(file, ns=(later, later))


def test_a_change_is_read_and_a_broken_change_keeps_the_last_good_one(site: Site) -> None:
    file = site.write("inventory/hosts.yml", "all:\n  hosts: {a: }\n")
    inventory = site.read()
    assert inventory.reload_if_changed() is False
    changed(site, lambda: file.write_text("all:\n  hosts: {a: , b: }\n"))
    assert inventory.reload_if_changed() is True
    assert inventory.hosts("all") == ["a", "b"]
    changed(site, lambda: file.write_text("all: [\n"))
    with pytest.raises(ConfigError):
        inventory.reload_if_changed()
    assert inventory.hosts("all") == ["a", "b"]
    assert inventory.reload_if_changed() is False
    changed(site, lambda: file.write_text("all:\n  hosts: {c: }\n"))
    assert inventory.reload_if_changed() is True
    assert inventory.hosts("all") == ["c"]


def test_a_program_is_asked_again_after_a_while(site: Site) -> None:
    now = [0.0]
    site.write("names", "d1")
    script = (
        f'#!/bin/sh\necho "{{\\"dyn\\": {{\\"hosts\\": [\\"$(cat {site.folder}/names)\\"]}}}}"\n'
    )
    site.write("inventory/ask.sh", script, 0o755)
    inventory = AnsibleInventory(site.options, clock=lambda: now[0])
    site.write("names", "d2")
    assert inventory.reload_if_changed() is False
    now[0] = DYNAMIC_MAX_AGE + 1
    assert inventory.reload_if_changed() is True
    assert inventory.hosts("dyn") == ["d2"]


def test_a_secret_is_in_no_repr(vaulted: tuple[Site, AnsibleInventory]) -> None:
    inventory = vaulted[1]
    assert "-pw" not in repr(inventory)
    assert "-pw" not in repr(vars(inventory)["_table"].host("r1"))
