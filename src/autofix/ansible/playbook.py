"""One playbook by ansible-runner, in a process of its own below the executor.

`python -I -m autofix.ansible.playbook FOLDER PARENT`; prints one JSON line {rc, said} at its end.
Of ansible-runner its preparation and process handling are used; its events and environment are
not: host output can forge the former, and the latter would land on disk.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import ansible_runner

from autofix.ansible import processes

#: Seconds that what is left gets to end after SIGTERM once the executor is gone.
ALONE = 0.2
#: Of what ansible-playbook itself says (errors before or beside the events) kept at both ends.
HEAD, TAIL = 8_000, 8_000


class Said:
    """A pipe for stdout and stderr of which only the beginning and the end are kept."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        self._head, self._tail = b"", b""
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def _pump(self) -> None:
        while chunk := os.read(self._read, 65536):
            room = HEAD - len(self._head)
            self._head += chunk[:room]
            self._tail = (self._tail + chunk[room:])[-TAIL:]

    def text(self) -> str:
        """All of it, once the program has ended; a child that holds the pipe is not waited for."""
        os.close(self.write)
        self._thread.join(timeout=0.5)
        return (self._head + self._tail).decode(errors="replace")


def runner_config(folder: Path, order: dict[str, Any], said: Said) -> Any:
    """ansible-runner's own preparation, then our environment, program and streams instead."""
    variables = [f"@{folder / name}" for name in ("variables.json", "connection.json")]
    arguments = [word for value in variables for word in ("-e", value)]
    if order["check"]:
        arguments.append("--check")
    config = ansible_runner.RunnerConfig(
        private_data_dir=str(folder),
        ident="run",
        playbook=order["playbook"],
        inventory=order["inventory"],
        limit=order["host"],
        cmdline=shlex.join(arguments),
        quiet=True,
    )
    config.prepare()
    config.env = dict(os.environ)
    config.cwd = str(folder)
    config.command[:1] = [sys.executable, "-I", "-m", "ansible", "playbook"]
    config.runner_mode = "subprocess"
    config.output_fd = config.error_fd = said.write
    config.suppress_output_file = True
    return config


def forget_command(status: dict[str, Any], runner_config: Any) -> None:
    """ansible-runner writes command line and environment to a file before it starts: away."""
    if status["status"] == "running":
        (Path(runner_config.artifact_dir) / "command").unlink(missing_ok=True)


def end_the_rest(grace: float) -> None:
    """All that was started below this process, wherever it fled to."""
    mine = os.getpid()
    processes.end_all(lambda: processes.descendants(mine), grace=grace, limit=processes.LIMIT)


def end_with(executor: int) -> None:
    """When the executor is killed, this process takes its place in leaving nothing alive."""

    def orphaned(*_: object) -> None:
        if os.getppid() != executor:
            end_the_rest(ALONE)
            os._exit(1)

    signal.signal(signal.SIGTERM, orphaned)
    if not processes.die_with_parent(signal.SIGTERM, executor):
        os._exit(1)


def main(folder: Path, executor: int) -> int:
    processes.adopt_orphans()
    end_with(executor)
    order = json.loads((folder / "order.json").read_text())
    said = Said()
    runner = ansible_runner.Runner(
        runner_config(folder, order, said), status_handler=forget_command
    )
    runner.run()
    # Not left to the executor alone: it may be killed just then.
    end_the_rest(processes.GRACE)
    print(json.dumps({"rc": runner.rc, "said": said.text()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
