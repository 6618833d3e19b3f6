"""A stand-in for the server process: runs one playbook several times at once, until killed.

`python run_server.py SITE ISOLATION COUNT TIMEOUT`
"""

import sys
import threading
from pathlib import Path

from autofix.ansible.options import AnsibleOptions
from autofix.ansible.runner import AnsibleRunner
from autofix.core.runs import RunOrder


def main(site: Path, isolation: str, count: int, timeout: float) -> None:
    options = AnsibleOptions(
        site / "inventory", site / "playbooks", site / "state", isolation=isolation
    )
    runner = AnsibleRunner(options)

    def run(number: int) -> None:
        order = RunOrder(number, "play.yml", "web1", {}, timeout)
        runner.run(order, lambda event: None, threading.Event())

    threads = [threading.Thread(target=run, args=(n + 1,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
