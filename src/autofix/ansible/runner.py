"""Running playbooks by ansible-runner: the real `PlaybookRunner`.

Each run gets a private folder and an executor process of its own, apart from the server; events
come back over a Unix socket that only Ansible's own process holds; nothing outlives the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from autofix.ansible import isolation, orders, processes
from autofix.ansible.environment import connection_variables, run_environment
from autofix.ansible.folder import RunFolder, marker, remove_leftovers
from autofix.ansible.ledger import Ledger
from autofix.ansible.live import LiveRun
from autofix.ansible.options import AnsibleOptions
from autofix.ansible.text import Redactor, inert
from autofix.ansible.verdict import Ending, judge
from autofix.core.runs import Outcome, RunEvent, RunOrder, RunResult
from autofix.errors import RunnerError
from autofix.ports import Cancel

Secrets = Callable[[str], Iterable[str]]
OnEvent = Callable[[RunEvent], None]

#: What the callback and the recipe for variables have been proven on.
OLDEST, NEWEST = (2, 18), (2, 19)


class AnsibleRunner:
    """Runs one playbook against one host per call; many calls at once, each in its own thread.

    The calling thread must live until its run has ended (it does: `run` blocks), since the kernel
    ends a run together with the thread that started it. `secrets` gives the values to strike out
    of everything that a run on this host tells.
    """

    def __init__(self, options: AnsibleOptions, secrets: Secrets | None = None) -> None:
        check_version(_installed())
        self._options = options
        self._secrets = secrets
        self._isolated = isolation.decide(options.isolation)

    def run(self, order: RunOrder, on_event: OnEvent, cancel: Cancel) -> RunResult:
        """Run to the end. RunnerError only if it can't be started, or if `on_event` raises."""
        host = orders.checked_host(order.host)
        playbook = str(orders.checked_playbook(self._options, order.playbook))
        orders.checked_timeout(order.timeout)
        variables = orders.leaf(order)
        redactor = Redactor(self._secrets(host) if self._secrets else ())
        ledger = Ledger(host, redactor, self._options.output_cap, check=order.check)
        if cancel.is_set():
            return RunResult(Outcome.CANCELLED, "cancelled before it was started")
        try:
            with RunFolder(self._options, order.run_id) as folder:
                folder.write("variables.json", variables)
                folder.write("connection.json", connection_variables(self._options))
                live = self._start(order, playbook, folder, ledger)
                ending = live.follow(on_event, cancel)
        except OSError as error:
            raise RunnerError(f"run {order.run_id} could not be started: {error}") from error
        return _result(order, ledger, ending, redactor)

    def _start(self, order: RunOrder, playbook: str, folder: RunFolder, ledger: Ledger) -> LiveRun:
        mark = marker(self._options, order.run_id)
        environment = run_environment(self._options, folder.path) | {
            processes.MARKER: mark,
            "AUTOFIX_FOLDER": str(folder.path),
            "AUTOFIX_HOST": order.host,
        }
        what = {
            "inventory": str(self._options.inventory),
            "playbook": playbook,
            "host": order.host,
            "check": order.check,
        }
        return LiveRun(
            folder,
            isolation.executor_command(self._isolated, folder.path),
            environment,
            what,
            mark=mark,
            isolated=self._isolated,
            timeout=order.timeout,
            ledger=ledger,
        )

    def end_leftovers(self, run_ids: Iterable[int]) -> Sequence[int]:
        """End what still runs of these runs, whose owner is dead, and remove their folders."""
        runs = {marker(self._options, run_id): run_id for run_id in run_ids}
        found: set[int] = set()

        def look() -> list[int]:
            alive = processes.marked(runs)
            found.update(runs[mark] for mark in alive.values())
            return list(alive)

        if runs:
            processes.end_all(look, grace=0.0, limit=5.0)
            remove_leftovers(self._options, runs.values())
        return sorted(found)


def check_version(installed: str) -> None:
    """RunnerError unless this ansible-core is one that the recipe is proven on."""
    numbers = re.match(r"(\d+)\.(\d+)", installed)
    found = (int(numbers.group(1)), int(numbers.group(2))) if numbers else (0, 0)
    if not OLDEST <= found <= NEWEST:
        raise RunnerError(
            f"ansible-core {installed} is not supported: 2.18 and 2.19 are",
            hint="install ansible-core>=2.18,<2.20 into autofix's own environment",
        )


def _installed() -> str:
    try:
        return version("ansible-core")
    except PackageNotFoundError:
        raise RunnerError(
            "ansible-core is not installed", hint="install ansible-core>=2.18,<2.20"
        ) from None


def _result(order: RunOrder, ledger: Ledger, ending: Ending, redactor: Redactor) -> RunResult:
    tally = ledger.tally
    outcome, reason = judge(tally, ending, order.host, check=order.check)
    return RunResult(
        outcome=outcome,
        reason=inert(redactor.strike(reason)),
        rc=ending.rc,
        stats=tally.stats or {},
        report=tally.report,
        truncated=ledger.truncated,
    )
