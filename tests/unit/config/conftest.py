"""A small project in a temporary folder, with fake probes, channels and inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from autofix.config import Outside, Project, Settings, load, load_settings
from autofix.core.readings import Fact, Reading, Target
from autofix.options import Duration, Options, Secret, faults
from autofix.testing.inventory import FakeInventory

SETTINGS = """\
channels:
  mail: {type: mail, to: ops@example.com, password: hunter2}
  chat: {type: mail, to: chat@example.com}
policies:
  default: {channels: [mail, chat]}
"""
RUNBOOK = """\
name: redis-full
title: Redis is full
triggers:
  - probe: redis
    hosts: redis
    when: used_memory_ratio > 0.9
    for: 1m
inputs:
  target: {type: number, default: 0.8, min: 0.1, max: 0.95}
fix:
  - playbook: evict.yml
    vars: {target: "{{ inputs.target }}"}
verify:
  probe: redis
  until: used_memory_ratio < 0.85
"""


class MailOptions(Options):
    to: str
    password: Secret | None = None
    timeout: Duration = 5.0


class ProbeOptions(Options):
    port: int = 6379


@dataclass
class FakeProbe:
    name: str
    facts: Mapping[str, Fact]
    open_ended: bool = False

    def options_schema(self) -> Mapping[str, Any]:
        return ProbeOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return [f"{one.message} {one.hint}".strip() for one in faults(ProbeOptions, options)]

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        return [Reading.unseen(target.host, now, "a fake")]


def _facts(*names: str) -> dict[str, Fact]:
    return {name: Fact(name, "number", name) for name in names}


def check_cron(text: str) -> str:
    return "" if len(text.split()) == 5 else f"{text!r} has not five fields"


OUTSIDE = Outside(
    probes={
        "redis": FakeProbe("redis", _facts("used_memory_ratio", "aof_enabled", "port")),
        "command": FakeProbe("command", {}, open_ended=True),
    },
    channels={"mail": MailOptions},
    inventory=FakeInventory({"redis": {"redis1": {}}, "empty": {}}),
    check_cron=check_cron,
    environ={"MAIL_PASSWORD": "from-env"},
)


@dataclass
class Site:
    """A project on disk; `says` gives its problems without the folder before them."""

    folder: Path
    outside: Outside = field(default=OUTSIDE)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def settings(self) -> Settings:
        return load_settings(
            self.folder,
            channels=self.outside.channels,
            probes=list(self.outside.probes),
            witnesses=self.outside.witnesses,
            decrypt=self.outside.decrypt,
            keeper=self.outside.keeper,
            environ=self.outside.environ,
        )

    def load(self) -> Project:
        return load(self.folder, self.outside)

    def with_(self, **changes: Any) -> Site:
        return Site(self.folder, replace(self.outside, **changes))

    def words(self, problems: Sequence[object]) -> list[str]:
        return [str(one).replace(f"{self.folder}/", "") for one in problems]

    def errors(self) -> list[str]:
        return self.words(self.load().errors)

    def warnings(self) -> list[str]:
        return self.words(self.load().warnings)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A project without a fault."""
    made = Site(tmp_path)
    made.write("autofix.yaml", SETTINGS)
    made.write("runbooks/redis.yaml", RUNBOOK)
    made.write("playbooks/evict.yml", "- hosts: all\n")
    return made


@pytest.fixture
def runbook_text() -> str:
    return RUNBOOK
