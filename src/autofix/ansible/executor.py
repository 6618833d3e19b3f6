"""The executor process: starts one run's Ansible, and leaves nothing of it alive.

`python -I -m autofix.ansible.executor FOLDER`, started by `runner.py` with a run's environment.
It ends the run when its stdin closes (the server asks, or is gone), on SIGTERM, and at the
deadline; its last word on stdout is one JSON line. Standard library only: it must be up quickly.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from autofix.ansible import processes

#: After the deadline the server ends the run; when it can't, the executor does, a little later.
LATE = 3.0
_SAID_AT_MOST = 60_000


class Executor:
    def __init__(self, folder: Path, order: dict[str, Any]) -> None:
        self.deadline = float(order["deadline"]) + LATE
        self._asked, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopped = False
        self._listen_to_signals()
        self.ansible = subprocess.Popen(
            [sys.executable, "-I", "-m", "autofix.ansible.playbook", str(folder), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            close_fds=True,
        )

    def run(self) -> dict[str, Any]:
        """Until Ansible has ended, or is to end; then until nothing is left."""
        while self.ansible.poll() is None and not self._to_end():
            processes.reap(self.ansible.pid)
        finished = self.ansible.poll() is not None
        self._end_all()
        result = self._result() if finished else {}
        return {"ended": not finished, **result}

    def _listen_to_signals(self) -> None:
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _to_end(self) -> bool:
        """Wait for something to happen; True when the run is to end."""
        left = self.deadline - time.monotonic()
        ready, _, _ = select.select([sys.stdin.fileno(), self._asked], [], [], max(left, 0))
        with contextlib.suppress(BlockingIOError):
            os.read(self._asked, 4096)
        return self._stopped or sys.stdin.fileno() in ready or left <= 0

    def _end_all(self) -> None:
        """The worker last: should this process be killed meanwhile, it ends what is left."""

        def look() -> list[int]:
            self.ansible.poll()
            processes.reap(self.ansible.pid)
            found = processes.descendants(os.getpid())
            return [pid for pid in found if pid != self.ansible.pid] or found

        processes.end_all(look, grace=processes.GRACE, limit=processes.LIMIT)

    def _result(self) -> dict[str, Any]:
        """What `playbook.py` reported: {rc, said}, or nothing if it was killed."""
        assert self.ansible.stdout is not None
        os.set_blocking(self.ansible.stdout.fileno(), False)
        said = self.ansible.stdout.read(_SAID_AT_MOST) or b""
        try:
            result = json.loads(said)
        except ValueError:
            return {}
        return result if isinstance(result, dict) else {}


def main(folder: Path) -> int:
    order = json.loads((folder / "order.json").read_text())
    processes.adopt_orphans()
    parent = int(order["parent"]) or os.getppid()  # 0: in a namespace, which ends by itself
    if not processes.die_with_parent(signal.SIGTERM, parent):
        return 1
    result = Executor(folder, order).run()
    with contextlib.suppress(BrokenPipeError):  # a dead server does not listen any more
        os.write(sys.stdout.fileno(), json.dumps(result).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
