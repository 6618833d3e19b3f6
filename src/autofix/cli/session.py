"""What a command needs to begin: the project, and who is asking."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import click

from autofix.app.site import Site


def site() -> Site:
    """The project of this command: `-C DIR`, or here or above."""
    return Site.open(given_project() or Path.cwd())


def given_project() -> Path | None:
    options = click.get_current_context().find_root().obj or {}
    project: Path | None = options.get("project")
    return project


def actor() -> str:
    """The person at the terminal: the login name; behind sudo, who called it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} (sudo)" if name == "root" and behind and behind != "root" else name
