"""Finding and reading the files of a project, and noticing that one of them changed."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from autofix.errors import ConfigError, Problem

SETTINGS = "autofix.yaml"
MAX_BYTES = 1024 * 1024
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def find(start: Path) -> Path:
    """The settings file: `start` itself, or the nearest `autofix.yaml` in or above the folder."""
    if start.is_file():
        return start
    for folder in (start.absolute(), *start.absolute().parents):
        if (folder / SETTINGS).is_file():
            return folder / SETTINGS
    problem = Problem(
        shown_path(start), 0, f"there is no {SETTINGS} here or above", "make one with: autofix init"
    )
    raise ConfigError([problem])


def shown_path(path: Path) -> str:
    """A path as people want to read it: from the working directory where it lies below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def read_text(path: Path) -> tuple[str, Problem | None]:
    """A file's text, or the one thing that is wrong with it."""
    file = shown_path(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no file"
            return "", Problem(file, 0, f"this is {what}", "a YAML file is needed here")
        if found.st_size > MAX_BYTES:
            size = f"{found.st_size / MAX_BYTES:.1f} MiB"
            return "", Problem(file, 0, f"the file is too large: {size}", "at most 1 MiB is read")
        raw = path.read_bytes()
    except OSError as error:
        return "", Problem(file, 0, f"can't be read: {error.strerror or error}", _cure(error))
    return _decoded(raw, file)


def _cure(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "make it, or name another in the settings"
    return "let the user that runs autofix read it" if isinstance(error, PermissionError) else ""


def _decoded(raw: bytes, file: str) -> tuple[str, Problem | None]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return "", Problem(file, line, "the file is not UTF-8 text", "save it as UTF-8")
    found = _UNPRINTABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        said = f"a control character U+{ord(found.group()):04X} stands in the file"
        return "", Problem(file, line, said, "remove it")
    return text, None


def runbook_files(folder: Path) -> list[Path]:
    """Every runbook file of the folder, by name; hidden files are left alone."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [f for f in found if f.suffix in (".yaml", ".yml") and not f.name.startswith(".")]


def stamp(files: Iterable[Path]) -> str:
    """Changes when one of the files changes, comes or goes."""
    digest = hashlib.sha256()
    for file in files:
        try:
            seen = file.stat()
            words = f"{file}\0{seen.st_mtime_ns}\0{seen.st_size}\0{seen.st_ino}\n"
        except OSError:
            words = f"{file}\0absent\n"
        digest.update(words.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
