"""A secret that a run uses is found nowhere: not in events, results, arguments, or files left."""

import base64
import json
import threading
import urllib.parse
from pathlib import Path

from servers.site import HOSTS, Site, eventually

SECRET = "c0rrect/h+rse b@ttery"
ENCODINGS = [
    SECRET,
    base64.b64encode(SECRET.encode()).decode(),
    urllib.parse.quote(SECRET, safe=""),
    SECRET.encode().hex(),
    SECRET[::-1],
]
LOUD = """
- name: "using {{ (event_json | from_json).password }}"
  debug: {msg: "{{ encodings }}"}
- command:
    argv: [echo, "{{ redis_password }}"]
- command:
    argv: [sh, -c, 'echo "$1" >&2; exit 1', x, "{{ redis_password | b64encode }}"]
  ignore_errors: true
- debug: {msg: "{{ item }}"}
  loop: "{{ encodings }}"
- set_stats:
    data:
      autofix_report: {said: "{{ encodings }}", "{{ redis_password }}": 1}
- fail: {msg: "wrong password {{ redis_password }}"}
"""


def secrets(host):
    return [SECRET] if host == "web1" else []


def loud_site(tmp_path):
    hosts = HOSTS.replace("web1: {}", f"web1: {{redis_password: {json.dumps(SECRET)}}}")
    site = Site(tmp_path, hosts=hosts)
    play = "- hosts: all\n  gather_facts: false\n  vars: {encodings: %s}\n  tasks:\n"
    tasks = "".join(f"    {line}\n" for line in LOUD.strip().splitlines())
    site.playbook(play % json.dumps(ENCODINGS) + tasks)
    return site


def test_no_event_and_no_result_shows_a_secret_in_any_encoding(tmp_path):
    site = loud_site(tmp_path)
    result = site.run(secrets=secrets, variables={"password": SECRET})
    told = repr(site.events) + repr(result)
    assert len(site.texts("output")) >= 8
    assert result.report["said"] == ["********"] * len(ENCODINGS)
    assert result.reason == "failed in task 'fail': wrong password ********"
    for encoded in ENCODINGS:
        assert encoded not in told
        assert json.dumps(encoded)[1:-1] not in told


def test_nothing_is_left_on_disk_after_a_run(tmp_path):
    site = loud_site(tmp_path)
    site.run(secrets=secrets, variables={"password": SECRET})
    assert site.left_in_runs() == []
    kept = [path for path in site.options.state.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_no_command_line_and_no_environment_of_a_run_holds_a_secret(tmp_path):
    site = loud_site(tmp_path)
    release = tmp_path / "release"
    site.tasks(f"- name: slow\n  wait_for: {{path: '{release}', timeout: 30, sleep: 1}}")
    variables = {"password": SECRET}
    thread = threading.Thread(target=site.run, kwargs={"variables": variables, "secrets": secrets})
    thread.start()
    eventually(lambda: [event for event in site.events if event.task == "slow"])
    told, files = b"", b""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            one = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        told += one if str(tmp_path).encode() in one else b""
    for path in (site.options.runs).rglob("*"):
        if path.is_file() and path.name != "variables.json":
            files += path.read_bytes()
    release.touch()
    thread.join(30)
    assert b"autofix.ansible.playbook" in told
    assert SECRET.encode() not in told
    assert SECRET.encode() not in files
    assert b"AUTOFIX_RUN" not in files, "the environment was dumped"
