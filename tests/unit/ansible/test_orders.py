"""What may not be run is refused before anything is started."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofix.ansible.orders import checked_host, leaf
from autofix.ansible.runner import check_version
from autofix.core.runs import Outcome, RunOrder
from autofix.errors import RunnerError
from servers.site import Site

HOSTILE_HOSTS = [
    "",
    " ",
    ",",
    "all",
    "ungrouped",
    "web1\nall",
    "web1,web2",
    "web1:web2",
    "web*",
    "web[0]",
    "~web.*",
    "!web2",
    "&web1",
    "@/etc/hosts",
    "-i",
    "--limit",
    "web1 ",
    "wéb1",
    "web1\x00",
    "{{ x }}",
    "../web1",
]


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_what_is_no_single_host_is_refused(host):
    with pytest.raises(RunnerError):
        checked_host(host)


@given(st.text(max_size=30))
def test_a_limit_never_holds_anything_that_ansible_expands(text):
    try:
        host = checked_host(text)
    except RunnerError:
        return
    assert host == text
    assert not set(host) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert host not in ("", "all")
    assert not host.startswith("-")


PATHS = ["../outside.yml", "/etc/passwd", "missing.yml", "", ".", "sub/../../outside.yml", "a\0b"]


@pytest.mark.parametrize("path", [*PATHS, "link.yml"])
def test_a_playbook_outside_its_folder_or_missing_is_refused(tmp_path, path):
    site = Site(tmp_path)
    (tmp_path / "outside.yml").write_text("[]")
    (tmp_path / "playbooks" / "link.yml").symlink_to(tmp_path / "outside.yml")
    with pytest.raises(RunnerError, match="playbook"):
        site.run(playbook=path)
    assert site.events == []
    assert site.left_in_runs() == []


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("inf"), float("nan")])
def test_a_run_without_a_sane_timeout_is_refused(tmp_path, timeout):
    site = Site(tmp_path)
    site.tasks("- debug:")
    with pytest.raises(RunnerError, match="timeout"):
        site.run(timeout=timeout)


def test_variables_that_are_no_json_are_refused(tmp_path):
    site = Site(tmp_path)
    site.tasks("- debug:")
    with pytest.raises(RunnerError, match="no JSON"):
        site.run(variables={"x": threading.Lock()})


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text(), st.lists), max_size=4))
def test_all_variables_travel_as_one_leaf(variables):
    (name, wrapped), *others = leaf(RunOrder(1, "p.yml", "web1", variables, 1.0)).items()
    assert name == "event_json"
    assert others == []
    assert list(wrapped) == ["__ansible_unsafe"]
    assert json.loads(wrapped["__ansible_unsafe"]) == variables


def test_a_run_cancelled_before_its_start_is_never_started(tmp_path):
    site = Site(tmp_path)
    site.tasks("- debug:")
    site.cancel.set()
    assert site.run().outcome == Outcome.CANCELLED
    assert site.events == []


@pytest.mark.parametrize("version", ["2.17.9", "2.20.0", "3.0", "nonsense"])
def test_an_ansible_that_was_not_proven_is_refused(version):
    with pytest.raises(RunnerError, match=r"2\.18 and 2\.19"):
        check_version(version)


@pytest.mark.parametrize("version", ["2.18.0", "2.18.19", "2.19.14", "2.19.0rc1"])
def test_a_proven_ansible_is_taken(version):
    check_version(version)


def test_isolation_that_does_not_work_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("autofix.ansible.isolation.bwrap_fault", lambda: "bwrap is not installed")
    with pytest.raises(RunnerError, match="bwrap is not installed"):
        Site(tmp_path, isolation="bwrap").run()
