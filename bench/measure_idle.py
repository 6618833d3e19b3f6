"""What the idle server costs: memory and CPU with 50 probes every 30 s."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Row
from bench.measure_reaction import served
from bench.site import build

HOSTS, SECONDS = 50, 60.0
RUNBOOK = """\
name: redis-watch
title: Redis memory above 90 %
triggers:
  - {probe: redis, hosts: web, every: 30s, when: used_memory_ratio > 0.9}
fix:
  - {playbook: touch.yml}
verify: {probe: redis, until: used_memory_ratio < 0.85}
"""
TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, _redis(Path(name)) as port:
        folder = Path(name) / "site"
        folder.mkdir()
        build(
            folder, hosts=HOSTS, more=f"redis_host: 127.0.0.1, redis_port: {port}", runbook=RUNBOOK
        )
        with served(folder) as server:
            time.sleep(35)  # the first round of looks is over
            pids = _family(server.pid)
            before, began = _cpu(pids), time.monotonic()
            time.sleep(SECONDS)
            used = (_cpu(pids) - before) / (time.monotonic() - began)
            memory = sum(_pss(pid) for pid in _family(server.pid))
    yield Row(
        "idle server, 50 probes / 30 s: memory",
        memory / 1024,
        "MB",
        "< 150 MB",
        "PSS, all its processes",
    )
    yield Row(
        "idle server, 50 probes / 30 s: CPU",
        used * 100,
        "% of a core",
        "< 2 %",
        f"over {SECONDS:.0f} s",
    )


class _redis:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> int:
        import socket

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        self._child = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--maxmemory", "50mb",
             "--save", "", "--dir", str(self._folder)], stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return port

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(10)


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _cpu(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def _pss(pid: int) -> int:
    """Kilobytes, shared pages counted by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
