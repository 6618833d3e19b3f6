"""The state folder: for its user alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from autofix.errors import StoreError


def state_folder(state: Path) -> None:
    """Make it (0700) if it is missing; StoreError in one line for what is in the way."""
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        only_ours(state, 0o700)
    except FileNotFoundError as error:
        raise StoreError(
            f"the state folder {state} can't be made: {Path(error.filename).parent} is missing",
            hint="make the folder, or change `state` in autofix.yaml",
        ) from None
    except OSError as error:
        raise StoreError(
            f"the state folder {state} can't be used: {error.strerror} ({error.filename})",
            hint="check that it belongs to the user who runs autofix",
        ) from None


def only_ours(path: Path, mode: int) -> None:
    """Take the rights of others away; a file of another user is left to its owner."""
    found = path.stat()
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(mode)
