"""What a command needs to begin: the project, and who is asking."""

from __future__ import annotations

import grp
import os
import pwd
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autofix.app.site import Site
from autofix.core.identities import BEHIND_ROOT, login
from autofix.core.inert import inert
from autofix.errors import UsageError
from autofix.options import hosts_of, suggest

if TYPE_CHECKING:
    from autofix.ansible.inventory import AnsibleInventory


def site() -> Site:
    """The project of this command: `-C DIR`, or here or above. The same one each time.

    UsageError when the command was sent to a server: there is no project to look at then.
    """
    kept = options()
    if "site" not in kept:
        _only_here()
        kept["site"] = _opened()
    found: Site = kept["site"]
    return found


def _opened() -> Site:
    given = given_project()
    if given is not None and not given.exists():
        raise UsageError(f"there is no folder {given}", hint="-C names the folder of autofix.yaml")
    found = Site.open(given or Path.cwd())
    click.get_current_context().find_root().call_on_close(found.close)
    return found


def _only_here() -> None:
    if server_given():
        command = click.get_current_context().command_path
        raise UsageError(
            f"`{command}` works where the server runs, not with --server {server_given()}",
            hint="leave --server and AUTOFIX_SERVER away",
        )


def options() -> dict[str, Any]:
    """What was given before the command's name, and what was made of it."""
    root = click.get_current_context().find_root()
    root.obj = root.obj if root.obj is not None else {}
    found: dict[str, Any] = root.obj
    return found


def given_project() -> Path | None:
    project: Path | None = options().get("project")
    return project


def server_given() -> str:
    """The URL of --server or AUTOFIX_SERVER; empty when the work is here."""
    return inert(options().get("server") or "", 200)


def known_host(inventory: AnsibleInventory, name: str) -> str:
    """This host, or UsageError with what may be meant. A group is no host."""
    if inventory.known(name) and inventory.hosts(name) == [name]:
        return name
    group = inventory.known(name)
    said = "a group, not a host" if group else "not a host of the inventory"
    known = suggest(name, sorted(inventory.names())) or "names are compared exactly"
    hint = hosts_of(inventory.hosts(name)) if group else known
    raise UsageError(f"{inert(name)!r} is {said}", hint=hint)


def known_group(inventory: AnsibleInventory, name: str) -> str:
    """This group, or UsageError with what may be meant. A host is no group."""
    groups = inventory.table.groups()
    if name in groups:
        return name
    said = "a host, not a group" if inventory.known(name) else "not a group of the inventory"
    hint = suggest(name, sorted(groups)) or "names are compared exactly"
    raise UsageError(f"{inert(name)!r} is {said}", hint=hint)


def known_runbook(here: Site, name: str) -> str:
    """This runbook, broken or not, or UsageError. None at all is fine."""
    known = sorted({each.name for each in here.project().files}) if name else []
    if name and name not in known:
        hint = suggest(name, known) or "names are compared exactly"
        raise UsageError(f"there is no runbook {inert(name)!r}", hint=hint)
    return name


def groups_of_actor() -> list[str]:
    """The groups of the person at the terminal; behind sudo, of who called it."""
    name = login(actor())
    try:
        own = pwd.getpwnam(name)
        numbers = os.getgrouplist(name, own.pw_gid)
    except (KeyError, OSError):
        return []
    found = []
    for number in numbers:
        with suppress(KeyError):
            found.append(grp.getgrgid(number).gr_name)
    return found


def actor() -> str:
    """The person at the terminal: the login name; behind sudo, who called it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind}{BEHIND_ROOT}" if name == "root" and behind and behind != "root" else name
