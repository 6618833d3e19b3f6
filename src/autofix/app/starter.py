"""A new project: what is missing is added from the shipped files, nothing is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from autofix.app.sandbox import shipped
from autofix.errors import StoreError, UsageError

SETTINGS = """\
# The settings of this autofix project. Every key: docs/settings.md; check: autofix check
#
# channels:                      # ways to page a person
#   ops-mail: {type: email, host: localhost, from: autofix@example.com, to: [ops@example.com]}
#   ops-chat: {type: slack, url_env: SLACK_WEBHOOK}
# policies:                      # who is paged, again and again until somebody acknowledges
#   default: {channels: [ops-chat, ops-mail]}          # by mail when the chat fails
#   dba: {levels: [{channels: [ops-chat], wait: 10m}, {channels: [ops-mail]}]}
#
# connections:                   # for probes, where the inventory does not say it
#   redis: {password_env: REDIS_PASSWORD}
#   mysql: {user: autofix, password_env: MYSQL_PASSWORD}
# sources:                       # who may post alerts to https://…/hooks/<name>: docs/alerts.md
#   prometheus: {type: alertmanager, auth: bearer, secret_env: ALERTMANAGER_SECRET}
channels:
  local-mail: {type: email, host: localhost, from: autofix@localhost, to: [root@localhost]}
policies:
  default: {channels: [local-mail]}
synthetic: {enabled: true}       # a fake incident every hour proves that all of it works
# heartbeat: {url_env: HEARTBEAT_URL}    # an outside switch that notices when this machine dies
#
# timezone: Europe/Berlin
# severities: {preset: escort}   # deadlines for an answer, a workaround, a solution; or: mall, none
# calendars:                     # when people work: deadlines and `hours` of runbooks count on it
#   business: {hours: {mon-fri: "09:00-18:00"}, holidays: [2026-12-25]}
# freezes:                       # nothing is done by itself, and a person is called
#   - {from: 2026-12-23 18:00, until: 2027-01-02, reason: "the year's end"}
# limits: {runs_per_hour: 60, hosts_at_once: 10, percent_of_group: 30%}      # as they are anyway
# public_url: https://autofix.example.com      # pages then carry a link to acknowledge by
# audit: {witnesses: [{type: syslog, address: "logs.example.com:514"}]}      # off this machine
"""
INVENTORY = """\
# An Ansible inventory. The groups redis and mysql are the ones the shipped runbooks look at;
# a runbook is armed for the hosts of its group, and for nobody while the group is empty.
redis:
  hosts: {}
  #  cache1: {ansible_host: 10.0.0.5, redis_port: 6379}
mysql:
  hosts: {}
  #  db2: {ansible_host: 10.0.0.9, mysql_user: autofix}
"""
IGNORED = ".autofix/\n"


def add_missing(folder: Path) -> tuple[list[str], list[str]]:
    """(added, kept) as paths relative to the folder."""
    wanted = {
        "autofix.yaml": SETTINGS, "inventory/hosts.yml": INVENTORY, ".gitignore": IGNORED,
    }  # fmt: skip
    for name in ("playbooks", "runbooks"):
        base = shipped(name)
        for file in sorted(base.rglob("*")):
            if file.is_file() and file.suffix in (".yml", ".yaml"):
                wanted[f"{name}/{file.relative_to(base)}"] = file.read_text()
    added: list[str] = []
    kept: list[str] = []
    try:
        for name, text in wanted.items():
            (added if _add(folder / name, text) else kept).append(name)
    except OSError as error:
        raise UsageError(f"{error.filename} can't be written: {error.strerror}") from error
    return added, kept


def _add(file: Path, text: str) -> bool:
    """False when something of this name is there, whatever it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as out:
        out.write(text)
    return True


def first_key(folder: Path) -> tuple[str, str, Path] | None:
    """Make the key that seals the record, unless the project has one or had one: its fingerprint,
    its public half as text, and where it lies. A record that is there is sealed with it."""
    from autofix.app import audit_keys, record
    from autofix.app.site import Site

    site = Site.open(folder)
    try:
        if site.settings.errors or not audit_keys.first_time(site):
            return None
        audit_keys.make_key(site.settings)
        if audit_keys.has_store(site.settings):
            record.begin(site, site.context("init"))
        name, text = audit_keys.public_half(site.settings)
        return name, text, audit_keys.keys(site.settings).folder
    except StoreError:
        return None  # the first `serve` makes it, and says so
    finally:
        site.close()
