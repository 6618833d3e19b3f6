"""The certificate: read at the start, and again when its files change."""

from __future__ import annotations

import ssl
from pathlib import Path

from autofix.errors import ConfigError, Problem

HINT = "web.tls names two PEM files that the user who runs autofix can read"


class Certificate:
    """`context` stays the same object: new connections get what was loaded last."""

    def __init__(self, cert: Path, key: Path, *, settings: str = "autofix.yaml") -> None:
        self._cert, self._key, self._settings = cert, key, settings
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seen: tuple[object, ...] = ()

    def load(self) -> None:
        """ConfigError, in one line, for what can't be read or does not fit together."""
        self._seen = self._marks()
        if problems := self.problems():
            raise ConfigError(problems)
        self.context.load_cert_chain(self._cert, self._key, password=lambda: "")

    def reload(self) -> bool:
        """True when changed files were taken. A ConfigError leaves the last good ones in force."""
        if self._marks() == self._seen:
            return False
        self.load()
        return True

    def problems(self) -> list[Problem]:
        why = self.fault()
        return [Problem(self._settings, 0, f"web.tls: {why}", HINT)] if why else []

    def fault(self) -> str:
        """Why these files can't be used; empty when they can."""
        for file in (self._cert, self._key):
            try:
                file.read_bytes()
            except OSError as error:
                return f"{file} can't be read: {error.strerror or error}"
        trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            trial.load_cert_chain(self._cert, self._key, password=lambda: "")
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", "") or str(error)
            if reason == "KEY_VALUES_MISMATCH":
                return f"the key in {self._key} does not belong to the certificate in {self._cert}"
            return f"{self._cert} and {self._key} are no certificate and key ({reason})"
        return ""

    def _marks(self) -> tuple[object, ...]:
        return tuple(_mark(each) for each in (self._cert, self._key))


def _mark(file: Path) -> object:
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_size, found.st_ino
