"""Many senders at once, without more work for each post than there must be.

answers = post_all(port, requests, senders=32)       # every answer: status, seconds, delivery
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`status` 0: the connection broke. `body`: JSON, where it was."""

    status: int
    seconds: float
    body: Any = None


def request(source: str, body: bytes, secret: str = "", **headers: str) -> bytes:
    """A whole request, ready to be sent."""
    lines = [
        f"POST /hooks/{source} HTTP/1.1", "Host: autofix", "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {secret}"] if secret else []),
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


def group(names: Iterable[tuple[str, str]], status: str = "firing") -> bytes:
    """Alertmanager's body: an alert for each pair of alert's name and instance."""
    alerts = [
        {"status": status, "labels": {"alertname": alert, "instance": instance, "job": "node"},
         "annotations": {"summary": f"{alert} on {instance}"},
         "startsAt": "2026-11-23T07:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
         "generatorURL": "http://prometheus/graph", "fingerprint": f"{alert}{instance}"}
        for alert, instance in names
    ]  # fmt: skip
    found = {
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status,
        "receiver": "autofix", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager", "alerts": alerts,
    }  # fmt: skip
    return json.dumps(found).encode()


def post_all(
    port: int, requests: Sequence[bytes], *, senders: int = 32, rate: float = 0.0
) -> list[Answer]:
    """Every request once. With `rate`, so many begin in a second, else one after the other."""
    return asyncio.run(_post_all(port, requests, senders, rate))


async def _post_all(
    port: int, requests: Sequence[bytes], senders: int, rate: float
) -> list[Answer]:
    began, todo = time.monotonic(), enumerate(requests)
    turns = await asyncio.gather(*(_send(port, todo, began, rate) for _ in range(senders)))
    return [answer for turn in turns for answer in turn]


async def _send(
    port: int, todo: Iterator[tuple[int, bytes]], began: float, rate: float
) -> list[Answer]:
    found: list[Answer] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, raw in todo:
        start = time.monotonic()
        if rate:
            start = began + number / rate  # late is late, whoever is to blame
            await asyncio.sleep(max(0.0, start - time.monotonic()))
        try:
            writer.write(raw)
            status, body = await _answer(reader)
        except (OSError, EOFError, asyncio.IncompleteReadError):
            status, body = 0, b""
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found.append(Answer(status, time.monotonic() - start, _json(body)))
    writer.close()
    return found


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    return int(head[9:12]), await reader.readexactly(length)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def quantile(answers: Iterable[Answer], share: float) -> float:
    times = sorted(each.seconds for each in answers)
    return times[min(len(times) - 1, int(len(times) * share))]
