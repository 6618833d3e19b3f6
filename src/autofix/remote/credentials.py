"""The token that a command shows to a remote server: from the environment or a file, never from
the command line, where everybody on the machine could read it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from autofix.errors import Denied, UsageError

LARGEST = 4096  # bytes
_TOKEN = re.compile(r"[\x21-\x7e]{8,512}")
HINT = "make one on the server: autofix tokens add NAME --owner YOU --lasts 90d"


def token(env: Mapping[str, str], home: Path) -> str:
    """Empty when there is none anywhere: the server says what it thinks of that.

    Looked for in AUTOFIX_TOKEN, the file of AUTOFIX_TOKEN_FILE, and ~/.config/autofix/token.
    UsageError for one that can't be read or is none, Denied for a file that others can read.
    """
    if env.get("AUTOFIX_TOKEN"):
        return _checked(env["AUTOFIX_TOKEN"].strip(), "AUTOFIX_TOKEN")
    named = env.get("AUTOFIX_TOKEN_FILE", "")
    folder = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    file = Path(named) if named else folder / "autofix" / "token"
    if not named and not file.exists():
        return ""
    return _checked(_read(file), str(file))


def _read(file: Path) -> str:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            _private(file, os.fstat(handle))
            return opened.read(LARGEST + 1).decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"the token file {file} can't be read: {error.strerror}") from None


def _private(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"the token file {file} is no file", hint=HINT)
    if found.st_mode & 0o077:
        raise Denied(
            f"the token file {file} can be read by others, so it is not used",
            hint=f"chmod 600 {file}, and revoke the token if others were there",
        )
    if found.st_uid not in (os.getuid(), 0):
        raise Denied(f"the token file {file} belongs to somebody else, so it is not used")


def _checked(text: str, where: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"what stands in {where} is no token", hint=HINT)
    return text
