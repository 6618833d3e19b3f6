"""The kill switch: a file in the state folder, looked at before every start.

It works with the database down; anybody with a shell on the box can set it (`touch paused`).
"""

from __future__ import annotations

from pathlib import Path

from autofix.errors import StoreError


class KillSwitch:
    def __init__(self, state: Path) -> None:
        self.file = state / "paused"

    def reason(self) -> str:
        """Who paused everything and why; empty when it is off."""
        try:
            text = self.file.read_text(errors="replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            # Not knowing is no leave to act.
            return f"{self.file} can't be read ({error.strerror})"
        return text or f"{self.file} exists"

    def set(self, by: str, reason: str) -> None:
        """On, at once and for every process on this state folder."""
        text = f"by {by}" + (f": {reason}" if reason else "")
        new = self.file.with_suffix(".new")
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_text(text + "\n")
            new.replace(self.file)
        except OSError as error:
            raise StoreError(
                f"the kill switch could not be set: {self.file}: {error.strerror}",
                hint=f"as root: touch {self.file}",
            ) from error

    def lift(self) -> bool:
        """Off; False when it was not on."""
        try:
            self.file.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"the kill switch could not be lifted: {error}") from error
        return True
