"""What a command needs to begin: the project, and who is asking."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autofix.app.site import Site
from autofix.core.inert import inert
from autofix.errors import UsageError
from autofix.options import suggest

if TYPE_CHECKING:
    from autofix.ansible.inventory import AnsibleInventory


def site() -> Site:
    """The project of this command: `-C DIR`, or here or above."""
    given = given_project()
    if given is not None and not given.exists():
        raise UsageError(f"there is no folder {given}", hint="-C names the folder of autofix.yaml")
    found = Site.open(given or Path.cwd())
    click.get_current_context().find_root().call_on_close(found.close)
    return found


def given_project() -> Path | None:
    options = click.get_current_context().find_root().obj or {}
    project: Path | None = options.get("project")
    return project


def known_host(inventory: AnsibleInventory, name: str) -> str:
    """This host, or UsageError with what may be meant. A group is no host."""
    if inventory.known(name) and inventory.hosts(name) == [name]:
        return name
    said = "a group, not a host" if inventory.known(name) else "not a host of the inventory"
    hint = suggest(name, sorted(inventory.names())) or "names are compared exactly"
    raise UsageError(f"{inert(name)!r} is {said}", hint=hint)


def actor() -> str:
    """The person at the terminal: the login name; behind sudo, who called it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} (sudo)" if name == "root" and behind and behind != "root" else name
