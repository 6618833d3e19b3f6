"""The files that make an inventory: have they changed, is a program among them, which line?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from autofix.ansible.options import AnsibleOptions

#: Path, change time (ns), size, inode and mode of every file.
Fingerprint = tuple[tuple[str, int, int, int, int], ...]

_VARS = ("group_vars", "host_vars")
_PLUGIN = re.compile(rb"^plugin\s*:", re.M)
_HEAD = 4096
_BIGGEST = 1024 * 1024  # of a file that is searched for a line


def fingerprint(options: AnsibleOptions) -> Fingerprint:
    """Changes whenever a file that Ansible reads for the inventory does.

    What templates look up elsewhere (`lookup('file', …)`) is not seen.
    """
    roots = [options.inventory, *(options.playbooks / name for name in _VARS)]
    if options.inventory.is_file():
        roots += [options.inventory.parent / name for name in _VARS]
    files = {path for root in roots for path in _files(root)}
    files |= {path for path in (options.vault_password_file, options.config) if path}
    return tuple(sorted(filter(None, map(_state, files))))


def is_dynamic(source: Path) -> bool:
    """Is a program, or a plugin that asks elsewhere, part of this inventory?"""
    return any(
        not set(_VARS) & set(path.parts) and (os.access(path, os.X_OK) or _names_a_plugin(path))
        for path in _files(source)
    )


def locate(source: Path, name: str) -> tuple[str, int]:
    """File and line where this name is first written; (source, 0) when it is nowhere plain."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    for path in sorted(_files(source)):
        for number, line in enumerate(_lines(path), 1):
            if word.search(line) and not line.lstrip().startswith("#"):
                return str(path), number
    return str(source), 0


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _state(path: Path) -> tuple[str, int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _names_a_plugin(path: Path) -> bool:
    if path.suffix not in (".yml", ".yaml"):
        return False
    try:
        with path.open("rb") as file:
            return _PLUGIN.search(file.read(_HEAD)) is not None
    except OSError:
        return False


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _BIGGEST:
            return []
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
