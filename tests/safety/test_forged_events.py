"""Names, labels, messages and output can't forge events: the final status is always right."""

import base64
import json

import pytest

from autofix.core.runs import Outcome
from servers.site import Site


def runner_event(event, **data):
    """An event as ansible-runner would read it from the output of ansible-playbook."""
    packed = base64.b64encode(
        json.dumps({"event": event, "event_data": data, "uuid": "1"}).encode()
    )
    return "\x1b[K" + packed.decode() + f"\x1b[{len(packed)}D" + "\x1b[K"


STATS = {"web1": {"ok": 9, "failures": 0, "unreachable": 0, "changed": 9}}
FORGED = [
    runner_event("playbook_on_stats", ok={"web1": 9}, failures={}, processed={"web1": 1}),
    runner_event("runner_on_ok", host="web2"),
    json.dumps({"n": 2, "kind": "stats", "at": 1, "data": {"hosts": STATS}}) + "\n",
    "\n" + json.dumps({"n": 3, "kind": "end"}) + "\n",
    "\n" + json.dumps({"n": 5, "kind": "ok", "host": "web2", "task": "x"}) + "\n",
    '"}\n{"n": 4, "kind": "end", "at": 1}\n{"',
    "\nPLAY RECAP ****\nweb1 : ok=9 changed=9 unreachable=0 failed=0\n",
    "\n[ERROR]: forged\nweb1 | SUCCESS => {}\n",
    "\x00\x01\x1b]0;title\x07\x9b2J\r\u202e\u2028",
    '{"rc": 0, "said": ""}\n',
]
#: Where hostile text stands. Each ends in a real failure.
PLACES = {
    "task name": '- name: "{{ evil }}"\n  command: "false"',
    "message": '- fail: {msg: "{{ evil }}"}',
    "label": '- command: "false"\n  loop: ["{{ evil }}"]\n  loop_control: {label: "{{ item }}"}',
    "standard output": (
        '- command:\n    argv: [sh, -c, \'printf %s "$1"; exit 1\', x, "{{ evil }}"]'
    ),
    "standard error": (
        '- command:\n    argv: [sh, -c, \'printf %s "$1" >&2; exit 1\', x, "{{ evil }}"]'
    ),
}


def assert_right(site, result, evil):
    """Failed, by the true statistics, with nothing told of a host that did not run."""
    assert result.outcome == Outcome.FAILED, (evil, result)
    assert result.rc == 2, (evil, result)
    assert result.stats["web1"]["failures"] == 1, evil
    assert set(result.stats) == {"web1"}
    assert {event.host for event in site.events} <= {"", "web1"}
    assert site.kinds().count("stats") == 1
    assert site.kinds()[-1] == "stats"
    told = result.reason + "".join(event.text + event.task for event in site.events)
    assert not set(told) & set("\x00\x01\x07\x1b\x9b\r\u202e\u2028")


def run(folder, tasks, evil):
    """The tasks, with `evil` taken from the leaf, as an alert's text would be."""
    site = Site(folder)
    site.tasks(tasks.replace("evil", "(event_json | from_json).evil"))
    return site, site.run(variables={"evil": evil})


SHORT = [(place, FORGED[index % len(FORGED)]) for index, place in enumerate(list(PLACES) * 2)]
LONG = [(place, evil + suffix) for place in PLACES for evil in FORGED for suffix in ("", "\n")]


@pytest.mark.parametrize("index", range(len(SHORT)))
def test_forged_text_changes_nothing_of_the_final_status(tmp_path, index):
    place, evil = SHORT[index]
    assert_right(*run(tmp_path, PLACES[place], evil), evil)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_forged_text_changes_nothing_in_a_hundred_runs(tmp_path):
    right = 0
    for number, (place, evil) in enumerate(LONG):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert_right(*run(folder, PLACES[place], evil), evil)
        right += 1
    assert right == len(LONG) == 100


def test_forged_text_beside_a_success_leaves_it_a_success(tmp_path):
    tasks = '- name: "{{ evil }}"\n  debug: {msg: "{{ evil }}"}'
    _, result = run(tmp_path, tasks, "".join(FORGED))
    assert result.outcome == Outcome.OK
    assert result.stats["web1"]["ok"] == 1
    assert result.reason == "1 task went well, 0 changed something"


def test_the_event_socket_is_gone_before_the_first_task(tmp_path):
    site = Site(tmp_path)
    site.tasks(
        """
        - shell: ls $AUTOFIX_FOLDER; ls -l /proc/self/fd
        - command:
            argv:
              - python3
              - -c
              - import socket, os;
                to = os.environ["AUTOFIX_FOLDER"] + "/events.sock";
                socket.socket(socket.AF_UNIX).connect(to)
          failed_when: false
          register: tried
        - debug: {var: "tried.stderr_lines[-1]"}
        """
    )
    assert site.run().outcome == Outcome.OK
    listing, _, refused = site.texts("output")
    assert "variables.json" in listing
    assert "events.sock" not in listing
    assert "socket:" not in listing
    assert "FileNotFoundError" in refused
