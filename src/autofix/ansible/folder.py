"""A run's private folder: fresh, mode 0700, gone with everything in it when the run has ended."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autofix.ansible.environment import prepare_folder
from autofix.ansible.options import AnsibleOptions

SOCKET = "events.sock"
_NAME = re.compile(r"(\d+)-")


class RunFolder:
    """`<state>/runs/<run id>-<random>`. A context manager; leaving it removes the folder."""

    def __init__(self, options: AnsibleOptions, run_id: int) -> None:
        options.runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=f"{run_id}-", dir=options.runs))
        try:
            prepare_folder(self.path)
        except OSError:
            self.remove()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def write(self, name: str, value: Any) -> Path:
        """A JSON file of mode 0600."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(value, file)
        return path

    def listen(self) -> socket.socket:
        """A Unix socket in the folder, for one connection."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # By the folder's descriptor: a socket's path may be no longer than 107 bytes.
        descriptor = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        try:
            listener.bind(f"/proc/self/fd/{descriptor}/{SOCKET}")
            listener.listen(1)
        except OSError:
            listener.close()
            raise
        finally:
            os.close(descriptor)
        listener.setblocking(False)
        return listener

    def unlink_socket(self) -> None:
        (self.path / SOCKET).unlink(missing_ok=True)

    def remove(self) -> None:
        # What another user made in here on a local connection stays, and can hurt nobody.
        shutil.rmtree(self.path, ignore_errors=True)


def marker(options: AnsibleOptions, run_id: int) -> str:
    """What every process of this run carries in its environment: which state folder, which run."""
    state = hashlib.sha256(os.fsencode(options.state.resolve())).hexdigest()[:16]
    return f"{state}:{run_id}"


def remove_leftovers(options: AnsibleOptions, run_ids: Iterable[int]) -> set[int]:
    """Remove the folders of these runs; the runs that had one."""
    wanted, found = set(run_ids), set()
    for path in options.runs.iterdir() if options.runs.is_dir() else ():
        match = _NAME.match(path.name)
        if match and int(match.group(1)) in wanted:
            shutil.rmtree(path, ignore_errors=True)
            found.add(int(match.group(1)))
    return found
