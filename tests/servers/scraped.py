"""A real Prometheus that scrapes one exporter of the test's, in which each host has a page.

with scraped(tmp_path / "prometheus", {"h1:9100": file, ...}) as url:
    ...                                   # the probe asks at this URL

The page of a host is the number that stands in its file, as the metric `demo_fill`.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from servers.http import Answer, Asked, http_server

STARTS_WITHIN = 60.0
TEXT = "text/plain; version=0.0.4"


@contextmanager
def scraped(folder: Path, pages: Mapping[str, Path]) -> Iterator[str]:
    """`pages`: by the label `instance`, the file of its number. Scraped twice a second."""
    if shutil.which("prometheus") is None:
        raise RuntimeError("Prometheus is not installed here: run tools/setup.sh test")
    names = list(pages)

    def page(asked: Asked) -> Answer:
        file = pages[names[int(asked.path.removeprefix("/"))]]
        text = f"# TYPE demo_fill gauge\ndemo_fill {file.read_text().strip()}\n"
        return Answer(body=text.encode(), headers={"Content-Type": TEXT})

    with http_server(page) as exporter:
        at = f"127.0.0.1:{exporter.port}"
        jobs = [
            {"targets": [at], "labels": {"instance": name, "__metrics_path__": f"/{number}"}}
            for number, name in enumerate(names)
        ]
        with _prometheus(folder, jobs) as url:
            yield url


@contextmanager
def _prometheus(folder: Path, jobs: list[dict[str, object]]) -> Iterator[str]:
    folder.mkdir()
    config = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "400ms"},
        "scrape_configs": [{"job_name": "demo", "static_configs": jobs}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{free.getsockname()[1]}"
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            # A test process that is killed takes its server with it.
            ["setpriv", "--pdeathsig", "KILL", "prometheus",
             f"--config.file={folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={at}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        _ready(f"http://{at}/-/ready", child, folder / "log")
        yield f"http://{at}"
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _ready(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            said = log.read_text(errors="replace")[-2000:]
            assert child.poll() is None, f"prometheus ended: {said}"
            assert time.monotonic() < deadline, f"prometheus is not ready: {said}"
            time.sleep(0.1)


def queries(url: str) -> int:
    """How many instant queries this Prometheus has answered."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    name = r'^prometheus_http_requests_total\{code="200",handler="/api/v1/query"\} (\S+)'
    found = re.search(name, text, re.M)
    return int(float(found[1])) if found else 0
