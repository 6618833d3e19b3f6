"""A host whose key is unknown or has changed is never worked on, whatever its variables say."""

import json
from dataclasses import replace

import pytest

from autofix.core.runs import Outcome
from servers.site import Site
from servers.sshd import Sshd, make_key

#: What an inventory might set to get rid of host key checking, on purpose or by mistake.
OVERRIDES = {
    "extra args": {"ansible_ssh_extra_args": "-o StrictHostKeyChecking=no"},
    "common args": {
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    },
    "args": {"ansible_ssh_args": "-o StrictHostKeyChecking=accept-new"},
    "checking": {"ansible_host_key_checking": False, "ansible_ssh_host_key_checking": "no"},
    "paramiko": {
        "ansible_connection": "paramiko_ssh",
        "ansible_paramiko_host_key_checking": False,
        "ansible_host_key_checking": False,
    },
}


@pytest.fixture
def server(tmp_path):
    with Sshd(tmp_path / "sshd") as server:
        yield server


def site_for(server, path, known_hosts=None, **variables):
    hosts = {"all": {"hosts": {"web1": server.variables() | variables}}}
    path.mkdir(exist_ok=True)
    site = Site(path, hosts=json.dumps(hosts), known_hosts=known_hosts or server.known_hosts)
    site.marker = path / "made"
    site.tasks(f"- file: {{path: '{site.marker}', state: touch}}")
    return site


UNKNOWN = "web1 was unreachable: its SSH host key is unknown: add it to known_hosts"
CHANGED = "web1 was unreachable: its SSH host key is not the one in known_hosts"
NO_ONE_TO_ASK = "stdin is not interactive"  # paramiko would ask a person


def assert_refused(site, reason):
    result = site.run()
    assert result.outcome == Outcome.UNREACHABLE
    assert result.reason.endswith(reason)
    assert not site.marker.exists()


def test_a_known_host_is_worked_on_by_ssh(server, tmp_path):
    site = site_for(server, tmp_path / "site")
    assert site.run().outcome == Outcome.OK
    assert site.marker.exists()
    assert site.left_in_runs() == []


def test_the_tasks_of_a_run_share_one_connection_and_two_runs_do_not(server, tmp_path):
    site = site_for(server, tmp_path / "site")
    site.tasks("- command: 'true'\n- command: 'true'\n- command: 'true'")
    for runs in (1, 2):
        assert site.run().outcome == Outcome.OK
        log = (server.folder / "sshd.log").read_text()
        assert log.count("Accepted publickey") == runs


def test_an_unknown_host_is_refused_and_not_learned(server, tmp_path):
    empty = tmp_path / "known"
    empty.write_text("")
    site = site_for(server, tmp_path / "site", known_hosts=empty)
    assert_refused(site, UNKNOWN)
    assert_refused(site, UNKNOWN)
    assert empty.read_text() == ""


def test_a_changed_key_is_refused(server, tmp_path):
    server.change_host_key()
    assert_refused(site_for(server, tmp_path / "site"), CHANGED)


def test_a_key_changed_after_a_good_run_is_refused_at_once(server, tmp_path):
    site = site_for(server, tmp_path / "site")
    assert site.run().outcome == Outcome.OK
    site.marker.unlink()
    server.change_host_key()
    assert_refused(site, CHANGED)


def test_a_wrong_pinned_key_is_refused_just_after_a_good_run(server, tmp_path):
    """With one control path for both, ssh would not even look at the second file."""
    make_key(tmp_path / "other")
    wrong = tmp_path / "wrong"
    other = (tmp_path / "other.pub").read_text()
    wrong.write_text(f"[{server.host}]:{server.port} {other}")
    assert site_for(server, tmp_path / "good").run().outcome == Outcome.OK
    assert_refused(site_for(server, tmp_path / "bad", known_hosts=wrong), CHANGED)


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_host_variable_cannot_switch_the_check_off(server, tmp_path, name):
    empty = tmp_path / "known"
    empty.write_text("")
    site = site_for(server, tmp_path / "site", known_hosts=empty, **OVERRIDES[name])
    assert_refused(site, NO_ONE_TO_ASK if name == "paramiko" else UNKNOWN)


def test_neither_can_the_users_own_ansible_configuration(server, tmp_path):
    empty = tmp_path / "known"
    empty.write_text("")
    config = tmp_path / "ansible.cfg"
    config.write_text(
        "[defaults]\nhost_key_checking = False\n"
        "[ssh_connection]\nssh_args = -o StrictHostKeyChecking=no\n"
        "ssh_extra_args = -o StrictHostKeyChecking=no\n"
    )
    site = site_for(server, tmp_path / "site", known_hosts=empty)
    site.options = replace(site.options, config=config)
    assert_refused(site, UNKNOWN)
