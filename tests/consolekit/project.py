"""The files of the stage: shipped runbooks beside some of every kind that a console has to show."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """\
web: {listen: "127.0.0.1:0"}
sentinel: {enabled: false}
severities: {preset: escort}
channels:
  chat: {type: command, argv: ["/bin/true"]}
  mail: {type: command, argv: ["/bin/true"]}
policies:
  default: {channels: [chat, mail]}
connections:
  redis: {password_env: STAGE_SECRET}
sources: {prom: {type: alertmanager}}
ansible: {isolation: subreaper}
"""
DISK = """\
name: disk-full
title: A disk is nearly full
severity: P0
about: |
  A file system has **less than 5 %** left. See [the wiki](https://wiki.example.com/disk).

  1. Old logs are compressed.
  2. With an approval: packages nobody needs are removed.

      df -h
triggers:
  - {probe: host, hosts: web, every: 1m, when: disk_used_ratio > 0.95}
inputs:
  keep_days: {type: integer, default: 7, min: 1, max: 90, help: how many days of logs stay}
  mount: {type: string, default: /var, help: which file system}
  careful: {type: boolean, default: true}
fix:
  - {playbook: compress.yml, timeout: 5m, vars: {days: "{{ inputs.keep_days }}"}}
  - {playbook: purge.yml, approval: always, timeout: 5m, rollback: unpurge.yml}
verify: {probe: host, until: disk_used_ratio < 0.9, within: 20s, hold: 5s, every: 5s}
guards: {cooldown: 5m, attempts: {max: 2, per: 24h}}
"""
STUCK = """\
name: web-stuck
title: The web server does not answer
severity: P2
about: It hangs. Restarting helps.
triggers:
  - {probe: host, hosts: web, every: 1m, when: load_1 > 50}
  - {alert: WebStuck, host: instance}
fix:
  - {playbook: restart.yml, timeout: 2m}
verify: {probe: host, until: load_1 < 10, within: 20s, hold: 5s, every: 5s}
guards: {cooldown: 5m}
"""
PLAY = "- hosts: all\n  gather_facts: false\n  tasks: []\n"
HOSTS = {"redis": ("cache1", "cache2", "cache3"), "web": ("web1", "web2", "web3", "web4")}


def write(folder: Path) -> None:
    for name in ("runbooks", "playbooks", "inventory"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(ROOT / "playbooks", folder / "playbooks", dirs_exist_ok=True)
    for shipped in ("redis-memory-high",):
        shutil.copy(ROOT / "runbooks" / f"{shipped}.yaml", folder / "runbooks")
    (folder / "runbooks" / "disk-full.yaml").write_text(DISK)
    (folder / "runbooks" / "web-stuck.yaml").write_text(STUCK)
    for name in ("compress", "purge", "unpurge", "restart"):
        (folder / "playbooks" / f"{name}.yml").write_text(PLAY)
    (folder / "autofix.yaml").write_text(SETTINGS)
    lines = []
    for group, hosts in HOSTS.items():
        lines += [f"{group}:", "  hosts:"]
        lines += [f"    {host}: {{ansible_connection: local}}" for host in hosts]
    (folder / "inventory" / "hosts.yml").write_text("\n".join(lines) + "\n")
