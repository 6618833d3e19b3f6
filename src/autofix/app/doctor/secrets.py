"""Who else could read or change what only the service may: rights of files and folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from autofix.app.doctor.finding import Finding, fail, ok
from autofix.app.doctor.patient import Patient
from autofix.core.inert import names_a_secret

NAME = "permissions"


def permissions(patient: Patient) -> Iterator[Finding]:
    """State 0700, store and keys for their owner only, nothing of the project for others to
    change, and no settings with secrets that everybody can read."""
    found = [*_private(patient), *_unchangeable(patient), *_settings(patient)]
    yield from found
    if not found:
        yield ok(NAME, "state, keys and secrets are for the service's user only")


def _private(patient: Patient) -> Iterator[Finding]:
    settings = patient.settings
    named = (settings.ansible.private_key, settings.ansible.vault_password_file)
    inside = [*sorted(patient.state.glob("*")), *sorted(patient.state.glob("keys/*.key"))]
    for path in [patient.state, *inside, *settings.secret_files, *filter(None, named)]:
        mode = _mode(path)
        if mode & 0o077 and not _is_socket(path):
            right = "700" if path.is_dir() else "600"
            others = "everybody" if mode & 0o007 else "its group"
            yield fail(NAME, f"{path} is open to {others} ({mode:04o})", f"chmod {right} {path}")


def _unchangeable(patient: Patient) -> Iterator[Finding]:
    """Whoever can change a playbook is root on every host."""
    settings = patient.settings
    folders = (settings.playbooks, settings.runbooks, settings.inventory, settings.folder)
    for path in dict.fromkeys((settings.file, *folders, *settings.playbooks.glob("*"))):
        if _mode(path) & 0o002 and not path.is_symlink():
            yield fail(NAME, f"{path}: everybody may change it", f"chmod o-w {path}")


def _settings(patient: Patient) -> Iterator[Finding]:
    written = _plain_secrets(patient.settings.document.value)
    mode = _mode(patient.settings.file)
    if written and mode & 0o004:
        said = f"{patient.settings.file} holds a secret ({written}) that everybody can read"
        yield fail(NAME, said, f"chmod o-r {patient.settings.file}, or write {written}_file")


def _plain_secrets(value: object, name: str = "") -> str:
    """The first key that holds a secret as plain text; empty when there is none."""
    if isinstance(value, dict):
        for key, each in value.items():
            if found := _plain_secrets(each, str(key)):
                return found
    elif isinstance(value, list):
        return next(filter(None, (_plain_secrets(each, name) for each in value)), "")
    elif isinstance(value, str) and names_a_secret(name) and not name.endswith(("_env", "_file")):
        return name
    return ""


def _mode(path: Path) -> int:
    """Its rights; 0 when it is not there, which is another check's matter."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False
