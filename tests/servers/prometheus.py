"""Real Prometheus, Alertmanager and the exporter of Redis, as children in a folder of the test's.

with Monitoring(tmp_path, autofix="127.0.0.1:8420", secret=SECRET) as monitoring:
    monitoring.exporter(redis)
    monitoring.alertmanager()               # a second call makes a pair
    monitoring.prometheus(rules)

Alertmanager runs with contrib's own file: only its addresses and times are the test's.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from servers.http import HttpServer
from servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[2]
CONTRIB = ROOT / "contrib" / "prometheus"
PATIENCE = 60.0
#: Contrib's times, and what a test waits for instead.
SHORT = {"5s": "100ms", "30s": "1s", "5m": "1s"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Monitoring:
    """`waits`: how long an alert stands before people are called (contrib: 15m)."""

    def __init__(
        self, folder: Path, autofix: str, secret: str, *, waits: str = "15m",
        times: Mapping[str, str] = SHORT,
    ) -> None:  # fmt: skip
        folder.mkdir()
        self.folder, self.people = folder, HttpServer()
        self.alertmanagers: list[str] = []
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._scraped: list[dict[str, Any]] = []
        (folder / "secret").write_text(secret)
        self._config = folder / "alertmanager.yml"
        self._config.write_text(yaml.safe_dump(self._routes(autofix, {**times, "15m": waits})))

    def _routes(self, autofix: str, times: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((CONTRIB / "alertmanager.yml").read_text())
        for route in (found["route"], *found["route"]["routes"]):
            for key in ("group_wait", "group_interval"):
                route[key] = times.get(route[key], route[key])
        ours, people = found["receivers"]
        webhook = ours["webhook_configs"][0]
        path = webhook["url"].partition("/hooks/")[2]
        webhook["url"] = f"http://{autofix}/hooks/{path}"
        webhook["http_config"]["authorization"]["credentials_file"] = str(self.folder / "secret")
        people.clear()
        people |= {"name": "people", "webhook_configs": [{"url": self.people.url}]}
        return found

    # the programs

    def exporter(self, redis: RedisServer) -> None:
        at = f"127.0.0.1:{free_port()}"
        password = ["--redis.password", redis.password] if redis.password else []
        self._start(
            "prometheus-redis-exporter", f"--redis.addr=redis://127.0.0.1:{redis.port}", *password,
            f"--web.listen-address={at}",
        )  # fmt: skip
        self.wait_for(lambda: b"redis_up 1" in get(f"http://{at}/metrics"))
        self._scraped.append({"job_name": "redis", "static_configs": [{"targets": [at]}]})

    def alertmanager(self) -> str:
        """One more, which knows nothing of the others. Its address."""
        at = f"127.0.0.1:{free_port()}"
        self._start(
            "prometheus-alertmanager", f"--config.file={self._config}", "--cluster.listen-address=",
            f"--storage.path={self.folder / f'alertmanager-{len(self.alertmanagers)}'}",
            f"--web.listen-address={at}",
        )  # fmt: skip
        self.wait_for(lambda: get(f"http://{at}/-/ready"))
        self.alertmanagers.append(at)
        return at

    def prometheus(self, rules: str) -> None:
        """Scrapes the exporters and posts to every Alertmanager, each second."""
        (self.folder / "rules.yml").write_text(rules)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(self.folder / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": self.alertmanagers}]}]},
            "scrape_configs": self._scraped,
        }
        file, at = self.folder / "prometheus.yml", f"127.0.0.1:{free_port()}"
        file.write_text(yaml.safe_dump(config))
        self._start(
            "prometheus", f"--config.file={file}", f"--storage.tsdb.path={self.folder / 'tsdb'}",
            # What fires before it knows its Alertmanagers is said again, by itself after a minute.
            f"--web.listen-address={at}", "--rules.alert.resend-delay=1s",
        )  # fmt: skip
        self.wait_for(lambda: get(f"http://{at}/-/ready"))

    def post(self, name: str, *, over: bool = False) -> None:
        """An alert with the label that sends it to autofix, by no Prometheus."""
        ends = {"endsAt": datetime.now(UTC).isoformat()} if over else {}
        alert = {"labels": {"alertname": name, "autofix": "yes"}, **ends}
        for at in self.alertmanagers:
            get(f"http://{at}/api/v2/alerts", json.dumps([alert]).encode())

    # what they say

    def groups(self, receiver: str) -> list[dict[str, Any]]:
        """The groups that Alertmanagers hold for this receiver, waiting ones too."""
        return [
            group
            for at in self.alertmanagers
            for group in json.loads(get(f"http://{at}/api/v2/alerts/groups"))
            if group["receiver"]["name"] == receiver
        ]

    def failures(self) -> float:
        """How often an Alertmanager could not post."""
        lines = [
            line
            for at in self.alertmanagers
            for line in get(f"http://{at}/metrics").decode().splitlines()
        ]
        name = 'alertmanager_notification_requests_failed_total{integration="webhook"}'
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def called(self) -> list[dict[str, Any]]:
        """What people got."""
        return [json.loads(asked.body) for asked in self.people.asked]

    def wait_for(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if found := condition():
                    return found
            except OSError:
                pass  # it does not listen yet
            for name, child in self._children:
                assert child.poll() is None, f"{name} ended: {self._said(name)}"
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s; {self._said()}")

    def _said(self, name: str = "") -> str:
        logs = sorted(self.folder.glob(f"{name}*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in logs)

    def _start(self, program: str, *options: str) -> None:
        name = f"{program}-{len(self._children)}"
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                [program, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._children.append((name, child))

    def __enter__(self) -> Monitoring:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, child in self._children:
            child.terminate()
        for _, child in self._children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.people.close()


def get(url: str, body: bytes | None = None) -> bytes:
    """What is there; with a body it is posted as JSON."""
    asked = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(asked, timeout=5) as answer:
        found: bytes = answer.read()
    return found
