"""What this site's Ansible is: where things lie and what may enter a run's environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Isolation = Literal["auto", "bwrap", "subreaper"]


@dataclass(frozen=True)
class AnsibleOptions:
    """The settings' `ansible:` block, with the project's folders. Paths are made absolute.

    A path left None lets nothing in: without `config` no ansible.cfg is read at all, neither
    from the working directory nor from the home or /etc.
    """

    inventory: Path
    playbooks: Path
    state: Path  # 0700, of the service's user; runs live in `<state>/runs`
    config: Path | None = None  # an ansible.cfg
    private_key: Path | None = None
    ssh_auth_sock: Path | None = None
    vault_password_file: Path | None = None
    known_hosts: Path | None = None  # instead of the user's ~/.ssh/known_hosts
    collections_path: tuple[Path, ...] = ()
    python: str | None = None  # interpreter on the hosts; None: Ansible looks for one
    isolation: Isolation = "auto"
    forks: int = 5
    output_cap: int = 1024 * 1024  # bytes of event text kept per run

    def __post_init__(self) -> None:
        for name in ("inventory", "playbooks", "state"):
            object.__setattr__(self, name, _absolute(getattr(self, name)))
        for name in (
            "config",
            "private_key",
            "ssh_auth_sock",
            "vault_password_file",
            "known_hosts",
        ):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _absolute(getattr(self, name)))
        paths = tuple(_absolute(path) for path in self.collections_path)
        object.__setattr__(self, "collections_path", paths)

    @property
    def runs(self) -> Path:
        """Where each run has its private folder."""
        return self.state / "runs"


def _absolute(path: Path) -> Path:
    """Absolute, but symbolic links stay: what the user wrote is what they see in messages."""
    return Path(path).expanduser().absolute()
