"""The kill switch: pauses as files in the state folder, looked at before every start.

They work with the database down. One file per pause under `pauses/`, written whole or not at all;
a file `paused` beside it, whatever is in it, pauses everything (`touch paused` will do).
"""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from autofix.core.inert import inert
from autofix.core.pauses import Pause
from autofix.errors import StoreError

LARGEST = 65_536  # bytes of a pause's file
_TEXTS = ("by", "reason", "runbook", "host")


class KillSwitch:
    """`ports.Switch` on a state folder."""

    def __init__(self, state: Path) -> None:
        self.file = state / "paused"
        self.folder = state / "pauses"

    def pauses(self) -> list[Pause]:
        """What holds now. Not knowing is no leave to act: what can't be read holds everything."""
        found = [each for file in self._files() if (each := _read(file))]
        return sorted(found, key=lambda pause: pause.at)

    def _files(self) -> list[Path]:
        try:
            found = sorted(each for each in self.folder.iterdir() if not each.name.startswith("."))
        except FileNotFoundError:
            found = []
        except OSError:
            found = [self.folder]  # read as a file it says what is wrong
        return [self.file, *found]

    def set(self, pause: Pause) -> Pause:
        """On disk when it returns; older ones of the same scope give way to it."""
        old = [each.id for each in self.pauses() if each.is_for(pause.runbook, pause.host)]
        named = replace(pause, id=f"{int(pause.at * 1000)}-{secrets.token_hex(4)}.json")
        try:
            self._write(named)
        except OSError as error:
            if not named.runbook and not named.host and self._bare():
                return replace(named, id=_id(self.file))
            raise StoreError(
                f"the pause could not be set: {error.filename or self.folder}: {error.strerror}",
                hint=f"to pause everything, as root: touch {self.file}",
            ) from error
        self.lift(old)
        return named

    def _write(self, pause: Pause) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = {key: value for key, value in asdict(pause).items() if key != "id"}
        new = self.folder / f".{pause.id}"
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "w") as out:
                out.write(json.dumps(values))
                out.flush()
                os.fsync(out.fileno())
            new.replace(self.folder / pause.id)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        _sync(self.folder)

    def _bare(self) -> bool:
        """A full disk often still has room for an empty file, and that is enough."""
        try:
            os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            _sync(self.file.parent)
        except OSError:
            return False
        return True

    def lift(self, ids: Iterable[str]) -> None:
        """Remove the files of these pauses; one that was changed since is another pause."""
        wanted = set(ids)
        for file in self._files():
            found = _read(file) if wanted else None
            if found is None or found.id not in wanted:
                continue
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"the pause could not be lifted: {file}: {error.strerror}",
                    hint=f"as root: rm -r {file}",
                ) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _id(file: Path) -> str:
    """A file made by hand may come again under its name: the time of its making tells it apart."""
    try:
        return f"{file.name}@{file.lstat().st_mtime_ns}"
    except OSError:
        return f"{file.name}@"


def _read(file: Path) -> Pause | None:
    """The pause in this file; None when the file went away meanwhile."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1).decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return _broken(file, f"{file} can't be read ({error.strerror})")
    if file.name == "paused":
        return _broken(file, inert(text.strip(), 500) or f"{file} exists")
    try:
        return _parsed(text, file.name)
    except (ValueError, TypeError, RecursionError):
        return _broken(file, f"{file} is damaged")


def _broken(file: Path, why: str) -> Pause:
    try:
        at = file.lstat().st_mtime
    except OSError:
        at = 0.0
    return Pause(at, "a file", why, id=_id(file))


def _parsed(text: str, name: str) -> Pause:
    """ValueError or TypeError for anything but a pause that was written whole."""
    values = json.loads(text) if len(text) <= LARGEST else None
    if not isinstance(values, dict) or not all(isinstance(values.get(k), str) for k in _TEXTS):
        raise ValueError("no pause")
    pause = Pause(**values, id=name)
    if type(pause.at) not in (int, float) or not math.isfinite(pause.at):
        raise ValueError("no time")
    if not isinstance(pause.cancel_running, bool):
        raise ValueError("no wish")
    return pause
