"""A run's environment holds what the settings name, and nothing else."""

import json
import shlex

import pytest

from autofix.ansible.environment import connection_variables, prepare_folder, run_environment
from autofix.ansible.folder import RunFolder, marker, remove_leftovers
from servers.site import Site


def environment_of(tmp_path, **options):
    return run_environment(Site(tmp_path, **options).options, tmp_path / "run")


def test_nothing_of_ours_is_inherited(tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/secret")
    monkeypatch.setenv("HOME", "/elsewhere")
    environment = environment_of(tmp_path)
    assert not {"SSH_AUTH_SOCK", "ANSIBLE_VAULT_PASSWORD_FILE"} & set(environment)
    assert environment["HOME"] != "/elsewhere"
    assert {name for name in environment if not name.startswith("ANSIBLE_")} == {
        "PATH",
        "HOME",
        "LANG",
    }


def test_what_the_settings_name_is_let_in(tmp_path):
    environment = environment_of(
        tmp_path,
        config=tmp_path / "ansible.cfg",
        private_key=tmp_path / "key",
        ssh_auth_sock=tmp_path / "agent",
        vault_password_file=tmp_path / "vault",
        collections_path=(tmp_path / "a", tmp_path / "b"),
        python="/usr/bin/python3",
        forks=9,
    )
    assert environment["ANSIBLE_CONFIG"] == f"{tmp_path}/ansible.cfg"
    assert environment["ANSIBLE_PRIVATE_KEY_FILE"] == f"{tmp_path}/key"
    assert environment["SSH_AUTH_SOCK"] == f"{tmp_path}/agent"
    assert environment["ANSIBLE_VAULT_PASSWORD_FILE"] == f"{tmp_path}/vault"
    assert environment["ANSIBLE_COLLECTIONS_PATH"] == f"{tmp_path}/a:{tmp_path}/b"
    assert environment["ANSIBLE_PYTHON_INTERPRETER"] == "/usr/bin/python3"
    assert environment["ANSIBLE_FORKS"] == "9"


def test_without_a_config_none_is_looked_for(tmp_path):
    folder = tmp_path / "run"
    environment = environment_of(tmp_path)
    folder.mkdir()
    prepare_folder(folder)
    assert environment["ANSIBLE_CONFIG"] == str(folder / "ansible.cfg")
    assert (folder / "ansible.cfg").is_file()


def test_known_hosts_with_a_space_in_its_path_reaches_ssh_whole(tmp_path):
    known = tmp_path / "my hosts"
    arguments = shlex.split(environment_of(tmp_path, known_hosts=known)["ANSIBLE_SSH_ARGS"])
    assert f'UserKnownHostsFile="{known}"' in arguments
    assert arguments.index("StrictHostKeyChecking=yes") < 4


def test_connection_variables_are_plain_json(tmp_path):
    variables = connection_variables(Site(tmp_path).options)
    assert variables["ansible_host_key_checking"] is True
    assert json.loads(json.dumps(variables)) == variables


def test_a_folder_is_private_and_gone_afterwards_and_a_file_is_never_overwritten(tmp_path):
    options = Site(tmp_path).options
    with RunFolder(options, 5) as folder:
        assert folder.path.name.startswith("5-")
        assert folder.path.stat().st_mode & 0o777 == 0o700
        path = folder.write("x.json", {"a": 1})
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(FileExistsError):
            folder.write("x.json", {})
        assert json.loads(path.read_text()) == {"a": 1}
    assert not folder.path.exists()


def test_only_folders_of_the_named_runs_are_removed(tmp_path):
    options = Site(tmp_path).options
    assert remove_leftovers(options, [1]) == set()
    folders = [RunFolder(options, number) for number in (1, 11, 2)]
    assert remove_leftovers(options, [1, 3]) == {1}
    assert [folder.path.exists() for folder in folders] == [False, True, True]


def test_markers_tell_state_folders_and_runs_apart(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = Site(tmp_path / "a").options, Site(tmp_path / "b").options
    assert len({marker(one, 1), marker(one, 2), marker(two, 1)}) == 3
