"""Witnesses on this machine or beside it: a file on another mount, and the system's log."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import socket
from pathlib import Path
from typing import Any

from autofix.core.checkpoints import Checkpoint, line
from autofix.errors import AuditError
from autofix.options import Field, Options, field_validator

_ADDRESS = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})")


class FileWitnessOptions(Options):
    path: str = Field(
        min_length=1, max_length=1000, description="a file on another mount; lines are appended"
    )


class SyslogWitnessOptions(Options):
    address: str = Field(
        "/dev/log", description="the local socket, or host:port of a syslog server (UDP)"
    )
    facility: str = Field("auth", description="the syslog facility")

    @field_validator("address")
    @classmethod
    def _address_is_fit(cls, value: str) -> str:
        if not value.startswith("/") and not _ADDRESS.fullmatch(value):
            raise ValueError(f"{value!r} is neither a path such as /dev/log nor host:port")
        return value

    @field_validator("facility")
    @classmethod
    def _facility_is_known(cls, value: str) -> str:
        known = logging.handlers.SysLogHandler.facility_names
        if value not in known:
            raise ValueError(f"there is no facility {value!r}: one of {', '.join(sorted(known))}")
        return value


class FileWitness:
    """One line a checkpoint, appended and synced. A file that is cut or missing is begun anew:
    that it grows only is for its mount to see to."""

    every = 0.0

    def __init__(self, path: Path) -> None:
        self.name = f"file {path}"
        self._path = path

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:  # noqa: ARG002 - a disk's
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            handle = os.open(self._path, flags, 0o640)
            try:
                written = f"{line(checkpoint)}\n".encode()
                if os.write(handle, written) != len(written):
                    raise AuditError(f"{self._path} took only a part of the line")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise AuditError(f"{self._path} can't be written: {error.strerror}") from None


class SyslogWitness:
    every = 0.0

    def __init__(self, options: SyslogWitnessOptions) -> None:
        self.name = f"syslog {options.address}"
        self._options = options

    def tell(self, checkpoint: Checkpoint, *, timeout: float) -> None:
        record = logging.LogRecord("audit", logging.WARNING, "", 0, line(checkpoint), None, None)
        try:
            handler = _Handler(self._options, timeout)
            try:
                handler.emit(record)
            finally:
                handler.close()
        except OSError as error:
            why = error.strerror or str(error)
            raise AuditError(f"{self._options.address} can't be reached: {why}") from None


class _Handler(logging.handlers.SysLogHandler):
    """Python's, but what fails is raised."""

    def __init__(self, options: SyslogWitnessOptions, timeout: float) -> None:
        facility = self.facility_names[options.facility]
        self.ident = "autofix-audit: "
        super().__init__(_address(options.address), facility)
        wire = getattr(self, "socket", None)
        if isinstance(wire, socket.socket):
            wire.settimeout(timeout)

    def handleError(self, _record: Any) -> None:
        raise


def _address(text: str) -> str | tuple[str, int]:
    found = _ADDRESS.fullmatch(text)
    return (found.group(1).strip("[]"), int(found.group(2))) if found else text
