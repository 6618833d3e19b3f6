"""Can the hosts be reached as a run would reach them? One look at all of them by Ansible itself.

With a run's environment: its known_hosts, its keys, its vault password, and Python on the target.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence

from autofix.ansible.environment import connection_variables
from autofix.ansible.inventory_process import run_child
from autofix.ansible.ledger import HOST_KEY_TROUBLE
from autofix.ansible.options import AnsibleOptions
from autofix.ansible.orders import checked_host
from autofix.core.inert import inert
from autofix.errors import ConfigError

#: How many hosts are tried at a time, and seconds for Ansible's own start.
AT_ONCE, START = 10, 30.0
_LINE = re.compile(
    r"^([A-Za-z0-9_.-]+) \| (SUCCESS|CHANGED|UNREACHABLE!|FAILED!?)[^:=]*(?:=>|:)(.*)$"
)
_NO_PYTHON = re.compile(
    r"python[0-9.]*: (command )?not found|No such file or directory|interpreter"
)


def reach(options: AnsibleOptions, hosts: Sequence[str], *, timeout: float) -> Mapping[str, str]:
    """What is wrong with each host, in a line; empty for those that a run can work on."""
    names = [checked_host(host) for host in hosts]
    if not names:
        return {}
    rounds = math.ceil(len(names) / AT_ONCE)
    command = [
        sys.executable, "-I", "-m", "ansible", "adhoc", "-i", str(options.inventory),
        "-m", "ansible.builtin.ping", "-o", "-f", str(AT_ONCE), "-T", f"{timeout:.0f}",
        "-e", json.dumps(connection_variables(options)), ",".join(names),
    ]  # fmt: skip
    limit = START + rounds * (2 * timeout + 5)
    try:
        _, out, err = run_child(options, command, "", timeout=limit, file=str(options.inventory))
    except ConfigError as error:
        return dict.fromkeys(names, error.problems[0].message)
    found = _read(out)
    why = inert(err.strip().splitlines()[-1], 300) if err.strip() else "Ansible did not say"
    return {name: found.get(name, f"nothing is known of it: {why}") for name in names}


def _read(out: str) -> dict[str, str]:
    found = {}
    for line in out.splitlines():
        if match := _LINE.match(line):
            host, state, rest = match.groups()
            found[host] = "" if state in ("SUCCESS", "CHANGED") else _why(rest)
    return found


def _why(text: str) -> str:
    for mark, words in HOST_KEY_TROUBLE.items():
        if mark in text:
            return words
    said = _message(text).removeprefix("Task failed: ")
    if _NO_PYTHON.search(said):
        return f"no Python that a run could use: {said}"
    return said


def _message(text: str) -> str:
    """The words of Ansible's answer, which is JSON where the host could be asked at all."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict):
        parts = [str(value[key]) for key in ("msg", "module_stderr") if value.get(key)]
        text = ": ".join(parts) or text
    return inert(" ".join(text.replace("\\r\\n", " ").split()), 300)
