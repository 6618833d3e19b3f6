"""The fake failure's world: a folder in the state folder, a host that is no host of the inventory,
a runbook and a harmless playbook. Everything else is the real flow."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autofix.ansible.options import AnsibleOptions
from autofix.config import Settings
from autofix.core.conditions import Template, parse
from autofix.core.escalation import Policy
from autofix.core.readings import Target
from autofix.core.runbooks import Attempts, Guards, ProbeTrigger, Runbook, Step, Verify
from autofix.core.synthetic import NAME
from autofix.errors import Problem
from autofix.flow.context import Book
from autofix.ports import Inventory

PLAYBOOK = "autofix_synthetic.yml"
PLAY = """\
# Made anew by autofix at each start. It takes away the file that is the fake failure.
- hosts: autofix-synthetic
  gather_facts: false
  vars:
    af: "{{ event_json | from_json }}"
  tasks:
    - name: mend the fake failure
      ansible.builtin.file:
        path: "{{ af.failure }}"
        state: absent
"""
ABOUT = "No failure: autofix breaks a file of its own and mends it, to prove that all of it works."


def folder(state: Path) -> Path:
    return state / "synthetic"


def failure(state: Path) -> Path:
    """The file that is the failure."""
    return folder(state) / "failure"


def prepare(state: Path) -> None:
    """Write the inventory and the playbook, whatever was there."""
    here = folder(state)
    for each in (here, here / "playbooks"):
        each.mkdir(mode=0o700, exist_ok=True)
    (here / "playbooks" / PLAYBOOK).write_text(PLAY)
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"ungrouped": {"hosts": {NAME: host}}}
    (here / "inventory.json").write_text(json.dumps(inventory))


def options(given: AnsibleOptions) -> AnsibleOptions:
    """For a run on the fake host: its own inventory and playbooks, all else as for any run."""
    here = folder(given.state)
    return replace(given, inventory=here / "inventory.json", playbooks=here / "playbooks")


def with_synthetic(book: Book, settings: Settings) -> Book:
    """The book with the fake host and its runbook, where the settings ask for them."""
    if not settings.synthetic.enabled:
        return book
    made = runbook(settings.state, settings.synthetic.every)
    return replace(
        book,
        runbooks={**book.runbooks, NAME: made},
        inventory=WithHost(book.inventory),
        policies={**book.policies, NAME: Policy(NAME, ())},
    )


def runbook(state: Path, every: float) -> Runbook:
    """Seen by a probe, mended by a run, proven by the probe. Nobody is called for one that fails:
    that it has not succeeded lately is told."""
    look = {"argv": ["test", "-e", str(failure(state))], "parse": "exit"}
    pace = min(max(every / 20, 1.0), 30.0)
    path = str(failure(state))
    as_it_is = Template(path, frozenset(), lambda _: path)  # a folder may be called `{{ x }}`
    step = Step(PLAYBOOK, vars={"failure": as_it_is}, timeout=300.0)
    return Runbook(
        NAME,
        "The fake incident of the synthetic check",
        (step,),
        Verify("command", parse("not ok"), within=30.0, hold=1.0, every=1.0, options=look),
        about=ABOUT,
        severity="P3",
        idempotent=True,
        triggers=(ProbeTrigger("command", NAME, parse("ok"), every=pace, options=look),),
        guards=Guards(cooldown=0.0, attempts=Attempts(max=1_000_000, per=3600.0)),
        escalate=NAME,
    )


def problems(settings: Settings, inventory: Inventory | None) -> list[Problem]:
    """The name is ours."""
    found = []
    if inventory is not None and inventory.known(NAME):
        said = f"{NAME!r} is a name of autofix's own: no host and no group may have it"
        found.append(Problem(str(settings.inventory), 0, said, "rename it"))
    if (settings.runbooks / f"{NAME}.yaml").exists():
        said = f"{NAME!r} is a name of autofix's own: no runbook may have it"
        found.append(Problem(str(settings.runbooks / f"{NAME}.yaml"), 0, said, "rename it"))
    return found


class WithHost:
    """`ports.Inventory` with one host more, which is in no group: only its own name means it."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def hosts(self, selector: str) -> list[str]:
        return [NAME] if selector == NAME else self._inventory.hosts(selector)

    def known(self, name: str) -> bool:
        return name == NAME or self._inventory.known(name)

    def groups_of(self, host: str) -> Sequence[str]:
        return () if host == NAME else self._inventory.groups_of(host)

    def target(self, host: str) -> Target:
        if host == NAME:
            return Target(NAME, "127.0.0.1", {"ansible_connection": "local"})
        return self._inventory.target(host)

    def resolve(self, alias: str) -> str | None:
        # No alert opens one.
        return self._inventory.resolve(alias)

    def host_facts(self, host: str) -> Mapping[str, Any]:
        return {"name": NAME, "groups": []} if host == NAME else self._inventory.host_facts(host)

    def secrets(self, host: str) -> Sequence[str]:
        return () if host == NAME else self._inventory.secrets(host)
