"""Many runs at once never see anything of each other: variables, events, reports, folders."""

import threading

import pytest

from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import Outcome
from servers.site import Site

TELL = """
- name: "task {{ (event_json | from_json).canary }}"
  command: echo "{{ (event_json | from_json).canary }}"
- set_stats: {data: {autofix_report: {canary: "{{ (event_json | from_json).canary }}"}}}
"""


def hosts(count):
    lines = [f"    host{n}: {{}}\n" for n in range(count)]
    return (
        "all:\n  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}\n"
        "  hosts:\n" + "".join(lines)
    )


@pytest.mark.parametrize(
    "count", [10, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
def test_runs_at_once_do_not_mix(tmp_path, count):
    site = Site(tmp_path, hosts=hosts(count))
    site.tasks(TELL)
    runner = AnsibleRunner(site.options)
    events = {number: [] for number in range(count)}
    results = {}

    def run(number):
        order = site.order(
            run_id=number,
            host=f"host{number}",
            variables={"canary": f"canary-{number}-end"},
            timeout=600.0,
        )
        results[number] = runner.run(order, events[number].append, threading.Event())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(count):
        mine = f"canary-{number}-end"
        assert results[number].outcome == Outcome.OK, results[number]
        assert results[number].report == {"canary": mine}
        assert list(results[number].stats) == [f"host{number}"]
        told = [event.text + event.task for event in events[number] if "canary-" in repr(event)]
        assert len(told) >= 3
        assert all(mine in text and text.count("canary-") == text.count(mine) for text in told)
    assert site.left_in_runs() == []
