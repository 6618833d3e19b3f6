"""The files that hold what aged out of the record: are they there, and as they were written?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from autofix.core.audit import Break
from autofix.core.checkpoints import Archive


def files_judged(folder: Path, archives: Sequence[Archive]) -> tuple[list[Break], list[str]]:
    """Breaks for files that were changed, notes for files that are missing."""
    breaks: list[Break] = []
    notes: list[str] = []
    for each in archives:
        path, what = folder / Path(each.file).name, f"entries {each.first} to {each.last}"
        try:
            found = sha256(path)
        except OSError as error:
            why = "is missing" if isinstance(error, FileNotFoundError) else error.strerror
            notes.append(f"archive {path} with {what} {why}: what it says can't be shown here")
            continue
        if found != each.sha256:
            breaks.append(Break(each.first, f"archive {path} with {what} is not as it was written"))
    return breaks, notes


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
